"""One request on its way to model workers: sent in parts, settled once, taken back when over."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from pipelines.contract import RequestRefused
from serving.live.batching import QueueFull, QueueLimits, Unwatched
from serving.live.callers import DeadlinePassed
from serving.live.costs import Cost
from serving.live.loaded import BrokenRuntime
from serving.remote import wire
from serving.remote.desk import RemoteDesk
from serving.remote.post import Letter
from serving.remote.wire import ModelWorkerFailed, NoModelWorker, RedisAway, Target

TARGET = Target("stub", "d" * 64)


class Workers:
    """A post whose workers reply when told to, or at once by `reply`."""

    def __init__(self, reply=None) -> None:
        self.letters: list[Letter] = []
        self.dropped: list[Letter] = []
        self.most_at_once = 0
        self._reply = reply

    def send(self, letter: Letter) -> None:
        self.letters.append(letter)
        letter.sender.taken(letter, 3)
        if self._reply:
            asyncio.get_running_loop().call_soon(self.answer, letter)

    def answer(self, letter: Letter) -> None:
        letter.sender.answered(letter, self._reply(orjson.loads(letter.body)))

    def drop(self, letter: Letter) -> None:
        self.dropped.append(letter)


def desk(
    post, *, single_ms: float = 10.0, requests: int = 100, seconds: float = 60.0
) -> RemoteDesk:
    return RemoteDesk(
        post,
        TARGET,
        lambda: Cost(single_ms, None, elsewhere=True),
        name="stub version 1",
        limits=QueueLimits(requests, seconds),
        watch=Unwatched(),
    )


def rows(instances):
    return wire.reply([[{"n": instance["n"]}] for instance in instances])


def instances(count: int) -> list[dict]:
    return [{"n": number} for number in range(count)]


def test_a_large_request_goes_out_in_parts_and_comes_back_in_order():
    post = Workers(rows)

    answers = asyncio.run(desk(post).answer(instances(23)))

    assert answers == [[{"n": number}] for number in range(23)]
    assert [len(orjson.loads(letter.body)) for letter in post.letters] == [5, 5, 5, 5, 3]
    assert post.dropped == []


def test_as_many_parts_are_under_way_as_there_are_workers():
    async def begin() -> int:
        post = Workers()
        remote = desk(post, seconds=0.2)
        remote.note(1, workers=2)
        with pytest.raises(DeadlinePassed):
            await remote.answer(instances(23))
        return len(post.letters)

    # Nobody replied, so no further part was sent.
    assert asyncio.run(begin()) == 2


def test_a_refusal_names_the_instance_as_the_caller_counts_them():
    def refuse(asked):
        if asked[0]["n"] != 10:
            return rows(asked)
        return wire.refusal(RequestRefused("instance 2: no"))

    with pytest.raises(RequestRefused, match=r"^instance 12: no$"):
        asyncio.run(desk(Workers(refuse)).answer(instances(23)))


def test_what_is_left_of_a_failed_or_late_request_is_taken_back():
    post = Workers()

    with pytest.raises(DeadlinePassed):
        asyncio.run(desk(post, seconds=0.05).answer(instances(3)))

    assert post.dropped == post.letters != []


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (RequestRefused("no"), RequestRefused),
        (BrokenRuntime("three answers"), BrokenRuntime),
        (RuntimeError("anything else"), ModelWorkerFailed),
    ],
)
def test_an_error_means_the_same_on_both_sides(error, raised):
    with pytest.raises(raised, match=str(error)):
        wire.rows_of(wire.refusal(error))


def test_too_few_answers_are_no_answer():
    post = Workers(lambda asked: rows(asked[1:]))

    with pytest.raises(ModelWorkerFailed, match="2 answers to 3"):
        asyncio.run(desk(post).answer(instances(3)))


def test_a_declined_letter_says_why_and_when_to_come_again():
    remote = desk(Workers(), single_ms=500.0, requests=200)

    full = remote.refusal("full", waiting=100, workers=2)
    nobody = remote.refusal("nobody", waiting=0, workers=0)

    assert isinstance(full, QueueFull)
    assert full.retry_after_seconds == 25
    assert isinstance(nobody, NoModelWorker)


@pytest.mark.parametrize(("workers", "seconds", "limit"), [(1, 5, 10), (2, 5, 20), (1, 0.1, 1)])
def test_nobody_queues_for_a_turn_that_would_come_too_late(workers, seconds, limit):
    remote = desk(Workers(), single_ms=500.0)
    remote.note(1, workers)

    assert remote.limit(seconds) == limit


def test_a_post_that_is_away_refuses_at_once():
    class Away(Workers):
        def send(self, _letter: Letter) -> None:
            raise RedisAway("it is")

    remote = desk(Away(), seconds=30)
    with pytest.raises(RedisAway):
        asyncio.run(remote.answer(instances(1)))

    assert not remote.busy
