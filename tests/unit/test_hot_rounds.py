"""What arrives in one round is answered by one call, and everybody gets what is his."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from served_app import ServedApp
from serving_stage import MODEL, Stage
from waiting import PATIENCE_SECONDS, wait_for

from pipelines.prediction_log import count
from pipelines.settings import Settings
from serving.hot.calls import Call, Question, Reply
from serving.hot.rounds import ROOM, Rounds, Waiting
from serving.hot.wire import HotProtocol

PREDICT = f"/v1/models/{MODEL}/predict"
DRAWN = {"instances": [{"text": "pintura"}]}
EMPTY = {"instances": [{"text": "  "}]}
UNFIT = {"instances": [{"text": 7}]}


class Desk:
    """Answers each question by its own id; `refuses` are not answered."""

    def __init__(self, refuses: frozenset[str] = frozenset(), seconds: float = 0.0) -> None:
        self.refuses, self.seconds = refuses, seconds
        self.calls: list[tuple[str, list[str]]] = []
        self.fits = 1_000
        self.size = 20.0

    def room(self, _model: str, _seconds: float) -> int:
        return self.fits

    def usual_bytes(self, _model: str) -> float:
        return self.size

    def answer_together(self, model: str, asked: Any) -> list[Any]:
        ids = [each.request_id for each in asked]
        self.calls.append((model, ids))
        time.sleep(self.seconds)
        if model == "broken":
            raise ZeroDivisionError
        return [None if each in self.refuses else each for each in ids]


class Asker:
    """A connection that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def reply(self, reply: Reply, call: Call) -> None:
        assert call.request_id in reply.body.decode()
        self.told.append(reply.body.decode())

    def hand_over(self) -> None:
        self.told.append("handed over")


def finish(call: Call, answered: Any) -> Reply:
    if call.request_id == "mute":
        raise TypeError("cannot be written")
    return Reply(f"{answered} to {call.request_id}".encode())


def waiting(desk: Desk, name: str, model: str = "codes") -> Waiting:
    state = SimpleNamespace(services=SimpleNamespace(slots=desk))
    return Waiting(Asker(), Call(state, name, b""), Question(model, [{}], finish))  # type: ignore[arg-type]


def played(all_of_them: list[Waiting]) -> list[list[str]]:
    async def play() -> None:
        rounds = Rounds()
        for each in all_of_them:
            rounds.join(each)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not all(each.asker.told for each in all_of_them):  # type: ignore[attr-defined]
            assert time.monotonic() < deadline
            await asyncio.sleep(0)

    asyncio.run(play())
    return [each.asker.told for each in all_of_them]  # type: ignore[attr-defined]


def test_a_round_makes_one_call_a_model_and_tells_each_his_own():
    desk = Desk()
    asked = [waiting(desk, f"r{n}", "codes" if n % 2 else "names") for n in range(6)]
    assert played(asked) == [[f"r{n} to r{n}"] for n in range(6)]
    assert desk.calls == [("names", ["r0", "r2", "r4"]), ("codes", ["r1", "r3", "r5"])]


def test_a_crowd_is_answered_by_several_calls_in_order():
    desk = Desk()
    asked = [waiting(desk, f"r{n}") for n in range(2 * ROOM + 1)]
    played(asked)
    assert [len(ids) for _, ids in desk.calls] == [ROOM, ROOM, 1]


def test_of_a_slow_model_so_many_share_a_call_as_a_round_has_time_for():
    desk = Desk()
    desk.fits = 2
    played([waiting(desk, f"r{n}") for n in range(5)])
    assert [len(ids) for _, ids in desk.calls] == [2, 2, 1]


def test_few_long_requests_share_a_call():
    desk = Desk()
    asked = [waiting(desk, f"r{n}") for n in range(5)]
    long = [each._replace(call=each.call._replace(body=b"x" * 8_000)) for each in asked]
    played(long)
    assert [len(ids) for _, ids in desk.calls] == [2, 2, 1]


def test_of_a_model_that_is_usually_asked_at_length_many_share_a_call():
    desk = Desk()
    desk.fits, desk.size = 4, 8_000.0
    asked = [waiting(desk, f"r{n}") for n in range(5)]
    long = [each._replace(call=each.call._replace(body=b"x" * 8_000)) for each in asked]
    played(long)
    assert [len(ids) for _, ids in desk.calls] == [4, 1]


def test_after_its_time_a_round_lets_the_others_wait_for_the_next():
    desk = Desk(seconds=0.02)
    asked = [waiting(desk, f"r{n}") for n in range(ROOM + 1)]
    assert played(asked)[-1] == [f"r{ROOM} to r{ROOM}"]
    assert len(desk.calls) == 2


def test_who_is_not_answered_is_handed_over_and_nobody_else_is():
    desk = Desk(refuses=frozenset({"r1"}))
    asked = [waiting(desk, name) for name in ("r0", "r1", "mute", "r2")]
    told = played(asked)
    assert told == [["r0 to r0"], ["handed over"], ["handed over"], ["r2 to r2"]]


def test_a_call_that_fails_hands_over_its_own_and_no_others():
    desk = Desk()
    asked = [waiting(desk, "r0", "broken"), waiting(desk, "r1")]
    assert played(asked) == [["handed over"], ["r1 to r1"]]


@pytest.fixture
def stage(make_settings: Callable[..., Settings]) -> Iterator[Stage]:
    stage = Stage(make_settings(models={MODEL: {"source": {"url": "rows.csv"}}}))
    stage.promote("1", "pintura")
    yield stage
    stage.close()


@pytest.fixture
def served(stage: Stage) -> Iterator[ServedApp]:
    with ServedApp(stage.app(), http=HotProtocol) as served:
        yield served


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many requests each call answered; a short nap lets others arrive meanwhile."""
    sizes: list[int] = []
    join, answer = Rounds.join, Rounds._answer

    def slowly(self: Rounds, one: Waiting) -> None:
        time.sleep(0.02)
        join(self, one)

    def noted(self: Rounds, some: Any) -> None:
        sizes.append(len(some))
        answer(self, some)

    monkeypatch.setattr(Rounds, "join", slowly)
    monkeypatch.setattr(Rounds, "_answer", noted)
    return sizes


def request_bytes(document: object, name: str) -> bytes:
    body = json.dumps(document).encode()
    head = (
        f"POST {PREDICT} HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
        f"X-Request-Id: {name}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def answer_on(peer: socket.socket) -> tuple[int, dict[str, Any]]:
    got = b""
    while b"\r\n\r\n" not in got:
        got += peer.recv(65536)
    head, _, body = got.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1])
        for line in head.lower().split(b"\r\n")
        if line.startswith(b"content-length")
    )
    while len(body) < length:
        body += peer.recv(65536)
    return int(head.split()[1]), json.loads(body)


def hold(monkeypatch: pytest.MonkeyPatch, names: str) -> threading.Event:
    """Let the first request of such a name stop the server's loop until the event is set."""
    join, go_on = Rounds.join, threading.Event()

    def held(self: Rounds, one: Waiting) -> None:
        assert not one.call.request_id.startswith(names) or go_on.wait(60)
        join(self, one)

    monkeypatch.setattr(Rounds, "join", held)
    return go_on


def test_of_a_crowd_each_gets_his_own_answer_and_only_the_wrong_ones_are_refused(
    served, stage, rounds, monkeypatch
):
    all_are_sent = hold(monkeypatch, "crowd")
    asked = [DRAWN, EMPTY, DRAWN, UNFIT, DRAWN, DRAWN, EMPTY, DRAWN]
    peers = [socket.create_connection((served.host, served.port), timeout=30) for _ in asked]
    for peer in peers:  # taken in by the server, each by itself
        peer.sendall(request_bytes(DRAWN, "first"))
        assert answer_on(peer)[0] == 200
    for number, (peer, document) in enumerate(zip(peers, asked, strict=True)):
        peer.sendall(request_bytes(document, f"crowd-{number}"))
    all_are_sent.set()
    answers = [answer_on(peer) for peer in peers]
    for peer in peers:
        peer.close()

    assert [status for status, _ in answers] == [200, 422, 200, 422, 200, 200, 422, 200]
    assert [told["request_id"] for _, told in answers] == [f"crowd-{n}" for n in range(8)]
    assert max(rounds) > 1
    served.app.state.services.predictions.drain()
    ids = {each for status, told in answers if status == 200 for each in told["prediction_ids"]}
    assert (len(ids), count(stage.store)) == (5, len(asked) + 5)


def test_who_has_gone_before_his_answer_disturbs_nobody(served, rounds):
    gone = socket.create_connection((served.host, served.port), timeout=30)
    stays = socket.create_connection((served.host, served.port), timeout=30)
    gone.sendall(request_bytes(DRAWN, "gone"))
    stays.sendall(request_bytes(DRAWN, "stays"))
    gone.close()
    status, told = answer_on(stays)
    stays.sendall(request_bytes(DRAWN, "again"))
    again, _ = answer_on(stays)
    stays.close()
    assert (status, again, told["request_id"]) == (200, 200, "stays")


def test_a_stop_while_a_round_is_gathering_loses_nobody(stage, rounds, monkeypatch):
    told = hold(monkeypatch, "r")
    with ServedApp(stage.app(), http=HotProtocol) as served:
        served._server._drain_seconds = 30.0
        peers = [socket.create_connection((served.host, served.port), timeout=30) for _ in range(6)]
        wait_for(lambda: len(served._server.server_state.connections) == 6)
        for number, peer in enumerate(peers):
            peer.sendall(request_bytes(DRAWN, f"r{number}"))
        served.stop_soon()
        told.set()
        assert [answer_on(peer)[0] for peer in peers] == [200] * 6
        for peer in peers:
            peer.close()
