"""A plan that makes sense, and who takes part by it."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.rollouts.plan import (
    Guardrails,
    Plan,
    PlanRefused,
    Rollout,
    Step,
    unit_of,
)

UNITS = [f"customer-{number}" for number in range(4_000)]


def plan(**changes):
    usual = {
        "model": "codes",
        "challenger": "2",
        "mode": "canary",
        "seconds": 3600.0,
        "actor": "ana",
        "reason": "try it",
    }
    return Plan(**(usual | changes))


def rollout(asked, salt="salt"):
    return Rollout("d1", asked, "1", "a1", 1, "a2", salt, 1_000.0, 1_000.0 + asked.seconds)


def test_a_plan_survives_its_record():
    asked = plan(
        ramp=(Step(0.01, 60), Step(0.05, 600)), guardrails=Guardrails(latency=False), share=0.5
    )
    assert Plan.from_json(orjson.loads(orjson.dumps(asked.as_json()))) == asked


def test_a_request_names_only_what_differs():
    asked = {"model": "codes", "challenger": "2", "mode": "shadow", "seconds": 60}
    found = Plan.from_json(asked | {"actor": "ana", "reason": "look"})
    assert (found.share, found.alpha, found.guardrails) == (0.1, 0.05, Guardrails())


@pytest.mark.parametrize(
    "changes",
    [
        {"mode": "yolo"},
        {"mode": "ab"},
        {"mode": "ab", "metric": "choices"},
        {"mode": "interleaving", "metric": "zero_one"},
        {"metric": "accuracy"},
        {"metric": "zero_one"},
        {"on_success": "promote"},
        {"on_success": "maybe"},
        {"actor": " "},
        {"reason": ""},
        {"reason": "x" * 501},
        {"seconds": 0},
        {"seconds": float("nan")},
        {"seconds": 1e9},
        {"share": 0},
        {"share": 1},
        {"share": 1.5},
        {"share": float("nan")},
        {"ramp": (Step(0.5, 60),)},
        {"ramp": (Step(0.05, 60), Step(0.01, 60))},
        {"ramp": (Step(0.05, 3600),)},
        {"ramp": (Step(0.05, -1),)},
        {"alpha": 0},
        {"entity": ["customer"]},
        {"target": None},
        {"alpha": 0.5},
        {"guardrails": Guardrails(alpha=0)},
        {"guardrails": Guardrails(error_share=1.0)},
        {"guardrails": Guardrails(latency_share=0.0)},
        {"guardrails": Guardrails(latency_ratio=0)},
        {"guardrails": Guardrails(latency_grace_ms=-1)},
        {"guardrails": Guardrails(metric_margin=-0.1)},
        {"guardrails": Guardrails(agreement_floor=1.0)},
        {"guardrails": Guardrails(agreement_floor=0.0)},
        {"guardrails": Guardrails(errors="no")},
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(changes):
    with pytest.raises(PlanRefused):
        plan(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"speed": 3},
        {"ramp": [{"share": 0.1}]},
        {"ramp": "fast"},
        {"guardrails": {"mercy": 1}},
        {"guardrails": 5},
        {"seconds": "long"},
        {"share": None},
        {"challenger": None},
        {"challenger": 2},
    ],
)
def test_a_request_that_is_no_plan_is_refused_whatever_it_holds(changes):
    with pytest.raises(PlanRefused):
        Plan.from_json(plan().as_json() | changes)


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.floats(), max_size=2),
    st.dictionaries(st.sampled_from(["share", "seconds", "alpha", "errors"]), st.floats()),
)


@given(st.dictionaries(st.sampled_from(sorted(plan().as_json())), ODD, max_size=3))
def test_whatever_somebody_sends_is_a_plan_that_can_be_kept_or_is_refused(changes):
    try:
        asked = Plan.from_json(plan().as_json() | changes)
    except PlanRefused:
        return
    assert Plan.from_json(orjson.loads(orjson.dumps(asked.as_json()))) == asked
    assert isinstance(rollout(asked).takes("ana", 0), bool)


def test_everybody_may_be_mirrored_but_not_everybody_answered_by_the_challenger():
    assert plan(mode="shadow", share=1.0).share == 1.0
    with pytest.raises(PlanRefused, match="share"):
        plan(mode="canary", share=1.0)


def test_the_share_of_the_units_is_taken_and_each_unit_for_good():
    found = rollout(plan(share=0.3))
    taken = {unit for unit in UNITS if found.takes(unit, 0)}
    assert 0.27 < len(taken) / len(UNITS) < 0.33
    assert taken == {unit for unit in reversed(UNITS) if found.takes(unit, 0)}


def test_a_ramp_keeps_whoever_was_in_and_lets_more_in():
    found = rollout(plan(share=0.5, ramp=(Step(0.05, 60), Step(0.2, 60))))
    taken = [{unit for unit in UNITS if found.takes(unit, stage)} for stage in range(3)]
    assert taken[0] < taken[1] < taken[2]
    assert found.shares == (0.05, 0.2, 0.5)


def test_the_clock_says_the_stage_and_the_end():
    found = rollout(plan(share=0.5, ramp=(Step(0.05, 60), Step(0.2, 600))))
    times = (1_000.0, 1_059.9, 1_060.0, 1_659.9, 1_660.0, 4_600.0)
    assert [found.stage(now) for now in times] == [0, 0, 1, 1, 2, 2]
    assert [found.over(now) for now in (4_599.9, 4_600.0)] == [False, True]


def test_another_rollout_takes_other_units():
    first = rollout(plan(share=0.5))
    second = replace(first, salt="pepper")
    both = sum(first.takes(unit, 0) and second.takes(unit, 0) for unit in UNITS)
    assert 0.22 < both / len(UNITS) < 0.28


def test_all_units_are_taken_by_a_share_of_one_and_no_text_is_too_odd():
    found = rollout(plan(mode="shadow", share=1.0))
    assert all(found.takes(unit, 0) for unit in ["", "ñ", "\ud800", "x" * 100_000, *UNITS])


def test_a_request_without_a_named_unit_is_known_by_its_entity_or_by_itself():
    asked = [{"customer": 7, "text": "pintura"}, {"customer": 8}]
    assert unit_of("customer", asked) == "7"
    assert unit_of(None, asked) == unit_of(None, [{"text": "pintura", "customer": 7}])
    assert unit_of(None, asked) != unit_of(None, [{"text": "lija", "customer": 7}])
    assert unit_of("customer", [{"text": "pintura"}]) == unit_of(None, [{"text": "pintura"}])
    nobody = [{"text": "pintura", "customer": ""}]
    assert unit_of("customer", nobody) == unit_of(None, nobody) != ""
    assert unit_of(None, []) == ""
