from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rivals import BRIER, MACRO_F1, MANUAL, contestant, exactly, policy, rivals

from pipelines.contract import Guardrail
from pipelines.leakage import Leakage
from pipelines.promotion import Case, Obstacle, decide, spent
from pipelines.verdict import Blessing, Trigger

CLEAN = Leakage("clean", 0, 1_000)
WORTHLESS = exactly(0, 0, 0, 1_000)[0]


def case(champion, challenger, /, **changes):
    known = {
        "policy": policy(),
        "trigger": MANUAL,
        "look": 1,
        "champion": contestant("1"),
        "challenger": contestant("2", params={"trees": 300}),
        "champion_rows": champion,
        "challenger_rows": challenger,
        "leakage": CLEAN,
    }
    return Case(**(known | changes))


def retrained(champion, challenger, /, **changes):
    """The same parameters on newer data, by schedule."""
    newer = contestant("2", fingerprints={"source": "data-2"})
    known = {"challenger": newer, "trigger": Trigger("scheduled", "schedule")}
    return case(champion, challenger, **(known | changes))


def check(ruling, name):
    return next(line for line in ruling.checks if line.name == name)


def test_a_clearly_better_challenger_is_promoted():
    ruling = decide(case(*exactly(800, 20, 80, 100)))
    assert ruling.verdict == "promoted"
    assert ruling.rule == "superiority"
    assert ruling.look == 1
    assert ruling.p is not None
    assert ruling.alpha is not None
    assert ruling.p <= ruling.alpha


def test_a_clearly_worse_challenger_is_rejected():
    ruling = decide(case(*exactly(800, 80, 20, 100)))
    assert ruling.verdict == "rejected"
    assert ruling.shortfall is None


def test_a_challenger_that_can_at_best_be_hardly_better_is_rejected():
    ruling = decide(case(*exactly(9_000, 20, 22, 958)))
    assert ruling.verdict == "rejected"
    assert any("not worth a promotion" in reason for reason in ruling.reasons)


def test_a_gain_that_chance_could_make_is_undecided_and_says_what_it_lacks():
    ruling = decide(case(*exactly(800, 45, 55, 100)))
    assert ruling.verdict == "undecided"
    assert ruling.shortfall is not None
    assert ruling.shortfall.requests > 1_000
    assert ruling.shortfall.labels < ruling.shortfall.requests - 1_000
    assert len(ruling.shortfall.disagreeing) == 100
    assert any("need a label" in reason for reason in ruling.reasons)


def test_an_identical_challenger_is_refused_and_costs_no_look():
    rows, _ = exactly(80, 10, 10)
    ruling = decide(case(rows, rows.copy()))
    assert ruling.verdict == "rejected"
    assert ruling.look is None
    assert "nothing to promote" in ruling.reasons[0]


@pytest.mark.parametrize(("look", "verdict"), [(1, "promoted"), (4, "undecided")])
def test_the_same_gain_needs_more_evidence_at_a_later_look(look, verdict):
    assert decide(case(*exactly(800, 40, 62, 98), look=look)).verdict == verdict


def test_reasons_tell_the_look_and_what_is_left_of_alpha():
    reasons = decide(case(*exactly(800, 20, 80, 100), look=5)).reasons
    assert any("look 5 at this test set, alpha left 0.005" in reason for reason in reasons)


def test_a_spent_test_set_decides_nothing_more():
    ruling = decide(case(*exactly(800, 20, 80, 100), look=6))
    assert spent(policy(), 6)
    assert not spent(policy(), 5)
    assert ruling.verdict == "undecided"
    assert ruling.look is None
    assert "spent" in ruling.reasons[0]


def test_a_scheduled_retraining_on_newer_data_need_only_not_be_worse():
    ruling = decide(retrained(*exactly(8_500, 60, 60, 1_380)))
    assert ruling.verdict == "promoted"
    assert ruling.rule == "non_inferiority"
    assert any("scheduled retraining" in reason for reason in ruling.reasons)


@pytest.mark.parametrize(
    "changes",
    [
        {"challenger": contestant("2", params={"trees": 5}, fingerprints={"source": "data-2"})},
        {"challenger": contestant("2")},
        {"challenger": contestant("2", params=None, fingerprints={"source": "data-2"})},
        {"challenger": contestant("2", origin="foreign", fingerprints={"source": "data-2"})},
        {"challenger": contestant("2", fingerprints={})},
        {"trigger": Trigger("foreign", "registry")},
    ],
    ids=["other params", "same data", "unknown params", "foreign", "unknown data", "not asked"],
)
def test_everything_else_has_to_be_better(changes):
    ruling = decide(retrained(*exactly(8_500, 60, 60, 1_380), **changes))
    assert ruling.rule == "superiority"
    assert ruling.verdict != "promoted"


def test_a_retraining_that_is_credibly_worse_is_rejected():
    assert decide(retrained(*exactly(8_500, 150, 60, 1_290))).verdict == "rejected"


def test_a_retraining_on_too_few_rows_to_tell_is_undecided():
    ruling = decide(retrained(*exactly(250, 12, 12, 26)))
    assert ruling.verdict == "undecided"
    assert ruling.shortfall is not None


def test_a_chain_of_small_losses_is_stopped_by_the_anchor():
    champion, challenger = exactly(8_500, 60, 40, 1_400)
    anchor, _ = exactly(8_700, 0, 0, 1_300)
    assert decide(retrained(champion, challenger)).verdict == "promoted"
    ruling = decide(retrained(champion, challenger, anchor_rows=anchor))
    assert ruling.verdict == "rejected"
    assert check(ruling, "anchor").passed is False


def test_the_better_figure_rule_promotes_noise_and_says_so():
    ruling = decide(case(*exactly(800, 49, 51, 100), policy=policy(rule="better_figure"), look=50))
    assert ruling.verdict == "promoted"
    assert any("promotes noise" in reason for reason in ruling.reasons)
    worse = decide(case(*exactly(800, 51, 49, 100), policy=policy(rule="better_figure")))
    assert worse.verdict == "rejected"


def test_a_minimum_effect_must_be_exceeded():
    tables = exactly(800, 20, 80, 100)
    assert decide(case(*tables, policy=policy(minimum_effect=0.03))).verdict == "promoted"
    assert decide(case(*tables, policy=policy(minimum_effect=0.05))).verdict == "undecided"
    assert decide(case(*tables, policy=policy(minimum_effect=0.12))).verdict == "rejected"


def test_the_first_champion_has_to_beat_the_trivial_baseline():
    _, challenger = exactly(800, 20, 80, 100)
    first = {"champion": None, "champion_rows": None}
    ruling = decide(case(None, challenger, **first, floor_rows=WORTHLESS))
    assert ruling.verdict == "first_champion"
    assert ruling.look is None
    refused = decide(case(None, WORTHLESS, **first, floor_rows=challenger))
    assert refused.verdict == "rejected"
    assert "baseline" in refused.reasons[0]


def test_a_champion_below_the_floor_is_no_excuse():
    champion, challenger = exactly(800, 20, 80, 100)
    better, _ = exactly(950, 0, 0, 50)
    ruling = decide(case(champion, challenger, floor_rows=better))
    assert ruling.verdict == "rejected"
    assert check(ruling, "floor").passed is False


def test_a_leaky_challenger_is_refused_with_the_reason():
    ruling = decide(case(*exactly(800, 20, 80, 100), leakage=Leakage("leaked", 17, 1_000)))
    assert ruling.verdict == "rejected"
    assert "17 of the test set's 1000 keys" in ruling.reasons[0]


def test_a_version_from_elsewhere_says_that_leakage_could_not_be_checked():
    ruling = decide(case(*exactly(800, 20, 80, 100), leakage=Leakage("not possible")))
    assert ruling.verdict == "promoted"
    assert any("not possible" in reason for reason in ruling.reasons)


def test_a_score_too_good_to_be_true_is_pointed_out():
    ruling = decide(case(*exactly(800, 0, 200, 0), leakage=Leakage("not possible")))
    assert check(ruling, "suspicious_score").passed is None
    assert any("suspicious" in reason for reason in ruling.reasons)


def test_a_slower_challenger_is_refused_with_the_reason():
    slow = contestant("2", params={}, blessing=Blessing(True, latency_ms=4.0, size_bytes=1_000))
    fast = contestant("1", blessing=Blessing(True, latency_ms=2.0, size_bytes=1_000))
    ruling = decide(case(*exactly(800, 20, 80, 100), challenger=slow, champion=fast))
    assert ruling.verdict == "rejected"
    assert "4 ms against the champion's 2 ms" in ruling.reasons[0]


@pytest.mark.parametrize(
    ("blessing", "name"),
    [
        (Blessing(True, latency_ms=80.0, size_bytes=1_000), "latency_budget"),
        (Blessing(True, latency_ms=1.0, size_bytes=900_000_000), "size"),
    ],
)
def test_budget_and_size_are_limits(blessing, name):
    heavy = contestant("2", params={}, blessing=blessing)
    ruling = decide(case(*exactly(800, 20, 80, 100), challenger=heavy))
    assert ruling.verdict == "rejected"
    assert check(ruling, name).passed is False


def test_a_version_the_server_cannot_load_is_rejected_without_a_comparison():
    broken = contestant("2", blessing=Blessing(False, "no module named 'lightfm'"))
    ruling = decide(case(*exactly(8, 2, 8, 1), challenger=broken, challenger_rows=None))
    assert ruling.verdict == "rejected"
    assert ruling.look is None
    assert "lightfm" in ruling.reasons[0]


@pytest.mark.parametrize("verdict", ["incomparable", "champion_unloadable"])
def test_what_no_figure_can_settle_is_named(verdict):
    ruling = decide(case(None, None, obstacle=Obstacle(verdict, "the column is gone")))
    assert ruling.verdict == verdict
    assert ruling.reasons == ("the column is gone",)
    assert ruling.look is None


def test_a_champion_without_answers_is_unloadable():
    _, challenger = exactly(8, 2, 8, 1)
    assert decide(case(None, challenger)).verdict == "champion_unloadable"


def test_a_slice_that_gets_credibly_worse_refuses_an_overall_gain():
    champion, challenger = exactly(800, 20, 80, 100)
    inside = np.isin(np.arange(1_000), np.arange(720, 820))
    tables = [frame.assign(**{"slice:short": inside}) for frame in (champion, challenger)]
    ruling = decide(case(*tables, policy=policy(slices=("short",))))
    assert ruling.verdict == "rejected"
    assert "on 100 rows" in ruling.reasons[0]


def test_a_slice_of_too_few_rows_is_shown_and_decides_nothing():
    champion, challenger = exactly(800, 20, 80, 100)
    inside = np.isin(np.arange(1_000), np.arange(800, 830))
    tables = [frame.assign(**{"slice:short": inside}) for frame in (champion, challenger)]
    ruling = decide(case(*tables, policy=policy(slices=("short",))))
    assert ruling.verdict == "promoted"
    assert check(ruling, "slice:short").passed is None


def test_a_worse_calibration_is_a_guardrail():
    champion, challenger = exactly(800, 20, 80, 100)
    overconfident = challenger.assign(brier=challenger["brier"] + 0.1)
    railed = policy(guardrails=(Guardrail(BRIER, margin=0.02),))
    assert decide(case(champion, challenger, policy=railed)).verdict == "promoted"
    ruling = decide(case(champion, overconfident, policy=railed))
    assert ruling.verdict == "rejected"
    assert check(ruling, "guardrail:brier").passed is False


def test_a_limit_holds_for_the_first_champion_too():
    _, challenger = exactly(800, 20, 80, 100)
    limited = policy(guardrails=(Guardrail(BRIER, margin=0.02, limit=0.01),))
    first = {"champion": None, "champion_rows": None}
    ruling = decide(case(None, challenger, **first, policy=limited))
    assert ruling.verdict == "rejected"
    assert check(ruling, "limit:brier").passed is False


def test_witnesses_that_contradict_each_other_are_both_heard():
    # Ten rare classes are won, forty requests of the one common class are lost.
    champion, challenger = exactly(900, 40, 10, 0, classes=2)
    rare = [*range(940, 950)]
    for rows in (champion, challenger):
        rows["actual"] = "common"
        rows.loc[rare, "actual"] = [f"rare {number % 2}" for number in rare]
        rows["stratum"] = rows["actual"]
        right = rows["correct"] == 1
        rows["predicted"] = np.where(right, rows["actual"], "rare 0")
        rows.loc[rare, "predicted"] = np.where(right[rare], rows["actual"][rare], "common")
    ruling = decide(case(champion, challenger, policy=policy(primary=MACRO_F1)))
    assert any("contradiction" in reason for reason in ruling.reasons)


def test_a_decision_depends_on_nothing_but_its_case(rng):
    facts = case(*rivals(rng, 0.85, 0.87), policy=policy(primary=MACRO_F1))
    assert decide(facts).as_json() == decide(replace(facts)).as_json()
