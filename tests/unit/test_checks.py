from __future__ import annotations

import numpy as np
import pytest
from rivals import BRIER, MACRO_F1, case, check, contestant, exactly, policy

from pipelines.contract import Guardrail
from pipelines.gate.leakage import Leakage
from pipelines.gate.promotion import decide
from pipelines.gate.verdict import Blessing


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
    slow = contestant("2", params={}, blessing=Blessing(True, latency_ms=45.0, size_bytes=1_000))
    fast = contestant("1", blessing=Blessing(True, latency_ms=28.0, size_bytes=1_000))
    ruling = decide(case(*exactly(800, 20, 80, 100), challenger=slow, champion=fast))
    assert ruling.verdict == "rejected"
    assert "45 ms against the champion's 28 ms" in ruling.reasons[0]


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


def test_a_large_linear_model_may_follow_a_small_champion():
    large = Blessing(True, latency_ms=1.0, size_bytes=125_000_000)
    ruling = decide(
        case(*exactly(800, 20, 80, 100), challenger=contestant("2", params={}, blessing=large))
    )
    assert ruling.verdict == "promoted"
    assert check(ruling, "size").passed is True


def test_classes_that_the_champion_does_not_know_count_as_its_errors_and_are_shown():
    champion, challenger = exactly(800, 0, 100, 100)
    for rows in (champion, challenger):
        rows.loc[800:899, ["actual", "stratum"]] = "brand new"
    challenger.loc[800:899, "predicted"] = "brand new"
    ruling = decide(case(champion, challenger))
    assert ruling.verdict == "promoted"
    assert check(ruling, "classes_new_to_champion").value == 1.0
    assert any("100 rows of classes that the champion never" in line for line in ruling.reasons)


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


def test_a_version_that_states_no_confidence_cannot_fail_a_guardrail_on_it():
    champion, challenger = exactly(800, 20, 80, 100)
    silent = challenger.assign(confidence=float("nan"), brier=float("nan"))
    railed = policy(guardrails=(Guardrail(BRIER, margin=0.02, limit=0.3),))
    ruling = decide(case(champion, silent, policy=railed))
    assert ruling.verdict == "promoted"
    assert check(ruling, "guardrail:brier").passed is None
    assert check(ruling, "limit:brier").passed is None
