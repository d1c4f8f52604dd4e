"""What labels on request decide: by hand, at the edges, and the same whoever labels what first."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from rivals import ACCURACY, MACRO_F1, MANUAL, case, check, contestant, exactly, policy

from features.betting import log_mean_exp
from pipelines.gate.labelled import STAKES, Labelled, with_labels
from pipelines.gate.leakage import Leakage
from pipelines.gate.promotion import decide
from pipelines.gate.verdict import Trigger

UNDECIDED = exactly(800, 45, 55, 100)
"""Two models' answers on a test set that cannot tell them apart."""


def pool(outcomes: str, *, agreeing: int = 9, labelled_agreeing: int = 1) -> pd.DataFrame:
    """A pool in its order: `+` challenger right, `-` champion right, `0` neither, `?` no label yet,
    `.` not asked; after each come `agreeing` questions on which both say the same."""
    rows = []
    for place, outcome in enumerate(outcomes):
        told = {"+": "class 1", "-": "class 0", "0": "class 2"}.get(outcome)
        rows.append(("class 0", "class 1", outcome != ".", told))
        known = place % 5 == 0 and labelled_agreeing
        rows += [
            ("class 3", "class 3", bool(known and n == 0), "class 3" if known and n == 0 else None)
            for n in range(agreeing)
        ]
    frame = pd.DataFrame(rows, columns=["champion", "challenger", "asked", "actual"])
    return frame.astype({"actual": object})


def ruling(outcomes: str, *, final: bool = False, rows: pd.DataFrame | None = None, **changes):
    labels = Labelled("d1", pool(outcomes) if rows is None else rows, final)
    return decide(case(*UNDECIDED, **({"look": 2, "labels": labels} | changes)))


def test_without_labels_the_verdict_stays_undecided():
    assert decide(case(*UNDECIDED)).verdict == "undecided"
    asked = ruling("?" * 40)
    assert asked.verdict == "undecided"
    assert asked.labels is not None
    assert asked.labels.log_e <= 0
    assert (asked.labels.questions, asked.labels.disagree, asked.labels.labelled) == (400, 40, 8)


def test_enough_labels_for_the_challenger_promote_it():
    found = ruling("+" * 30 + "?" * 30)
    assert found.verdict == "promoted"
    assert found.p is not None
    assert found.alpha is not None
    assert found.p <= found.alpha
    assert found.look == 2
    assert any("credible at any time" in reason for reason in found.reasons)


def test_the_evidence_is_the_mean_wealth_of_the_bettors():
    found = ruling("+" * 12 + "-" * 2 + "?" * 20)
    by_hand = max(
        log_mean_exp([n * math.log1p(f) + m * math.log1p(-f) for f in STAKES])
        for n, m in [*((n, 0) for n in range(13)), (12, 1), (12, 2)]
    )
    assert found.labels is not None
    assert found.labels.log_e == pytest.approx(by_hand)


def test_labels_may_come_in_any_order_and_gaps_never_help():
    rng = np.random.default_rng(3)
    full = "".join(rng.choice(list("++-0"), size=60))
    whole = ruling(full).labels
    assert whole is not None
    for _ in range(20):
        hidden = rng.random(60) < 0.3
        some = "".join("?" if hide else outcome for hide, outcome in zip(hidden, full, strict=True))
        part = ruling(some).labels
        assert part is not None
        assert part.log_e <= whole.log_e + 1e-12
        assert part.log_e_against <= whole.log_e_against + 1e-12


def test_what_was_not_asked_for_ends_the_test():
    told, waiting = (ruling("+" * 9 + "." + rest).labels for rest in ("+" * 30, "?" * 30))
    assert told is not None
    assert waiting is not None
    assert told.log_e == waiting.log_e


def test_labels_against_the_challenger_refuse_it_and_end_the_asking():
    found = ruling("-" * 30 + "?" * 30)
    assert found.verdict == "rejected"
    assert any("credibly not there" in reason for reason in found.reasons)


def test_a_guardrail_that_fails_refuses_whatever_the_labels_say():
    unfit = contestant("2", params={"trees": 300})
    found = ruling("+" * 40, challenger=unfit, leakage=Leakage("leaked", 3, 1_000))
    assert found.verdict == "rejected"


def test_a_macro_average_that_is_worse_holds_a_better_share_of_right_answers_up():
    champion, challenger = exactly(700, 40, 45, 215)
    rare = challenger.index[challenger["actual"] == "class 4"][:40]
    worse = challenger.copy()
    worse.loc[rare, "predicted"] = "class 0"
    worse["correct"] = (worse["actual"] == worse["predicted"]).astype(float)
    labels = Labelled("d1", pool("+" * 40), False)
    strict = policy(primary=MACRO_F1, rule="superiority")
    found = decide(case(champion, worse, look=2, labels=labels, policy=strict))
    line = check(found, "with_labels:macro_f1")
    assert line.passed is False
    assert found.verdict == "undecided"
    assert any("another figure is worse" in reason for reason in found.reasons)


def test_labels_of_both_strata_stand_for_all_live_questions():
    rows = pool("++--", agreeing=9)  # 40 questions: 4 differ, and 1 of the 36 others is labelled
    before, after = with_labels(ACCURACY, UNDECIDED, rows)
    # 5 labels count as 5 rows: the one of the 36 as 4.5 of them, each of the 4 as an eighth
    assert before == pytest.approx((845 + 4.5 + 2 * 0.125) / 1005)
    assert after == pytest.approx((855 + 4.5 + 2 * 0.125) / 1005)


def test_without_labels_of_one_stratum_the_test_set_alone_speaks():
    rows = pool("++--", labelled_agreeing=0)
    assert with_labels(ACCURACY, UNDECIDED, rows) == pytest.approx((0.845, 0.855))


def retrained(outcomes: str, **changes):
    newer = contestant("2", fingerprints={"source": "data-2"})
    known = {"challenger": newer, "trigger": Trigger("scheduled", "schedule")}
    return ruling(outcomes, **(known | changes))


def test_a_retraining_needs_labels_that_show_it_is_not_worse():
    assert retrained("?" * 100).verdict == "undecided"
    even = retrained("+-" * 120, rows=pool("+-" * 120, agreeing=40))
    assert even.rule == "non_inferiority"
    assert even.verdict == "promoted"


def test_a_retraining_is_held_against_the_anchor_on_live_questions_too():
    rows = pool("+-" * 120, agreeing=40)
    rows["anchor"] = rows["champion"]
    assert retrained("", rows=rows).verdict == "promoted"
    differ = rows["champion"] != rows["challenger"]
    rows.loc[differ, "anchor"] = "class 0"
    rows.loc[differ, "actual"] = "class 0"
    rows.loc[differ, "champion"] = "class 2"
    found = retrained("", rows=rows)
    assert found.labels is not None
    assert found.labels.log_e < found.labels.needed


def test_a_retraining_that_is_worse_than_the_anchor_on_the_test_set_is_held_up():
    rows = pool("+-" * 120, agreeing=40)
    rows["anchor"] = rows["champion"]
    _, anchor = exactly(800, 45, 85, 70)  # right in 885 rows; the challenger is in 855
    found = retrained("", rows=rows, anchor_rows=anchor)
    assert found.labels is not None
    assert found.labels.log_e >= found.labels.needed
    assert found.verdict == "undecided"
    assert not check(found, "anchor:accuracy").passed
    assert "last champion that won" in check(found, "anchor:accuracy").note
    as_good = retrained("", rows=rows, anchor_rows=UNDECIDED[1])
    assert check(as_good, "anchor:accuracy").passed
    assert as_good.verdict == "promoted"


def test_final_says_that_nothing_more_will_come():
    found = ruling("+-" * 10, final=True)
    assert found.verdict == "undecided"
    assert any("no further label will come" in reason for reason in found.reasons)


def test_the_trigger_of_the_first_verdict_chooses_the_rule():
    assert ruling("?" * 20, trigger=MANUAL).rule == "superiority"
