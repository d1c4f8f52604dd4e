"""Requests that arrive together are answered together by a model too quick for a queue."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from held_model import Model, numbers, rows, soon
from serving_stage import MODEL, write_package

from pipelines.contract import RequestRefused
from serving.live.answers import ServedModel
from serving.live.costs import Cost
from serving.live.loaded import LiveModel, load
from serving.live.validation import SchemaCheck


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.mark.parametrize(
    ("cost", "gathers"),
    [
        (Cost(0.2, 1.3), True),
        (Cost(0.5, 6.7), True),
        (Cost(0.5, 6.9), False),  # over 85 % of sixteen calls
        (Cost(0.08, 0.64), False),  # too little to wait a round for
        (Cost(0.2), False),
        (Cost(5.0, 6.0), False),  # that is worth a thread
    ],
)
def test_a_quick_model_is_asked_for_several_at_once_where_each_gains_by_it(cost, gathers):
    assert cost.gathers is gathers
    assert not (cost.gathers and cost.batches)


@pytest.fixture
def gathering(model: Model, tmp_path: Path) -> LiveModel:
    """A live model that is cheaper together, whose schema asks for nothing."""
    package = write_package(tmp_path / "1", "uno")
    loaded = load(package)
    loaded.runtime.close()
    model.gate.set()
    cheaper = replace(
        loaded,
        runtime=model,
        check=SchemaCheck({"type": "object"}),
        instance_ms=0.2,
        instance_bytes=10.0,
        batch_ms=0.6,
    )
    return LiveModel(ServedModel(MODEL, "1", "d1", 1, package.digest), cheaper)


async def rounds(count: int = 3) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def answered(live: LiveModel, *wanted: int):
    """Answer as a slot does, and say whether that was at once."""
    asked = rows(*wanted)
    if live.is_quick(asked):
        return True, numbers(live.loaded.predict(asked))
    return False, numbers(await live.answer(asked))


def test_one_request_after_the_other_is_answered_at_once(gathering, model):
    async def scene() -> None:
        for number in range(5):
            assert await answered(gathering, number) == (True, [2 * number])
            await rounds()

    asyncio.run(scene())
    assert model.calls == [[0], [1], [2], [3], [4]]


def test_requests_that_arrive_together_are_answered_together_until_they_no_longer_do(
    gathering, model
):
    async def scene() -> None:
        for crowd in (range(3), range(20), range(100, 103), range(1), range(1)):
            asked = [soon(answered(gathering, number)) for number in crowd]
            found = [await each for each in asked]
            assert [got for _, (got,) in found] == [2 * number for number in crowd]
            await rounds()

    asyncio.run(scene())
    # The first crowd is met one by one; a call takes sixteen; who comes alone waits once.
    assert model.calls == [
        *([number] for number in range(3)),
        list(range(16)),
        list(range(16, 20)),
        [100, 101, 102],
        [0],
        [0],
    ]


def test_in_a_crowd_too_a_bad_instance_refuses_only_its_own_request(gathering, model):
    async def scene() -> list[object]:
        for _ in range(2):
            await asyncio.gather(*(answered(gathering, number) for number in range(2)))
        asked = [soon(answered(gathering, *each)) for each in ([1], [2, -2], [3], [4])]
        await rounds(1)
        asked[2].cancel()
        return await asyncio.gather(*asked, return_exceptions=True)

    one, refused, cancelled, four = asyncio.run(scene())
    assert (one, four) == ((False, [2]), (False, [8]))
    assert (type(refused), str(refused)) == (RequestRefused, "instance 1: 'n' is negative")
    assert isinstance(cancelled, asyncio.CancelledError)


def test_a_crowd_of_an_event_loop_that_has_ended_keeps_nobody_waiting(gathering):
    async def leave_some_behind() -> None:
        for _ in range(2):
            await asyncio.gather(*(answered(gathering, number) for number in range(2)))
        asked = [soon(answered(gathering, number)) for number in range(3)]
        await asyncio.sleep(0)
        assert not all(each.done() for each in asked)

    asyncio.run(leave_some_behind())
    assert asyncio.run(answered(gathering, 7)) == (True, [14])


def test_a_call_of_a_millisecond_or_two_is_shared_on_the_loop_or_in_the_worker_that_answers():
    here, elsewhere = Cost(1.5, 3.0), Cost(1.5, 3.0, elsewhere=True)
    assert (here.gathers, here.batches) == (True, False)
    assert (elsewhere.gathers, elsewhere.batches) == (False, True)
    assert (Cost(2.5, 5.0).gathers, Cost(2.5, 5.0).batches) == (False, True)


def test_a_round_has_time_for_what_a_batch_says_it_has():
    assert Cost(2.0, 17.0).instances_within(5.0) == 4
    assert Cost(8.0, 20.0).instances_within(5.0) == 1
    assert Cost(0.03).instances_within(5.0) > 100
