"""The post of one API process with a real Redis: no answer is lost on the way."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as Cut
from redis_server import RedisServer
from waiting import wait_for

from serving.remote import scripts
from serving.remote.connection import do
from serving.remote.post import Letter, Post
from serving.remote.wire import GROUP, Target, result_key

TARGET = Target("stub", "d" * 64)


@pytest.fixture
def redis(tmp_path) -> Iterator[Redis]:
    with RedisServer(tmp_path) as server, server.client() as client:
        client.xgroup_create(TARGET.queue, GROUP, id="0", mkstream=True)
        client.zadd(TARGET.serving, {"worker": (time.time() + 3600) * 1000})
        yield client


class Sender:
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.heard = threading.Event()
        self.body: bytes | None = None
        self.error: Exception | None = None

    def taken(self, _letter: Letter, _workers: int) -> None:
        """As expected."""

    def declined(self, why: str, _waiting: int, _workers: int) -> None:
        self.lost(RuntimeError(why))

    def answered(self, _letter: Letter, body: bytes) -> None:
        self.body = body
        self.heard.set()

    def lost(self, error: Exception) -> None:
        self.error = error
        self.heard.set()


class CutOnce(Redis):
    """A connection that breaks after Redis has done what the first fetch asks."""

    cut: threading.Event

    def execute_command(self, *args, **options):
        found = super().execute_command(*args, **options)
        if scripts.FETCH in args and not self.cut.is_set():
            self.cut.set()
            raise Cut("the reply was lost on its way")
        return found


def cut_once(like: Redis) -> CutOnce:
    client = CutOnce(connection_pool=like.connection_pool)
    client.cut = threading.Event()
    return client


def reply(redis, body: bytes) -> None:
    """Answer the next question, as a worker does."""
    wait_for(lambda: redis.xlen(TARGET.queue))
    ((_, ((entry, fields),)),) = redis.xreadgroup(GROUP, "worker", {TARGET.queue: ">"})
    name, asker = fields[b"id"].decode(), fields[b"asker"].decode()
    do(redis, scripts.answer(TARGET, entry.decode(), name, asker, body))


def test_an_answer_whose_transport_was_cut_is_fetched_once_more(redis):
    sender = Sender()
    clients: list[CutOnce] = []

    def connect() -> Redis:
        clients.append(cut_once(redis))
        return clients[-1]

    post = Post("api", connect)
    post.send(Letter("q1", TARGET, b"[{}]", time.monotonic() + 120, 9, sender))
    reply(redis, b'{"rows": []}')
    assert sender.heard.wait(120)

    assert any(client.cut.is_set() for client in clients)
    assert (sender.body, sender.error) == (b'{"rows": []}', None)
    # It is not kept for longer than it takes to know that it has arrived.
    wait_for(lambda: not redis.exists(result_key("q1")))
    post.close()
