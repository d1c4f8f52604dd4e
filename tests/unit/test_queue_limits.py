"""The queue of a live version: who is refused, who comes too late, and who has gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest
from held_model import PAYS_NOT, Meter, Model, numbers, queues_before, rows, soon, until

from serving.errors import problem_of
from serving.live import callers
from serving.live.batching import Batcher, QueueFull
from serving.live.callers import CallerGone, DeadlinePassed, InvalidDeadline
from serving.live.costs import Cost


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def meter() -> Meter:
    return Meter()


@pytest.fixture
def queue(model: Model, meter: Meter) -> Iterator[Callable[..., Batcher]]:
    with queues_before(model, meter) as make:
        yield make


def test_a_full_queue_says_when_to_come_again(queue, model, meter):
    async def scene() -> QueueFull:
        batcher = queue(Cost(2000.0), requests=2, deadline_seconds=3000.0)
        asked = [soon(batcher.answer(rows(1)))]
        await model.busy()
        asked += [soon(batcher.answer(rows(number))) for number in (2, 3)]
        await until(lambda: batcher.waiting == 2)
        with pytest.raises(QueueFull) as refused:
            await batcher.answer(rows(4))
        model.gate.set()
        await asyncio.gather(*asked)
        return refused.value

    refused = asyncio.run(scene())
    problem = problem_of(refused)
    assert (problem.status, problem.headers) == (429, {"Retry-After": "4"})
    assert "2 requests wait for m" in problem.detail
    assert (len(model.calls), meter.drops) == (3, [("full", 2)])


def test_who_could_not_be_answered_in_time_is_told_at_once(queue, model):
    async def scene() -> None:
        batcher = queue(Cost(2_000_000.0), deadline_seconds=3000.0)
        asked = [soon(batcher.answer(rows(1)))]
        await model.busy()
        asked += [soon(batcher.answer(rows(number))) for number in (2, 3)]
        await until(lambda: batcher.waiting == 2)
        with pytest.raises(QueueFull, match=r"turn would come in 4000\.0 s, of which it has 3000"):
            await batcher.answer(rows(5))
        model.gate.set()
        await asyncio.gather(*asked)

    asyncio.run(scene())


def test_a_request_past_its_deadline_is_dropped_from_the_queue(queue, model, meter):
    async def scene() -> None:
        batcher = queue(deadline_seconds=2.0)  # in which both are there
        asked = [soon(batcher.answer(rows(1)))]
        await model.busy()
        asked += [soon(batcher.answer(rows(2)))]
        for each in asked:
            with pytest.raises(DeadlinePassed):
                await each
        assert batcher.waiting == 0
        assert batcher.busy  # the first one's call goes on without anybody who waits
        model.gate.set()
        await until(lambda: not batcher.busy)

    asyncio.run(scene())
    assert model.calls == [[1]]
    assert meter.drops == [("deadline", 1), ("deadline", 0)]


def test_what_is_left_of_a_cancelled_request_is_not_begun(queue, model):
    async def scene() -> None:
        batcher = queue(PAYS_NOT)
        large = soon(batcher.answer(rows(*range(100))))
        await model.busy()
        waits = soon(batcher.answer(rows(7)))
        await until(lambda: batcher.waiting == 2)
        large.cancel()
        waits.cancel()
        await asyncio.gather(large, waits, return_exceptions=True)
        assert batcher.waiting == 0
        model.gate.set()
        await until(lambda: not batcher.busy)

    asyncio.run(scene())
    assert model.calls == [[0, 1, 2, 3, 4]]


def asked_by(headers: dict[bytes, bytes], *messages: dict) -> None:
    """Take note of a caller who sends these messages after his body."""
    waiting = list(messages)

    async def receive() -> dict:
        if waiting:
            return waiting.pop(0)
        return await asyncio.Event().wait()

    callers.remember({"type": "http", "headers": list(headers.items())}, receive)


def test_a_caller_who_has_gone_is_not_answered_and_his_work_not_begun(queue, model, meter):
    async def scene() -> None:
        batcher = queue()
        first = soon(batcher.answer(rows(1)))
        await model.busy()
        asked_by({}, {"type": "http.request", "body": b""}, {"type": "http.disconnect"})
        with pytest.raises(CallerGone):
            await batcher.answer(rows(2))
        model.gate.set()
        await first

    asyncio.run(scene())
    assert (model.calls, meter.drops) == ([[1]], [("gone", 0)])


def test_a_caller_may_wait_less_long_than_the_settings_say_but_not_longer():
    async def left(headers: dict[bytes, bytes]) -> float:
        asked_by(headers)
        return callers.seconds_left(10.0)

    assert asyncio.run(left({b"accept": b"*/*"})) == pytest.approx(10, abs=1)
    assert asyncio.run(left({b"x-deadline-ms": b"2000"})) == pytest.approx(2, abs=1)
    assert asyncio.run(left({b"x-deadline-ms": b"90000"})) == pytest.approx(10, abs=1)


@pytest.mark.parametrize("given", [b"soon", b"", b"0", b"-5", b"1.5", b"9" * 30, b"\xb2"])
def test_a_deadline_that_is_no_number_of_milliseconds_is_refused(given):
    async def ask() -> None:
        asked_by({b"x-deadline-ms": given})
        callers.seconds_left(10.0)

    with pytest.raises(InvalidDeadline):
        asyncio.run(ask())


def test_a_caller_whose_time_is_already_over_is_not_asked_for(queue, model):
    async def scene() -> None:
        asked_by({b"x-deadline-ms": b"1"})
        await asyncio.sleep(0.01)
        with pytest.raises(DeadlinePassed):
            await queue().answer(rows(1))

    asyncio.run(scene())
    assert model.calls == []


def test_closing_answers_those_who_wait(queue, model):
    async def scene() -> list[list[int]]:
        batcher = queue()
        asked = [soon(batcher.answer(rows(number))) for number in (1, 2)]
        await model.busy()
        model.gate.set()
        await asyncio.to_thread(batcher.close, 20)
        assert not batcher.busy
        return [numbers(await each) for each in asked]

    assert asyncio.run(scene()) == [[2], [4]]
