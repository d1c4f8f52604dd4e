"""Requests that silent workers hold, in a real Redis: who takes them over, and what that counts."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import orjson
import pytest
from redis_server import RedisServer
from waiting import wait_for

from pipelines.contract import RequestRefused
from serving.live.costs import Cost
from serving.model_worker.claiming import Claims
from serving.model_worker.presence import Presence, State
from serving.model_worker.reading import Reader
from serving.remote import roll, wire
from serving.remote.roll import WorkerWord
from serving.remote.wire import GROUP, REDELIVERED, Target, result_key

TARGET = Target("stub", "d" * 64)
LONG_MS = 60_000


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis(server: RedisServer):
    server.empty()
    with server.client() as client:
        client.xgroup_create(TARGET.queue, GROUP, id="0", mkstream=True)
        yield client


def put(redis, *names: str) -> None:
    for name in names:
        asked = {"id": name, "asker": "api", "left": LONG_MS, "body": orjson.dumps([name])}
        redis.xadd(TARGET.queue, asked)


def taken_by(redis, worker: str) -> list[bytes]:
    """Let a worker take all that waits."""
    found = redis.xreadgroup(GROUP, worker, {TARGET.queue: ">"})
    return [entry for _, entries in found for entry, _ in entries]


def fall_silent(redis, worker: str) -> None:
    held = [
        each["message_id"]
        for each in redis.xpending_range(TARGET.queue, GROUP, "-", "+", 99, worker)
    ]
    redis.xclaim(TARGET.queue, GROUP, worker, 0, held, idle=LONG_MS, justid=True)


def names(questions) -> list[str]:
    return [question.question_id for question in questions]


def test_what_one_request_ends_is_not_held_against_the_others(redis):
    put(redis, "poison", "second", "third")
    taken_by(redis, "w1")
    fall_silent(redis, "w1")
    for worker in ("w2", "w3"):
        due = Claims(redis, worker, TARGET).due()
        assert next(due).question_id == "poison"
        fall_silent(redis, worker)

    assert names(Claims(redis, "w4", TARGET).due()) == ["second", "third"]
    with pytest.raises(wire.ModelWorkerFailed, match="3 workers"):
        wire.rows_of(redis.get(result_key("poison")))


def test_what_another_worker_takes_over_meanwhile_is_left_to_it(redis):
    put(redis, "first", "second", "third")
    entries = taken_by(redis, "w1")
    fall_silent(redis, "w1")
    due = Claims(redis, "w2", TARGET).due()
    found = [next(due)]
    redis.xclaim(TARGET.queue, GROUP, "w3", 0, [entries[1]])

    assert names([*found, *due]) == ["first", "third"]
    assert redis.hget(REDELIVERED, "stub") == b"2"


def test_what_was_taken_back_or_is_no_question_is_handed_to_nobody(redis):
    put(redis, "gone")
    redis.xadd(TARGET.queue, {"something": "else"})
    put(redis, "there")
    gone, *_ = taken_by(redis, "w1")
    fall_silent(redis, "w1")
    redis.xdel(TARGET.queue, gone)

    assert names(Claims(redis, "w2", TARGET).due()) == ["there"]
    assert redis.xlen(TARGET.queue) == redis.xpending(TARGET.queue, GROUP)["pending"] == 1
    assert redis.hget(REDELIVERED, "stub") == b"1"


class OddCheck:
    """Falls over "odd" in a way that nobody has foreseen."""

    def check(self, instances) -> None:
        if instances == ["odd"]:
            raise ZeroDivisionError("not foreseen")


def test_a_reader_outlives_what_nobody_has_foreseen(redis):
    loaded = SimpleNamespace(cost=Cost(10.0, None), check=OddCheck(), answer=refuse)
    reader = Reader(redis, "w1", TARGET, loaded, lambda: 0)
    put(redis, "odd")
    reader.start()
    wait_for(lambda: redis.xpending(TARGET.queue, GROUP)["pending"] == 1)
    put(redis, "usual")

    wait_for(lambda: redis.exists(result_key("usual")))
    reader.stop()
    assert reader.join(120)


def refuse(instances):
    raise RequestRefused(f"{instances[0]} is refused")


def test_who_leaves_is_counted_on_no_more_and_keeps_what_it_has_in_hand(redis):
    put(redis, "begun")
    entries = tuple(entry.decode() for entry in taken_by(redis, "w1"))
    reader = SimpleNamespace(target=TARGET, in_work=entries, reading=True)
    state = State(WorkerWord("w1", ("stub",)), [reader])
    presence = Presence(redis, "w1", lambda: state)
    presence.beat()
    assert [word.worker_id for word in roll.read(redis)] == ["w1"]
    presence.leave()
    fall_silent(redis, "w1")
    presence.beat()

    assert roll.read(redis) == []
    assert redis.zscore(TARGET.serving, "w1") is None
    assert names(Claims(redis, "w2", TARGET).due()) == []


def test_a_version_that_is_read_no_more_is_offered_no_more(redis):
    reader = SimpleNamespace(target=TARGET, in_work=(), reading=True)
    presence = Presence(redis, "w1", lambda: State(WorkerWord("w1", ("stub",)), [reader]))
    presence.beat()
    assert redis.zscore(TARGET.serving, "w1") is not None
    reader.reading = False
    presence.beat()

    assert redis.zscore(TARGET.serving, "w1") is None


def test_a_worker_of_another_release_breaks_nothing(redis):
    roll.say(redis, WorkerWord("ours", ("stub",)))
    held = {"model": "stub", "version": "1", "digest": "d", "instance_ms": 1.0, "batch_ms": None}
    later = {"worker_id": "later", "models": ["stub"], "held": [held | {"new": 1}], "failed": {}}
    said = {"later": later, "odd": [], "older": {"held": [{"model": "stub"}]}}
    for name, word in said.items():
        redis.set(wire.worker_key(name), orjson.dumps(word))
        redis.sadd(wire.WORKERS, name)

    words = roll.read(redis)

    assert [word.worker_id for word in words] == ["later", "ours"]
    assert [each.version for each in roll.holders(words, "d")] == ["1"]
