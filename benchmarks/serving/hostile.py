"""Steady clients while hostile ones do their worst: nobody fails, and no row is lost.

    cp -r HOME /tmp/copy && .venv/bin/python -m benchmarks.serving.hostile /tmp/copy \
        [--model product_codes] [--minutes 10] [--connections 8]

The first tenth of the time is quiet, so that what the hostile clients do to the others can be told.
Each prediction id that a steady client was told is looked for in the store afterwards. (The test
`tests/integration/test_soak.py` asks for a few seconds of the same.)
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from sqlalchemy import select

from benchmarks.serving.questions import instances
from benchmarks.serving.servers import contender
from pipelines.settings import load_settings
from pipelines.store import Store, open_store, predictions

HEADERS = b"Host: 127.0.0.1\r\nContent-Type: application/json\r\n"
PAUSE_SECONDS = 0.01
CROWD = 40
"""Connections of a hostile client that comes with many."""
CHUNK = 500


@dataclass(frozen=True)
class Target:
    """Whom to ask, where, and a body that is answered."""

    port: int
    path: str
    body: bytes
    host: str = "127.0.0.1"

    def request(self, body: bytes | None = None, more: bytes = b"") -> bytes:
        """Return a request as bytes."""
        said = self.body if body is None else body
        head = b"POST %b HTTP/1.1\r\n%b" % (self.path.encode(), HEADERS)
        return head + more + b"Content-Length: %d\r\n\r\n%b" % (len(said), said)


@dataclass
class Outcome:
    """What the steady clients saw, and what the hostile ones did."""

    ids: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    quiet: list[float] = field(default_factory=list)
    disturbed: list[float] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)


Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Line]]
Hostile = Callable[[Target, Connect, random.Random], Awaitable[None]]


async def opened(target: Target) -> Line:
    """Return a new connection."""
    return await asyncio.open_connection(target.host, target.port)


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Return status and body of the next answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length")
    )
    return int(head[9:12]), await reader.readexactly(length)


async def steady(target: Target, outcome: Outcome, quiet_until: float, until: float) -> None:
    """Ask one question after another on one connection, and keep the ids that are told."""
    reader, writer = await opened(target)
    while time.monotonic() < until:
        start = time.monotonic()
        writer.write(target.request())
        status, body = await read_answer(reader)
        times = outcome.quiet if start < quiet_until else outcome.disturbed
        times.append(time.monotonic() - start)
        if status == 200:
            outcome.ids += orjson.loads(body)["prediction_ids"]
        else:
            outcome.failed.append(f"{status} {body[:200]!r}")
        await asyncio.sleep(PAUSE_SECONDS)
    writer.close()
    await writer.wait_closed()


async def dripping_head(target: Target, connect: Connect, rng: random.Random) -> None:
    """Say a request byte by byte."""
    _, writer = await connect()
    for byte in target.request():
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.05 + rng.random() / 10)


async def dripping_body(target: Target, connect: Connect, rng: random.Random) -> None:
    """Stop in the middle of a body, and drip."""
    _, writer = await connect()
    writer.write(target.request(b" " * 1_000_000)[: rng.randrange(400, 900_000)])
    await writer.drain()
    for _ in range(200):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.1)


async def silent_crowd(_target: Target, connect: Connect, rng: random.Random) -> None:
    """Come with many, and say nothing."""
    for _ in range(CROWD):
        await connect()
    await asyncio.sleep(rng.random() * 2)


async def leaving_crowd(target: Target, connect: Connect, rng: random.Random) -> None:
    """Leave in the middle of a word."""
    for _ in range(CROWD):
        _, writer = await connect()
        whole = target.request(b"{" + target.body)  # no JSON, so nothing of it is logged
        writer.write(whole[: rng.randrange(1, len(whole))])
        transport = writer.transport
        transport.abort() if rng.random() < 0.5 else transport.close()


async def garbage(_target: Target, connect: Connect, rng: random.Random) -> None:
    """Talk no HTTP at all."""
    reader, writer = await connect()
    writer.write(rng.randbytes(rng.randrange(1, 5_000)))
    writer.write_eof()
    await reader.read(65_536)


async def bombs(target: Target, connect: Connect, rng: random.Random) -> None:
    """Send what is meant to cost memory."""
    bodies = (
        b"[" * 200_000,
        b'{"instances": [' + b"[]," * 1_000_000 + b"[]]}",
        b'{"instances": ' + b"[" * 900 + b"]" * 900 + b"}",
        b"\0" * 500_000,
        b'{"instances": [{"text": "' + b"x" * 2_000_000 + b'"}]}',
    )
    reader, writer = await connect()
    writer.write(target.request(rng.choice(bodies)))
    status, _ = await read_answer(reader)
    assert status != 200, "a bomb was answered"
    packed = gzip.compress(b" " * 10_000_000)
    writer.write(target.request(packed, b"Content-Encoding: gzip\r\n"))
    await read_answer(reader)


async def endless(target: Target, connect: Connect, rng: random.Random) -> None:
    """Add trailers, or an extension of a chunk, without end."""
    _, writer = await connect()
    begun = b"POST %b HTTP/1.1\r\n%b" % (target.path.encode(), HEADERS)
    writer.write(begun + b"Transfer-Encoding: chunked\r\n\r\n" + rng.choice((b"0\r\n", b"1;x=")))
    for _ in range(40):
        writer.write(b"X-More: yes\r\n" * 5_000)
        await writer.drain()


async def deaf(_target: Target, connect: Connect, rng: random.Random) -> None:
    """Ask for much, and read nothing."""
    _, writer = await connect()
    writer.write(b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 20)
    await asyncio.sleep(rng.random() * 3)
    writer.transport.abort()


HOSTILE: dict[str, Hostile] = {
    "drip their heads": dripping_head,
    "drip their bodies": dripping_body,
    "say nothing": silent_crowd,
    "leave in the middle": leaving_crowd,
    "talk nonsense": garbage,
    "send bombs": bombs,
    "never end": endless,
    "do not listen": deaf,
}


async def nuisance(
    name: str, target: Target, outcome: Outcome, rng: random.Random, until: float
) -> None:
    """Do one hostile thing again and again; being thrown out is what it deserves."""
    lines: list[asyncio.StreamWriter] = []

    async def connect() -> Line:
        reader, writer = await opened(target)
        lines.append(writer)
        return reader, writer

    while time.monotonic() < until:
        with suppress(ConnectionError, EOFError, OSError, ValueError, StopIteration, TimeoutError):
            async with asyncio.timeout(max(0.1, until - time.monotonic())):
                await HOSTILE[name](target, connect, rng)
        while lines:
            writer = lines.pop()
            writer.close()
            writer.transport.abort()
        outcome.done[name] += 1
        await asyncio.sleep(0.05)


async def soak(
    target: Target, *, seconds: float, quiet_seconds: float, connections: int, seed: int = 7
) -> Outcome:
    """Return what steady clients saw, quietly first and then beside every hostile one."""
    outcome = Outcome()
    start = time.monotonic()
    quiet_until, until = start + quiet_seconds, start + seconds
    asking = [
        asyncio.create_task(steady(target, outcome, quiet_until, until)) for _ in range(connections)
    ]
    await asyncio.sleep(quiet_seconds)
    await asyncio.gather(
        *(
            nuisance(name, target, outcome, random.Random(seed + number), until)
            for number, name in enumerate(HOSTILE)
        )
    )
    await asyncio.gather(*asking)
    await asyncio.sleep(0.2)  # for connections to be closed
    return outcome


def p99(times: Sequence[float]) -> float:
    """Return the 99th percentile in milliseconds."""
    return sorted(times)[int(len(times) * 0.99)] * 1000 if times else float("nan")


def lost(store: Store, ids: Sequence[str]) -> list[str]:
    """Return those of the ids that were told to clients and are not in the store."""
    found: set[str] = set()
    with store.read() as connection:
        for start in range(0, len(ids), CHUNK):
            some = predictions.c.prediction_id.in_(ids[start : start + CHUNK])
            found |= set(connection.scalars(select(predictions.c.prediction_id).where(some)))
    return [name for name in ids if name not in found]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("home", type=Path)
    parser.add_argument("--model", default="product_codes")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--connections", type=int, default=8)
    given = parser.parse_args()
    settings = load_settings({"CONTENDER_HOME": str(given.home.resolve())})
    seconds = given.minutes * 60
    body = orjson.dumps({"instances": instances(settings, given.model, 1)})
    with contender(settings.home, settings.var / "logs") as server:
        target = Target(server.port, f"/v1/models/{given.model}/predict", body)
        outcome = asyncio.run(
            soak(
                target,
                seconds=seconds,
                quiet_seconds=seconds / 10,
                connections=given.connections,
            )
        )
    store = open_store(settings.store_url)
    missing = lost(store, outcome.ids)
    store.close()
    answers = len(outcome.quiet) + len(outcome.disturbed)
    print(f"{answers:,} answers in {seconds:.0f} s, {len(outcome.failed)} failed, ", end="")
    print(f"{len(outcome.ids):,} rows told, {len(missing)} of them lost")
    print(f"p99 {p99(outcome.quiet):.1f} ms quietly, {p99(outcome.disturbed):.1f} ms beside:")
    for name, times in sorted(outcome.done.items()):
        print(f"  {times:,} times clients that {name}")
    if missing or outcome.failed:
        raise SystemExit(f"lost {missing[:5]}, failed {outcome.failed[:5]}")


if __name__ == "__main__":
    main()
