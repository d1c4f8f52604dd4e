"""The queue of a live version: who is answered together, in which order, and who is refused."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving_stage import MODEL, write_package

from pipelines.contract import RequestRefused
from pipelines.versions.flavour_runtime import WorkerLost
from serving.errors import problem_of
from serving.live import callers
from serving.live.answers import ServedModel
from serving.live.batching import Batcher, QueueFull, QueueLimits
from serving.live.callers import CallerGone, DeadlinePassed, InvalidDeadline
from serving.live.costs import Cost
from serving.live.loaded import LiveModel, load
from serving.live.turns import Ticket, Turns
from serving.live.validation import SchemaCheck

PAYS = Cost(single_ms=10.0, batch_ms=20.0)
PAYS_NOT = Cost(single_ms=10.0, batch_ms=150.0)


class Model:
    """Doubles numbers, one call at a time and only while the gate is open; keeps every call."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.begun = threading.Semaphore(0)
        self.calls: list[list[int]] = []
        self.lost: set[int] = set()

    def predict(self, instances):
        numbers = [row["n"] for row in instances]
        self.calls.append(numbers)
        self.begun.release()
        assert self.gate.wait(20), "nobody opened the gate"
        if self.lost & set(numbers):
            self.lost.clear()
            raise WorkerLost("the worker process did not answer: it has ended")
        for place, number in enumerate(numbers):
            if number < 0:
                raise RequestRefused(f"instance {place}: 'n' is negative")
        return [[{"n": 2 * number}] for number in numbers]

    async def busy(self) -> None:
        """Return once a call has begun."""
        assert await asyncio.to_thread(self.begun.acquire, timeout=20), "no call began"


class Meter:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, int]] = []
        self.drops: list[str] = []

    def called(self, instances, waiting):
        self.calls.append((instances, waiting))

    def dropped(self, reason, waiting):
        self.drops.append((reason, waiting))


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def meter() -> Meter:
    return Meter()


@pytest.fixture
def queue(model: Model, meter: Meter):
    made: list[Batcher] = []

    def make(cost: Cost = PAYS, *, requests: int = 256, deadline_seconds: float = 20.0) -> Batcher:
        limits = QueueLimits(requests, deadline_seconds)
        made.append(Batcher(model.predict, cost, name="m", limits=limits, watch=meter))
        return made[-1]

    yield make
    model.gate.set()
    for queue in made:
        queue.close(20)


def rows(*numbers: int) -> list[dict]:
    return [{"n": number} for number in numbers]


def numbers(answers) -> list[int]:
    return [answer[0]["n"] for answer in answers]


def soon(work: Coroutine) -> asyncio.Task:
    return asyncio.get_running_loop().create_task(work)


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen")


def test_an_idle_model_answers_at_once_and_waits_for_no_batch(queue, model, meter):
    model.gate.set()
    batcher = queue()

    for number in (1, 2):
        assert numbers(asyncio.run(batcher.answer(rows(number)))) == [2 * number]

    assert model.calls == [[1], [2]]
    assert meter.calls == [(1, 0), (1, 0)]


def test_what_came_while_the_model_was_busy_is_answered_in_one_call(queue, model, meter):
    async def scene() -> list[list[int]]:
        batcher = queue()
        first = soon(batcher.answer(rows(1)))
        await model.busy()
        others = [soon(batcher.answer(rows(number, 10 * number))) for number in (2, 3, 4)]
        await until(lambda: batcher.waiting == 3)
        model.gate.set()
        return [numbers(await asked) for asked in (first, *others)]

    assert asyncio.run(scene()) == [[2], [4, 40], [6, 60], [8, 80]]
    assert model.calls == [[1], [2, 20, 3, 30, 4, 40]]
    assert meter.calls == [(1, 0), (6, 0)]


def test_where_batching_does_not_pay_each_request_is_answered_alone(queue, model):
    async def scene() -> None:
        batcher = queue(PAYS_NOT)
        asked = [soon(batcher.answer(rows(number))) for number in (1, 2, 3)]
        await until(lambda: batcher.waiting == 2)
        model.gate.set()
        await asyncio.gather(*asked)

    asyncio.run(scene())
    assert model.calls == [[1], [2], [3]]


def test_a_large_request_lets_small_ones_in_between(queue, model):
    async def scene() -> tuple[list[int], list[int]]:
        batcher = queue(PAYS_NOT)
        large = soon(batcher.answer(rows(*range(12))))
        await model.busy()
        small = soon(batcher.answer(rows(100)))
        await until(lambda: batcher.waiting == 2)
        model.gate.set()
        return numbers(await large), numbers(await small)

    assert PAYS_NOT.instances_a_call == 5
    assert asyncio.run(scene()) == ([2 * number for number in range(12)], [200])
    # The small one came while the large one's first part was answered; its second had queued up.
    assert model.calls == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [100], [10, 11]]


def test_a_bad_instance_in_a_batch_refuses_only_its_own_request(queue, model):
    async def scene() -> list[object]:
        batcher = queue()
        asked = [soon(batcher.answer(rows(0)))]
        await model.busy()
        asked += [soon(batcher.answer(rows(n, n))) for n in (1, 2)]
        asked += [soon(batcher.answer(rows(3, -1))), soon(batcher.answer(rows(4)))]
        await until(lambda: batcher.waiting == 4)
        model.gate.set()
        return await asyncio.gather(*asked, return_exceptions=True)

    *good, bad, last = asyncio.run(scene())
    assert [numbers(answer) for answer in good] == [[0], [2, 2], [4, 4]]
    assert (type(bad), str(bad)) == (RequestRefused, "instance 1: 'n' is negative")
    assert numbers(last) == [8]


def test_a_refusal_counts_instances_from_the_start_of_the_request(queue, model):
    model.gate.set()
    with pytest.raises(RequestRefused, match=r"^instance 7: 'n' is negative"):
        asyncio.run(queue(PAYS_NOT).answer(rows(0, 1, 2, 3, 4, 5, 6, -7, 8, 9, 10, 11)))

    assert model.calls == [[0, 1, 2, 3, 4], [5, 6, -7, 8, 9]]


def test_a_lost_worker_fails_the_requests_it_had_and_no_others(queue, model):
    async def scene() -> list[object]:
        batcher = queue()
        model.lost = {2}
        asked = [soon(batcher.answer(rows(1)))]
        await model.busy()
        asked += [soon(batcher.answer(rows(number))) for number in (2, 3)]
        await until(lambda: batcher.waiting == 2)
        model.gate.set()
        found = await asyncio.gather(*asked, return_exceptions=True)
        return [*found, await batcher.answer(rows(4))]

    first, *lost, later = asyncio.run(scene())
    assert [type(error) for error in lost] == [WorkerLost, WorkerLost]
    assert lost[0] is not lost[1]
    assert (numbers(first), numbers(later)) == ([2], [8])
    assert model.calls == [[1], [2, 3], [4]]


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


@pytest.mark.parametrize(
    ("cost", "batches"),
    [
        (Cost(0.5), False),  # too quick to ask
        (Cost(0.9, 1.0), False),  # measured, and yet quicker than the way to a thread
        (Cost(5.0, 6.0), True),
        (Cost(5.0, 39.0), True),
        (Cost(5.0, 41.0), False),  # half of sixteen calls or more
        (Cost(5.0, 80.0), False),
    ],
)
def test_requests_are_batched_where_a_call_is_slow_and_sixteen_cost_under_half(cost, batches):
    assert cost.batches is batches
    assert cost.reason


@pytest.mark.parametrize(
    ("cost", "instances"),
    [
        (Cost(10.0, 25.0), 41),  # 9 ms and 1 ms each
        (Cost(100.0, 115.0), 99),  # so much is fixed that 50 ms would take none at all
        (Cost(80.0), 1),
        (Cost(0.05), 512),
        (Cost(5.0, 4.0), 512),  # measured under noise: a batch cannot be cheaper than one
    ],
)
def test_a_call_is_short_unless_its_fixed_cost_is_most_of_it(cost, instances):
    assert cost.instances_a_call == instances


def test_no_small_request_shares_its_call_with_a_part_of_a_large_one():
    turns = Turns(Cost(10.0, 25.0), room=41, together=True)
    loop = asyncio.new_event_loop()
    for size in (100, 1, 2, 100, 3):
        turns.join(Ticket(rows(*range(size)), loop.create_future()))

    calls = [[part.size for part in turns.take()] for _ in range(5)]

    assert calls == [[41], [1, 2], [41], [3], [41]]
    loop.close()


def test_long_texts_make_a_call_as_short_as_many_small_ones_do():
    turns = Turns(Cost(10.0, 25.0), room=41, together=True)
    loop = asyncio.new_event_loop()
    tickets = [Ticket(rows(*range(30)), loop.create_future(), weight) for weight in (1, 8, 100)]
    for ticket in tickets:
        turns.join(ticket)

    calls = [[part.size for part in turns.take()] for _ in range(3)]

    # 41 instances a call: all thirty, or five of those that are as long as eight.
    assert calls == [[30], [5], [1]]
    loop.close()


@given(
    sizes=st.lists(st.tuples(st.integers(1, 40), st.floats(1, 300)), max_size=12),
    single=st.floats(0.01, 60),
    batch=st.none() | st.floats(0.1, 900),
    together=st.booleans(),
)
def test_whatever_the_sizes_everybody_gets_his_own_answers_in_order(sizes, single, batch, together):
    async def scene() -> None:
        loop = asyncio.get_running_loop()
        cost = Cost(single, batch)
        turns = Turns(cost, room=cost.instances_a_call, together=together)
        tickets = [
            Ticket([{"n": 100 * place + n} for n in range(size)], loop.create_future(), weight)
            for place, (size, weight) in enumerate(sizes)
        ]
        for ticket in tickets:
            turns.join(ticket)
        while parts := turns.take():
            assert len({id(part.ticket) for part in parts}) == len(parts)
            for part in parts:
                if part.ticket.give(part.start, [[row] for row in part.instances]):
                    part.ticket.settle()
        for ticket in tickets:
            assert await ticket.answer == [[row] for row in ticket.instances]
        assert (len(turns), turns.milliseconds) == (0, 0)

    asyncio.run(scene())


class Sleeper:
    """Takes as long for many instances as for one."""

    def predict(self, instances):
        threading.Event().wait(0.01)
        return [[{"topic": "lento", "confidence": 1.0}] for _ in instances]

    def close(self):
        pass


def test_a_version_is_batched_when_its_warm_up_shows_that_it_pays(tmp_path, monkeypatch):
    package = write_package(tmp_path / "1", "uno")
    quick = load(package)
    monkeypatch.setattr("serving.live.loaded.open_runtime", lambda _package: Sleeper())
    slow = load(package)
    served = ServedModel(MODEL, "1", "d1", 1, package.digest)

    answering = LiveModel(served, slow).answering
    assert (answering.batched, answering.where, answering.waiting) == (True, "thread", 0)
    assert LiveModel(served, quick).answering.where == "event loop"
    assert not LiveModel(served, slow).is_quick([{"text": "a"}])
    assert replace(slow, batch_ms=None).is_quick([{"text": "a"}]) is (slow.instance_ms < 5)
    assert LiveModel(served, quick).is_quick([{"text": "a"}])
    quick.runtime.close()


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
