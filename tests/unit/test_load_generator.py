"""The load generator of benchmarks/serving counts what a server did, and nothing else."""

from __future__ import annotations

import math
import socketserver
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import uvloop

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _benchmarks_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


class Answering(socketserver.ThreadingTCPServer):
    """A server that answers by a script: bytes to send, or None to hang up; then the last again."""

    daemon_threads = False

    def __init__(self, *script: bytes | None) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.port = self.server_address[1]
        self.asked: list[bytes] = []
        self._script = list(script)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))

    def __enter__(self) -> Answering:
        self._thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()  # waits for the conversations

    def answer_to(self, body: bytes) -> bytes | None:
        self.asked.append(body)
        return self._script.pop(0) if len(self._script) > 1 else self._script[0]


class Conversation(socketserver.StreamRequestHandler):
    server: Answering

    def handle(self) -> None:
        while self.rfile.readline():
            answer = self.server.answer_to(self.rfile.read(self._length()))
            if answer is None:
                return
            self.wfile.write(answer)
            time.sleep(0.001)

    def _length(self) -> int:
        lines = iter(self.rfile.readline, b"\r\n")
        fields = dict(line.strip().lower().split(b": ", 1) for line in lines)
        return int(fields.get(b"content-length", b"0"))


def answer(status: int, body: bytes = b"{}") -> bytes:
    head = f"HTTP/1.1 {status} Word\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@pytest.fixture
def good() -> Iterator[Answering]:
    with Answering(answer(200, b'{"right": true}')) as server:
        yield server


def outcome_of(server: Answering, **changes: object):
    from benchmarks.serving.load import Load, Request, ask

    requests = [Request("POST", "/x", f'{{"n": {n}}}') for n in range(3)]
    # More answers than the warm-up can hold, however long they take; a failure is none.
    given = {"connections": 2, "seconds": 60.0, "warm_up_seconds": 0.05, "limit": 150} | changes
    return uvloop.run(ask(Load(server.port, requests, **given)))  # type: ignore[arg-type]


def test_percentiles_are_values_that_were_measured() -> None:
    from benchmarks.serving.load import percentile

    values = [float(n) for n in range(1, 101)]
    assert [percentile(values, share) for share in (0.0, 0.5, 0.99, 1.0)] == [1, 50, 99, 100]
    assert percentile([7.0], 0.99) == 7.0
    assert math.isnan(percentile([], 0.5))


def test_every_answer_is_counted_and_none_is_abandoned(good: Answering) -> None:
    outcome = outcome_of(good)
    assert outcome.failed == 0
    assert 0 < outcome.answered <= outcome.total == len(good.asked)
    assert 0 < outcome.p50_ms <= outcome.p99_ms <= outcome.longest_ms
    assert outcome.slowest[0][1] == outcome.longest_ms


def test_requests_take_turns(good: Answering) -> None:
    outcome_of(good, connections=1)
    assert good.asked[:4] == [b'{"n": 0}', b'{"n": 1}', b'{"n": 2}', b'{"n": 0}']


def test_it_stops_at_a_limit_and_hands_back_samples(good: Answering) -> None:
    outcome = outcome_of(good, connections=1, limit=5, samples=2)
    assert outcome.total == 5
    assert outcome.samples == {"0": '{"right": true}', "1": '{"right": true}'}


def test_refusals_are_failures_and_not_answers() -> None:
    with Answering(answer(503), answer(200), answer(429), answer(200)) as server:
        outcome = outcome_of(server, connections=1)
    assert outcome.failures == {"status 503": 1, "status 429": 1}
    assert outcome.total == len(server.asked) - 2


def test_a_lost_connection_is_one_failure_and_is_opened_again() -> None:
    with Answering(answer(200), None, answer(200)) as server:
        outcome = outcome_of(server, connections=1)
    assert outcome.failures == {"connection lost": 1}
    assert outcome.total == len(server.asked) - 1 > 1


def test_what_is_never_answered_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    with Answering(answer(200), b"") as server:

        def clock() -> float:
            return time.perf_counter() + (3_600 if len(server.asked) > 1 else 0)

        told = SimpleNamespace(perf_counter=clock, process_time=time.process_time)
        monkeypatch.setattr("benchmarks.serving.load.time", told)
        outcome = outcome_of(server, connections=1)
    assert set(outcome.failures) == {"no answer in time"}
    assert outcome.total == 1


def test_what_is_not_http_is_a_failure() -> None:
    with Answering(b"hello\r\n\r\n") as server:
        outcome = outcome_of(server, connections=1, seconds=10.0)
    assert set(outcome.failures) == {"an answer that is not HTTP"}
    assert outcome.total == 0


def test_nobody_there_is_a_failure() -> None:
    with Answering(answer(200)) as server:
        pass
    outcome = outcome_of(server, connections=1, seconds=0.2)
    assert outcome.failures.keys() == {"no connection"}
