"""The queue of a live version: who is answered together, and in which order."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from held_model import PAYS_NOT, Meter, Model, numbers, queues_before, rows, soon, until
from hypothesis import given
from hypothesis import strategies as st
from serving_stage import MODEL, write_package

from pipelines.contract import RequestRefused
from pipelines.versions.flavour_runtime import WorkerLost
from serving.live.answers import ServedModel
from serving.live.batching import Batcher
from serving.live.costs import Cost
from serving.live.loaded import LiveModel, load
from serving.live.turns import Ticket, Turns


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
