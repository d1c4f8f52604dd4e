"""A load generator: a closed loop of connections that ask one request after the other.

Each connection is kept alive and has one request under way at a time, in rotation over the given
requests. When the time is over nothing more is asked, and what is under way is waited for, so
`total` is exactly how many answers the server gave.

    python -m benchmarks.serving.load --core 1 < load.json     prints the outcome as JSON
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
import time
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import cycle, pairwise
from math import ceil
from typing import cast

import httptools
import uvloop

from benchmarks.serving.machine import pin

PAUSE_SECONDS = 0.02
"""How long a connection that was lost waits before it is tried again."""
SLOWEST = 20


@dataclass(frozen=True)
class Request:
    """One request as it is written down; `body` is JSON text, empty for none."""

    method: str
    path: str
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def wire(self, host: str) -> bytes:
        """Return the bytes that go out."""
        body = self.body.encode()
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {host}", "Accept: */*"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if body:
            if "Content-Type" not in self.headers:
                lines.append("Content-Type: application/json")
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(frozen=True)
class Load:
    """What to ask of whom, how many at once and for how long; `limit` answers end it early."""

    port: int
    requests: Sequence[Request]
    connections: int
    seconds: float
    warm_up_seconds: float = 0.5
    timeout_seconds: float = 30.0
    limit: int = 0
    samples: int = 0
    """How many answers to hand back, at most one of each request."""
    host: str = "127.0.0.1"


@dataclass(frozen=True)
class Outcome:
    """What came of it: times are of answers that ended in the measured seconds."""

    answered: int
    seconds: float
    p50_ms: float
    p99_ms: float
    longest_ms: float
    total: int
    """Good answers, those of the warm-up and of the end included."""
    failures: Mapping[str, int]
    """Everything that was not answered with 2xx, from the first request to the last."""
    silence_ms: float
    """The longest time in which no request at all was answered well."""
    slowest: Sequence[tuple[float, float]]
    """(Second of its end since the measuring began, milliseconds) of the slowest answers."""
    samples: Mapping[str, str]
    """Answers by the place of their request in the list."""
    busy: float
    """Share of one core that the generator itself used; near 1 it is what limits."""

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds

    @property
    def failed(self) -> int:
        """How many requests failed."""
        return sum(self.failures.values())


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest value that at least `share` of the ordered values do not exceed."""
    if not ordered:
        return float("nan")
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


class Tally:
    """Counts what happens, and says what is asked next."""

    def __init__(self, load: Load, began: float) -> None:
        self.load = load
        self.wires = [request.wire(f"{load.host}:{load.port}") for request in load.requests]
        self._rotation = cycle(range(len(self.wires)))
        self.from_ = began + load.warm_up_seconds
        self.until = self.from_ + load.seconds
        self.stopping = False
        self.total = 0
        self.failures: Counter[str] = Counter()
        self.samples: dict[str, str] = {}
        self._times, self._ends = array("d"), array("d")

    def next(self) -> int:
        """Return the place of the request that is asked now."""
        return next(self._rotation)

    def answered(self, place: int, status: int, began: float, now: float, body: bytes) -> None:
        """Count one answer."""
        if not 200 <= status < 300:
            self.failures[f"status {status}"] += 1
            return
        self.total += 1
        if self.from_ <= now < self.until and not self.stopping:
            self._times.append(now - began)
            self._ends.append(now - self.from_)
        if len(self.samples) < self.load.samples:
            self.samples.setdefault(str(place), body.decode())
        if self.load.limit and self.total >= self.load.limit:
            self.stopping = True

    def outcome(self, ended: float, busy: float) -> Outcome:
        """Return what was measured until `ended`."""
        ordered = sorted(self._times)
        slowest = sorted(zip(self._times, self._ends, strict=True), reverse=True)[:SLOWEST]
        seconds = max(min(ended, self.until) - self.from_, 1e-9)
        moments = [0.0, *self._ends, seconds]
        return Outcome(
            answered=len(ordered),
            seconds=seconds,
            p50_ms=1000 * percentile(ordered, 0.5),
            p99_ms=1000 * percentile(ordered, 0.99),
            longest_ms=1000 * percentile(ordered, 1.0),
            total=self.total,
            failures=dict(self.failures),
            silence_ms=1000 * max(after - before for before, after in pairwise(moments)),
            slowest=[(end, 1000 * taken) for taken, end in slowest],
            samples=self.samples,
            busy=busy,
        )


class Connection(asyncio.Protocol):
    """One connection: asks, waits for the whole answer, asks again."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._parser = httptools.HttpResponseParser(self)
        self._body = bytearray()
        self.waiting = False
        self.began = 0.0
        self.lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no asyncio.Transport to isinstance.
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def _ask(self) -> None:
        if self._tally.stopping:
            self._transport.close()
            return
        self._place = self._tally.next()
        self._body.clear()
        self.waiting = True
        self.began = time.perf_counter()
        self._transport.write(self._tally.wires[self._place])

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.give_up("an answer that is not HTTP")

    def on_body(self, part: bytes) -> None:
        self._body += part

    def on_message_complete(self) -> None:
        now = time.perf_counter()
        self.waiting = False
        status = self._parser.get_status_code()
        self._tally.answered(self._place, status, self.began, now, bytes(self._body))
        if self._parser.should_keep_alive():
            self._ask()
        else:
            self._transport.close()

    def give_up(self, why: str) -> None:
        """Count the request under way as failed and leave the connection."""
        if self.waiting:
            self.waiting = False
            self._tally.failures[why] += 1
        self._transport.abort()

    def connection_lost(self, _error: Exception | None) -> None:
        if self.waiting:
            self.waiting = False
            self._tally.failures["connection lost"] += 1
        if not self.lost.done():
            self.lost.set_result(None)


async def _keep_asking(tally: Tally, living: set[Connection]) -> None:
    """Hold one connection, and open it again when it is lost."""
    loop = asyncio.get_running_loop()
    load = tally.load
    while not tally.stopping:
        try:
            _, connection = await loop.create_connection(
                lambda: Connection(tally), load.host, load.port
            )
        except OSError:
            tally.failures["no connection"] += 1
            await asyncio.sleep(PAUSE_SECONDS)
            continue
        living.add(connection)
        await connection.lost
        living.discard(connection)


async def _watch(tally: Tally, living: set[Connection]) -> None:
    """End the run in time, and requests that nobody answers."""
    while True:
        await asyncio.sleep(0.01)
        now = time.perf_counter()
        if now >= tally.until:
            tally.stopping = True
        for connection in list(living):
            if connection.waiting and now - connection.began > tally.load.timeout_seconds:
                connection.give_up("no answer in time")


async def ask(load: Load) -> Outcome:
    """Put the load on and return what came of it."""
    began, cpu = time.perf_counter(), time.process_time()
    tally = Tally(load, began)
    living: set[Connection] = set()
    watching = asyncio.create_task(_watch(tally, living))
    await asyncio.gather(*(_keep_asking(tally, living) for _ in range(load.connections)))
    watching.cancel()
    ended = time.perf_counter()
    return tally.outcome(ended, (time.process_time() - cpu) / (ended - began))


def load_of(document: Mapping[str, object]) -> Load:
    """Return the load that `asdict` made a document of."""
    requests = document["requests"]
    assert isinstance(requests, list)
    return Load(**{**document, "requests": [Request(**each) for each in requests]})  # type: ignore[arg-type]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--core", type=int, default=1)
    pin(parser.parse_args().core)
    load = load_of(json.load(sys.stdin))
    gc.collect()
    gc.freeze()
    gc.disable()  # its pauses would be read as the server's
    json.dump(asdict(uvloop.run(ask(load))), sys.stdout)


if __name__ == "__main__":
    main()
