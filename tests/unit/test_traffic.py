"""Who answers while a rollout runs, what is counted, and what a client notices of it: nothing."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest
from rollout_parts import (
    CHALLENGER,
    CHAMPION,
    ENDS_AT,
    Answers,
    Counts,
    Recorder,
    ask,
    challenger,
    champion,
    fails,
    rollout,
)
from serving_stage import MODEL
from waiting import wait_for

from pipelines.contract import RequestRefused
from pipelines.rollouts.plan import Step
from serving.live.callers import CallerGone
from serving.live.loaded import BrokenRuntime
from serving.live.validation import InvalidInstances
from serving.slots.slots import NoChampion, Slots, TooManyInstances
from serving.traffic.arms import Arms
from serving.traffic.split import SplitTraffic


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def slots(recorder: Recorder):
    slots = Slots([MODEL], recorder, instances_limit=50)
    yield slots
    slots.close()


@pytest.fixture
def counts() -> Counts:
    return Counts()


def split(
    slots: Slots,
    counts: Counts,
    live,
    *,
    share: float = 0.5,
    now: float = 1_000.0,
    **plan: object,
) -> None:
    arms = Arms(rollout("canary", share, **plan), live, counts, clock=lambda: now)
    slots.divert(MODEL, SplitTraffic(arms))


def test_a_share_of_the_units_is_answered_by_the_challenger_each_always_by_the_same(
    slots, counts, tmp_path
):
    slots.put(champion(tmp_path))
    split(slots, counts, challenger(tmp_path), share=0.3)

    once = {f"u{n}": ask(slots, unit=f"u{n}").model.version for n in range(200)}
    again = {unit: ask(slots, "other", unit=unit).model.version for unit in once}

    assert again == once
    # Binomial: 200 units at 0.3 are 60, give or take 6.5.
    assert 30 < list(once.values()).count(CHALLENGER) < 90
    assert counts.seen["challenger answered"] == 2 * list(once.values()).count(CHALLENGER)
    assert counts.seen.total() == 400


def test_whoever_was_in_stays_in_when_the_ramp_grows(slots, counts, tmp_path):
    slots.put(champion(tmp_path))
    live, ramp = challenger(tmp_path), (Step(0.1, 60.0), Step(0.4, 60.0))

    def taken(now: float) -> set[int]:
        split(slots, counts, live, share=0.8, now=now, ramp=ramp)
        units = range(100)
        return {n for n in units if ask(slots, unit=f"u{n}").model.version == CHALLENGER}

    first, second, last = taken(1_000.0), taken(1_061.0), taken(1_200.0)

    assert first < second < last


def test_without_a_named_unit_the_same_question_gets_the_same_version(slots, counts, tmp_path):
    slots.put(champion(tmp_path))
    split(slots, counts, challenger(tmp_path))

    versions = [{ask(slots, f"q{n}").model.version for _ in range(3)} for n in range(30)]

    assert all(len(seen) == 1 for seen in versions)
    assert set.union(*versions) == {CHAMPION, CHALLENGER}


def test_a_rollout_is_over_by_the_clock_even_if_nobody_records_its_end(slots, counts, tmp_path):
    slots.put(champion(tmp_path))
    split(slots, counts, challenger(tmp_path), share=0.999, now=ENDS_AT)

    answered = ask(slots)

    assert (answered.model.version, answered.model.decision_id) == (CHAMPION, "d1")
    assert not counts.seen


def test_a_request_without_instances_is_no_evidence(slots, counts, tmp_path):
    slots.put(champion(tmp_path))
    split(slots, counts, challenger(tmp_path), share=0.999)

    answered = asyncio.run(slots.answer(MODEL, []))

    assert (answered.predictions, answered.model.version) == ([], CHAMPION)
    assert not counts.seen


def test_the_contracts_entity_is_the_unit_whatever_else_is_asked(slots, counts, tmp_path):
    schema = {"type": "object", "properties": {"text": {"type": "string"}}}
    slots.put(champion(tmp_path, request_schema=schema))
    split(slots, counts, challenger(tmp_path, request_schema=schema), entity="customer")

    def version(customer: int, text: str) -> str:
        instance = {"text": text, "customer": customer}
        return asyncio.run(slots.answer(MODEL, [instance])).model.version

    for customer in range(20):
        assert len({version(customer, text) for text in "abc"}) == 1


def test_what_is_logged_in_place_of_an_instance_tells_whose_it_is(slots, counts, tmp_path):
    schema = {"type": "object", "properties": {"text": {"type": "string"}}}
    slots.put(champion(tmp_path, request_schema=schema))
    split(slots, counts, challenger(tmp_path, request_schema=schema), entity="customer")

    def versions(*texts: str) -> set[str]:
        asked = (
            slots.answer(MODEL, [{"text": text}], logged=[{"customer": "c1"}]) for text in texts
        )
        return {asyncio.run(answer).model.version for answer in asked}

    assert len(versions(*(f"q{number}" for number in range(20)))) == 1


def test_an_answer_of_the_challenger_names_the_rollout_as_its_decision(
    slots, counts, recorder, tmp_path
):
    slots.put(champion(tmp_path))
    split(slots, counts, challenger(tmp_path), share=0.999)

    answered = ask(slots)

    assert answered.predictions[0]["topic"] == "dos"
    assert (answered.model.version, answered.model.decision_id) == (CHALLENGER, "rollout-1")
    assert answered.model.generation == 1
    assert recorder.logged[0][:2] == (CHALLENGER, "rollout-1")


def test_an_answer_drawn_for_the_champion_names_the_rollout_too_and_one_in_place_does_not(
    slots, counts, recorder, tmp_path
):
    slots.put(champion(tmp_path))
    split(slots, counts, challenger(tmp_path), share=0.001)
    ask(slots)
    split(slots, counts, challenger(tmp_path / "second", runtime=fails(ValueError())), share=0.999)
    ask(slots)

    assert [line[:2] for line in recorder.logged] == [(CHAMPION, "rollout-1"), (CHAMPION, "d1")]


@pytest.mark.parametrize("error", [ValueError("broken"), RequestRefused("instance 0: no")])
def test_what_the_challenger_cannot_answer_the_champion_does(
    slots, counts, recorder, tmp_path, error
):
    slots.put(champion(tmp_path))
    split(slots, counts, challenger(tmp_path, runtime=fails(error)), share=0.999)

    answered = ask(slots)

    assert (answered.model.version, answered.predictions[0]["topic"]) == (CHAMPION, "uno")
    assert counts.seen == {"challenger failed": 1}
    assert [line[0] for line in recorder.logged] == [CHAMPION]


@pytest.mark.parametrize(
    ("text", "error"), [(5, InvalidInstances), (" ", RequestRefused)], ids=["invalid", "refused"]
)
@pytest.mark.parametrize("share", [0.999, 0.001])
def test_what_both_refuse_is_nobodys_failure(slots, counts, tmp_path, share, text, error):
    slots.put(champion(tmp_path))
    split(slots, counts, challenger(tmp_path), share=share)

    with pytest.raises(error):
        ask(slots, text)

    assert not counts.seen


def test_a_champion_that_breaks_is_counted_and_its_error_seen(slots, counts, tmp_path):
    live = champion(tmp_path)
    live.loaded.runtime.predict = lambda _instances: []
    slots.put(live)
    split(slots, counts, challenger(tmp_path), share=0.001)

    with pytest.raises(BrokenRuntime):
        ask(slots)

    assert counts.seen == {"champion failed": 1}


def test_where_both_break_it_counts_for_the_one_who_was_to_answer(slots, counts, tmp_path):
    live = champion(tmp_path)
    live.loaded.runtime.predict = lambda _instances: []
    slots.put(live)
    split(slots, counts, challenger(tmp_path, runtime=fails(ValueError())), share=0.999)

    with pytest.raises(BrokenRuntime):
        ask(slots)

    assert counts.seen == {"challenger failed": 1}


def test_a_caller_who_has_gone_is_nobodys_failure_and_the_other_is_not_asked(
    slots, counts, recorder, tmp_path
):
    slots.put(champion(tmp_path))
    split(slots, counts, challenger(tmp_path, runtime=fails(CallerGone("gone"))), share=0.999)

    with pytest.raises(CallerGone):
        ask(slots)

    assert not counts.seen
    assert not recorder.logged


def test_beside_another_champion_than_planned_the_challenger_takes_no_part(slots, counts, tmp_path):
    slots.put(champion(tmp_path, generation=2))
    split(slots, counts, challenger(tmp_path), share=0.999)

    assert (ask(slots).model.generation, ask(slots).model.decision_id) == (2, "d2")
    assert not counts.seen


def test_a_demanded_version_is_no_part_of_the_rollout(slots, counts, tmp_path):
    slots.put(champion(tmp_path))
    split(slots, counts, challenger(tmp_path), share=0.999)

    assert ask(slots, version=CHAMPION).model.version == CHAMPION
    assert not counts.seen


def test_what_slots_refuse_they_refuse_in_a_rollout_too(slots, counts, tmp_path):
    split(slots, counts, challenger(tmp_path), share=0.999)
    with pytest.raises(NoChampion):
        ask(slots)
    slots.put(champion(tmp_path))

    with pytest.raises(TooManyInstances):
        asyncio.run(slots.answer(MODEL, [{"text": "a"}] * 51))
    assert not counts.seen


def test_both_models_can_be_released_after_any_of_it(slots, counts, tmp_path):
    slots.put(champion(tmp_path))
    live = challenger(tmp_path)
    split(slots, counts, live)
    for number in range(20):
        ask(slots, f"q{number}")
    with pytest.raises(InvalidInstances):
        ask(slots, 5)

    slots.divert(MODEL, None)
    slots.retire(live)
    slots.put(champion(tmp_path, generation=2))

    assert slots.release_retired() == 0
    assert not slots.diverted(MODEL)


def test_clients_who_leave_in_the_middle_let_go_of_both(slots, counts, tmp_path):
    def slowly(_instance):
        time.sleep(0.05)
        return {"topic": "dos", "confidence": 1.0}

    before, live = champion(tmp_path), challenger(tmp_path, runtime=Answers(slowly))
    live.loaded = replace(live.loaded, instance_ms=1_000.0)
    assert not live.is_quick([{"text": "a"}]), "it takes the way through a thread"
    slots.put(before)
    split(slots, counts, live)

    async def ask_and_leave() -> None:
        asked = [
            asyncio.create_task(slots.answer(MODEL, [{"text": f"q{number}"}]))
            for number in range(20)
        ]
        await asyncio.sleep(0.02)
        for each in asked:
            each.cancel()
        await asyncio.gather(*asked, return_exceptions=True)

    asyncio.run(ask_and_leave())
    slots.divert(MODEL, None)
    slots.retire(live)
    slots.put(champion(tmp_path, generation=2))

    wait_for(lambda: slots.release_retired() == 0)
    assert not before.acquire()
    assert not live.acquire()
