"""Clients that dawdle, flood or speak in riddles, on real sockets: nobody else notices them."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from http.client import HTTPResponse

import pytest
from served_app import ServedApp
from serving_stage import MODEL, Stage
from waiting import wait_for

from pipelines.prediction_log import count
from pipelines.settings import Settings
from serving.hot.watched import DISCARDED_BYTES, WAITING_REQUESTS, WRAPPING_BYTES
from serving.hot.wire import HotProtocol

PREDICT = f"/v1/models/{MODEL}/predict"
GOOD = b'{"instances": [{"text": "a"}]}'
CLIENTS = {
    "connections": 20,
    "head_seconds": 1.5,
    "stall_seconds": 2.0,
    "bytes_per_second": 2_000,
    "bodies_bytes": 4_000_000,
}


@pytest.fixture
def stage(make_settings: Callable[..., Settings]) -> Iterator[Stage]:
    stage = Stage(make_settings(models={MODEL: {"source": {"url": "rows.csv"}}}, clients=CLIENTS))
    stage.promote("1", "pintura")
    yield stage
    stage.close()


@pytest.fixture
def served(stage: Stage) -> Iterator[ServedApp]:
    with ServedApp(stage.app(), http=HotProtocol, timeout_keep_alive=5) as served:
        yield served


def connected(served: ServedApp, stack: ExitStack | None = None) -> socket.socket:
    line = socket.create_connection((served.host, served.port), timeout=120)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return stack.enter_context(line) if stack else line


def head(more: str = "", length: int | None = len(GOOD), path: str = PREDICT) -> bytes:
    told = "" if length is None else f"Content-Length: {length}\r\n"
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"{told}{more}\r\n"
    ).encode("latin-1")


def answer(line: socket.socket) -> tuple[int, bytes]:
    response = HTTPResponse(line)
    response.begin()
    return response.status, response.read()


def all_of(line: socket.socket) -> bytes:
    """Return everything until the server closes the connection."""
    told = b""
    with suppress(ConnectionError):
        while piece := line.recv(65_536):
            told += piece
    return told


def head_of(line: socket.socket) -> bytes:
    """Return the head of the first answer, and what came with it."""
    told = b""
    while b"\r\n\r\n" not in told and (piece := line.recv(65_536)):
        told += piece
    return told


def until_quiet(line: socket.socket, seconds: float = 0.3) -> bytes:
    """Return all that comes until nothing does any more; the first of it is waited for."""
    told = b""
    with suppress(ConnectionError, TimeoutError):
        while piece := line.recv(65_536):
            told += piece
            line.settimeout(seconds)
    return told


def asked(served: ServedApp) -> int:
    with connected(served) as line:
        line.sendall(head() + GOOD)
        return answer(line)[0]


class Crowd:
    """Honest clients that ask one question after another as long as the block lasts."""

    def __init__(self, served: ServedApp, number: int = 3) -> None:
        self._served = served
        self._over = threading.Event()
        self._told: list[list[int]] = [[] for _ in range(number)]
        self._threads = [threading.Thread(target=self._ask, args=(told,)) for told in self._told]

    @property
    def statuses(self) -> list[int]:
        return [status for told in self._told for status in told]

    def _ask(self, told: list[int]) -> None:
        with connected(self._served) as line:
            while not self._over.wait(0.005):
                line.sendall(head() + GOOD)
                told.append(answer(line)[0])

    def __enter__(self) -> Crowd:
        for thread in self._threads:
            thread.start()
        # Everybody has asked once: a connection that has not is one of those that make room.
        wait_for(lambda: all(len(told) >= 10 for told in self._told))
        return self

    def __exit__(self, *raised: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        assert len(self.statuses) > 10
        assert set(self.statuses) == {200}


# --- dawdlers ---------------------------------------------------------------------------------


def drip(line: socket.socket, what: bytes, seconds: float = 0.05) -> bool:
    """Send byte after byte; whether the server closed the connection before the end."""
    try:
        for byte in what:
            line.sendall(bytes([byte]))
            time.sleep(seconds)
    except ConnectionError:
        return True
    return False


def test_heads_that_drip_are_cut_off_and_delay_nobody(served: ServedApp) -> None:
    with ExitStack() as stack, Crowd(served):
        lines = [connected(served, stack) for _ in range(6)]
        threads = [
            threading.Thread(target=drip, args=(line, head() + GOOD), daemon=True) for line in lines
        ]
        for thread in threads:
            thread.start()
        for line in lines:
            assert all_of(line).startswith(b"HTTP/1.1 408")
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("length", [200, 200_000])
def test_bodies_that_stand_still_are_cut_off_however_they_began(
    served: ServedApp, length: int
) -> None:
    with ExitStack() as stack, Crowd(served):
        declared, chunked = connected(served, stack), connected(served, stack)
        declared.sendall(head(length=length) + b" " * (length // 2))
        told = head(length=None, more="Transfer-Encoding: chunked\r\n")
        chunked.sendall(told + b"%x\r\n%b\r\n" % (length, b" " * length))
        for line in (declared, chunked):
            assert all_of(line).startswith(b"HTTP/1.1 408")


def test_a_body_that_goes_on_is_waited_for_longer_than_one_stall(served: ServedApp) -> None:
    body = GOOD + b" " * 60_000
    with connected(served) as line:
        line.sendall(head(length=len(body)))
        for start in range(0, len(body), 3_000):
            line.sendall(body[start : start + 3_000])
            time.sleep(0.15)
        assert answer(line)[0] == 200


def test_an_upload_that_stands_still_leaves_nothing_behind(served: ServedApp, stage: Stage) -> None:
    path = f"/v1/models/{MODEL}/jobs"
    told = head(length=1_000_000, path=path).replace(b"application/json", b"text/csv")
    with connected(served) as line:
        line.sendall(told + b"text\n" * 1_000)
        assert all_of(line).startswith(b"HTTP/1.1 408")
    folder = stage.settings.var / "jobs"
    wait_for(lambda: not any(folder.iterdir()))


def test_an_answer_that_nobody_reads_is_given_up_and_delays_nobody(served: ServedApp) -> None:
    with Crowd(served), connected(served) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        document = b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        line.sendall(document * WAITING_REQUESTS)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and len(served.app.state.hot.places):
            try:
                line.send(b"G")
            except ConnectionError:
                break
            except TimeoutError:
                continue
            time.sleep(0.1)
        else:
            pytest.fail("the connection was still there")


def test_who_says_nothing_is_let_go(served: ServedApp) -> None:
    with connected(served) as line:
        assert all_of(line) == b""


# --- crowds -----------------------------------------------------------------------------------


def test_silent_connections_beyond_the_limit_keep_nobody_out(served: ServedApp) -> None:
    with ExitStack() as stack, Crowd(served):
        for _ in range(5):
            for _ in range(3 * int(CLIENTS["connections"])):
                connected(served, stack)
            assert asked(served) == 200


def test_half_said_heads_beyond_the_limit_keep_nobody_out(served: ServedApp) -> None:
    with ExitStack() as stack, Crowd(served):
        for _ in range(4 * int(CLIENTS["connections"])):
            connected(served, stack).sendall(b"POST / HTTP/1.1\r\nX: ")
        assert asked(served) == 200


# --- riddles ----------------------------------------------------------------------------------

HIDDEN = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
"""What is said behind a request that ends where one reader believes and another does not."""
RIDDLES = {
    "two lengths": b"Content-Length: 30\r\nContent-Length: 31\r\n",
    "a length and chunks": b"Content-Length: 30\r\nTransfer-Encoding: chunked\r\n",
    "chunks and a length": b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    "chunks that are none": b"Transfer-Encoding: xchunked\r\n",
    "chunks not last": b"Transfer-Encoding: chunked, identity\r\n",
    "chunks twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "a hidden space": b"Transfer-Encoding : chunked\r\n",
    "a folded header": b"Transfer-Encoding:\r\n chunked\r\n",
    "a signed length": b"Content-Length: +30\r\n",
    "a negative length": b"Content-Length: -1\r\n",
    "a length in hexadecimals": b"Content-Length: 0x1e\r\n",
    "a list of lengths": b"Content-Length: 30, 30\r\n",
    "a length beyond numbers": b"Content-Length: 99999999999999999999999\r\n",
    "a zero byte": b"X-A: a\0b\r\nContent-Length: 30\r\n",
    "a bare carriage return": b"X-A: a\rContent-Length: 0\r\nContent-Length: 30\r\n",
    "a nameless header": b": x\r\nContent-Length: 30\r\n",
}


@pytest.mark.parametrize("offer", [b"", b"Connection: Upgrade\r\nUpgrade: h2c\r\n"])
def test_a_request_that_could_be_read_in_two_ways_is_read_in_none(
    served: ServedApp, stage: Stage, offer: bytes
) -> None:
    told = b"POST %b HTTP/1.1\r\nHost: 127.0.0.1\r\n" % PREDICT.encode()
    told += b"Content-Type: application/json\r\n" + offer
    for name, riddle in RIDDLES.items():
        with connected(served) as line:
            line.sendall(told + riddle + b"\r\n" + b"0\r\n\r\n" + HIDDEN)
            found = until_quiet(line)
        # One refusal, and no answer to what was hidden behind.
        assert found.startswith(b"HTTP/1.1 4"), (name, found)
        assert found.count(b"HTTP/1.1 ") <= 1, (name, found)
        assert b"HTTP/1.1 200" not in found, (name, found)
        assert b"HTTP/1.1 500" not in found, (name, found)
    served.app.state.services.predictions.drain()
    assert count(stage.store) == 0


def test_trailers_are_no_headers(served: ServedApp) -> None:
    told = head(length=None, more="Transfer-Encoding: chunked\r\n")
    chunk = b"%x\r\n%b\r\n0\r\n" % (len(GOOD), GOOD)
    with connected(served) as line:
        line.sendall(told + chunk[:10])
        time.sleep(0.1)
        line.sendall(chunk[10:] + b"X-Request-Id: smuggled\r\nX-Min-Generation: 99\r\n\r\n")
        status, body = answer(line)
        assert status == 200
        assert json.loads(body)["request_id"] != "smuggled"
        line.sendall(head() + GOOD)
        assert answer(line)[0] == 200


@pytest.mark.parametrize("endless", ["trailer", "trailers", "extension", "body"])
def test_what_follows_a_head_does_not_go_on_without_end(served: ServedApp, endless: str) -> None:
    told = head(length=None, more="Transfer-Encoding: chunked\r\n")
    begun, more = {
        "trailer": (b"0\r\nX-Long: ", b"x" * 65_536),
        "trailers": (b"0\r\n", b"X-Long: 1234567890\r\n" * 4_096),
        "extension": (b"1;x=", b"x" * 65_536),
        "body": (b"", b"10000\r\n" + b" " * 65_536 + b"\r\n"),
    }[endless]
    sent, limit = 0, 10 * (WRAPPING_BYTES + DISCARDED_BYTES)
    with Crowd(served), connected(served) as line:
        line.sendall(told + begun)
        try:
            while sent < limit:
                line.sendall(more)
                sent += len(more)
        except ConnectionError:
            pass
    assert sent < limit


def test_a_request_that_nobody_has_heard_of_is_answered(served: ServedApp) -> None:
    for target in (
        b"*",
        b"//",
        b"http://evil/livez",
        b"/%00",
        b"/%ff%fe",
        b"/../../etc/passwd",
        b"/?\xff",
    ):
        for method in (b"GET", b"OPTIONS", b"TRACE", b"PROPFIND", b"CONNECT", b"HEAD", b"DELETE"):
            with connected(served) as line:
                line.sendall(b"%b %b HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % (method, target))
                found = head_of(line)
            assert found.startswith(b"HTTP/1.1 "), (method, target)
            assert int(found[9:12]) < 500, (method, target, found)


HEADERS = (
    b"X-Request-Id: " + b"a" * 60_000,
    b"X-Request-Id: a\tb",
    b"X-Request-Id: \xff\xfe",
    b"X-Min-Generation: 9" * 3,
    b"X-Min-Generation: " + b"9" * 5_000,
    b"X-Deadline-Ms: " + b"9" * 5_000,
    b"X-Unit-Id: " + b"\xff" * 1_000,
    b"Accept-Encoding: gzip;q=nan, *;q=1e999",
    b"Accept: text/html;q=\xff",
    b"Authorization: Bearer " + b"\xff" * 100,
    b"Cookie: " + b"a=b; " * 5_000,
    b"Host: evil.example",
    b"Host:",
    b"Content-Type: application/json; charset=" + b"x" * 5_000,
    b"Content-Type: \xff/\xff",
    b"If-None-Match: " + b'W/"x", ' * 5_000,
    b"Range: bytes=0-0," + b"1-1," * 3_000,
    b"traceparent: 00-" + b"f" * 500,
    b"Expect: 200-ok",
    b"\r\n".join(b"X-%d: y" % number for number in range(5_000)),
)


def test_headers_that_nobody_sends_break_nothing(served: ServedApp) -> None:
    for path in ("/livez", "/docs", "/metrics", "/v1/decisions", "/", "/v1/review/lines"):
        for header in HEADERS:
            with connected(served) as line:
                line.sendall(b"GET %b HTTP/1.1\r\n%b\r\n\r\n" % (path.encode(), header))
                require_answered(line, header)


def test_headers_that_nobody_sends_break_nothing_on_the_fast_path(served: ServedApp) -> None:
    for header in HEADERS:
        with connected(served) as line:
            line.sendall(head(more=header.decode("latin-1") + "\r\n") + GOOD)
            require_answered(line, header)
    assert asked(served) == 200


def require_answered(line: socket.socket, header: bytes) -> None:
    found = head_of(line)
    assert found.startswith(b"HTTP/1.1 "), header[:40]
    status = int(found[9:12])
    assert status < 500 or (status == 503 and b"etry-" in found), (header[:40], found[:300])
