from __future__ import annotations

from dataclasses import replace

import pytest
from rivals import MACRO_F1, case, check, contestant, exactly, policy, rivals

from pipelines.gate.case import Obstacle
from pipelines.gate.leakage import Leakage
from pipelines.gate.promotion import decide, spent
from pipelines.gate.verdict import Blessing, Trigger
from pipelines.monitoring.signals import KINDS

WORTHLESS = exactly(0, 0, 0, 1_000)[0]


def retrained(champion, challenger, /, **changes):
    """The same parameters on newer data, by schedule."""
    newer = contestant("2", fingerprints={"source": "data-2"})
    known = {"challenger": newer, "trigger": Trigger("scheduled", "schedule")}
    return case(champion, challenger, **(known | changes))


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
    # (1.875 + 0.842)² x 0.10 / 0.01², and a tenth of what is missing
    assert ruling.shortfall.requests == pytest.approx(7_380, rel=0.01)
    assert ruling.shortfall.labels == pytest.approx(638, rel=0.01)
    assert len(ruling.shortfall.disagreeing) == 100
    assert any("need a label" in reason for reason in ruling.reasons)


def test_an_identical_challenger_is_refused_and_costs_no_look():
    rows, _ = exactly(80, 10, 10)
    ruling = decide(case(rows, rows.copy()))
    assert ruling.verdict == "rejected"
    assert ruling.look is None
    assert "nothing to promote" in ruling.reasons[0]


@pytest.mark.parametrize("kind", ["manual", "scheduled", *KINDS])
def test_whatever_asked_for_it_the_same_parameters_on_newer_data_may_be_as_good(kind):
    champion, challenger = exactly(8_000, 20, 22, 100)
    ruling = decide(retrained(champion, challenger, trigger=Trigger(kind, "whoever")))
    assert ruling.rule == "non_inferiority"


@pytest.mark.parametrize(("look", "verdict"), [(1, "promoted"), (4, "undecided")])
def test_the_same_gain_needs_more_evidence_at_a_later_look(look, verdict):
    assert decide(case(*exactly(800, 40, 62, 98), look=look)).verdict == verdict


def test_reasons_tell_the_look_and_what_is_left_of_alpha():
    reasons = decide(case(*exactly(800, 20, 80, 100), look=5)).reasons
    assert any("look 5 at this test set, alpha left 0.005" in reason for reason in reasons)


def test_the_best_of_many_versions_needs_as_much_evidence_as_the_last_of_as_many_looks():
    rows = exactly(800, 40, 62, 98)
    ruling = decide(case(*rows, look=1, unjudged=3))

    assert ruling.alpha == decide(case(*rows, look=4)).alpha
    assert ruling.verdict == "undecided"
    assert ruling.look == 1
    assert any("3 more versions were measured, not judged" in reason for reason in ruling.reasons)


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


def test_a_version_the_server_cannot_load_is_rejected_without_a_comparison():
    broken = contestant("2", blessing=Blessing(False, "no module named 'lightfm'"))
    ruling = decide(case(*exactly(8, 2, 8, 1), challenger=broken, challenger_rows=None))
    assert ruling.verdict == "rejected"
    assert ruling.look is None
    assert "lightfm" in ruling.reasons[0]


def test_versions_that_do_not_fit_each_other_are_incomparable():
    obstacle = Obstacle("incomparable", "the column is gone")
    ruling = decide(case(None, None, obstacle=obstacle))
    assert ruling.verdict == "incomparable"
    assert ruling.reasons == ("the column is gone",)
    assert ruling.look is None


def test_a_champion_without_answers_is_unloadable_and_the_challenger_is_checked_all_the_same():
    _, challenger = exactly(800, 20, 80, 100)
    ruling = decide(case(None, challenger, floor_rows=WORTHLESS))
    assert ruling.verdict == "champion_unloadable"
    assert check(ruling, "floor").passed
    leaky = case(None, challenger, leakage=Leakage("leaked", 1, 9))
    assert decide(leaky).verdict == "rejected"


def test_a_broken_challenger_is_rejected_also_when_the_champion_is_broken():
    broken = contestant("2", blessing=Blessing(False, "no module named 'lightfm'"))
    obstacle = Obstacle("champion_unloadable", "its file is gone")
    ruling = decide(case(None, None, challenger=broken, obstacle=obstacle))
    assert ruling.verdict == "rejected"


def test_a_challenger_without_answers_is_rejected():
    champion, _ = exactly(8, 2, 8, 1)
    ruling = decide(case(champion, None))
    assert ruling.verdict == "rejected"
    assert "gave no predictions" in ruling.reasons[0]


def test_a_decision_depends_on_nothing_but_its_case(rng):
    facts = case(*rivals(rng, 0.85, 0.87), policy=policy(primary=MACRO_F1))
    assert decide(facts).as_json() == decide(replace(facts)).as_json()
