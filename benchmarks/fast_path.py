"""Where does a request's time go? Processor time inside one process, without any network.

    cp -r HOME /tmp/copy && .venv/bin/python -m benchmarks.fast_path --home /tmp/copy \
        [--only product_codes ...] [--requests 2000] [--soak 0]

Each line is microseconds of the event loop's own thread for one request: FastAPI's no-op, then each
question on the fast path, by the documented route (the same body under another media type, which
the fast path leaves alone), and the model alone. `beside the loop` is what other threads did for
it: draining its row into the store, and answering what is not quick. `--soak N` asks the first
question N times more and prints the memory on the way.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

import psutil
import uvloop
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Scope

from benchmarks.serving.load import Request
from benchmarks.serving.noop import app as nothing
from benchmarks.serving.questions import Question, domain, generic, instances, no_op
from pipelines.settings import Settings, load_settings

ROUNDS = 5
DOCUMENTED = b"application/vnd.documented+json"
SETTLE_SECONDS = 1.5
"""The drain looks every half second."""


async def ask(app: ASGIApp, request: Request, media_type: bytes) -> int:
    """Ask once, as uvicorn does, and return the status."""
    path, _, query = request.path.partition("?")
    body = request.body.encode()
    told = [(b"content-type", media_type), (b"content-length", b"%d" % len(body))]
    scope: Scope = {
        "type": "http",
        "method": request.method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1"), *(told if body else [])],
        "state": {},
    }
    statuses = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        statuses.append(message.get("status"))

    await app(scope, receive, send)
    return int(statuses[0])


async def cost(app: ASGIApp, requests: Sequence[Request], media_type: bytes, count: int) -> float:
    """Return microseconds of this thread for one request, the median of a few rounds."""
    found = []
    for _ in range(ROUNDS):
        start = time.thread_time()
        for number in range(count // ROUNDS):
            request = requests[number % len(requests)]
            task = asyncio.get_running_loop().create_task(ask(app, request, media_type))
            status = await task
            assert status == HTTPStatus.OK, f"{request.path} was answered with {status}"
        found.append((time.thread_time() - start) / (count // ROUNDS))
    return statistics.median(found) * 1e6


def alone(app: FastAPI, settings: Settings, model: str, count: int) -> float:
    """Return microseconds of the model itself for an instance."""
    slots = app.state.services.slots
    live = slots.acquire(model, 1)
    rows = instances(settings, model)
    for row in rows[:20]:
        live.loaded.answer([row])
    start = time.thread_time()
    for number in range(count // 2):
        live.loaded.answer([rows[number % len(rows)]])
    live.release()
    return (time.thread_time() - start) / (count // 2) * 1e6


async def drained(ask_all: Callable[[], Awaitable[float]], count: int) -> tuple[float, float]:
    """Return what asking cost the loop, and the rest of the process beside it, per request."""
    whole, mine = time.process_time(), time.thread_time()
    asked = await ask_all()
    await asyncio.sleep(SETTLE_SECONDS)
    beside = (time.process_time() - whole) - (time.thread_time() - mine)
    return asked, beside / count * 1e6


async def run(app: FastAPI, settings: Settings, models: Sequence[str], count: int) -> None:
    """Print a line for each question."""
    floor = await cost(nothing, no_op(settings), b"application/json", count)
    print(f"FastAPI's no-op: {floor:.0f} us")
    print("| request | fast path | documented route | model alone | beside the loop |")
    print("| --- | --- | --- | --- | --- |")
    for model in models or settings.models:
        model_us = alone(app, settings, model, count)
        for question in (generic(settings, model), *domain(settings, model)):
            await line(app, question, model_us, count)


async def line(app: FastAPI, question: Question, model_us: float, count: int) -> None:
    """Print what one question costs both ways; a GET has only one, for it has no media type."""
    status = await ask(app, question.requests[0], b"application/json")
    if status != HTTPStatus.OK:
        print(f"| {question.name} | answered with {status} | | | |")
        return
    await cost(app, question.requests, b"application/json", 200)
    hot, beside = await drained(
        lambda: cost(app, question.requests, b"application/json", count), count
    )
    slow = "-"
    if question.requests[0].body:
        slow = f"{await cost(app, question.requests, DOCUMENTED, count):.0f}"
    told = f"{hot:.0f} | {slow} | {model_us:.0f} | {beside:.0f}"
    print(f"| {question.name} | {told} |", flush=True)


async def soak(app: FastAPI, question: Question, count: int) -> None:
    """Ask `count` times and print the process's memory ten times on the way."""
    memory = psutil.Process().memory_info
    for part in range(11):
        if part:
            await cost(app, question.requests, b"application/json", count // 10)
            await asyncio.sleep(SETTLE_SECONDS)
        print(f"{part * count // 10:>9,} requests: {memory().rss / 2**20:.1f} MB", flush=True)


async def main(given: argparse.Namespace) -> None:
    from serving.composition import build  # noqa: PLC0415 - after the environment is set

    settings = load_settings()
    app: Any = build()
    async with app.router.lifespan_context(app):
        await run(app, settings, given.only, given.requests)
        if given.soak:
            first = given.only[0] if given.only else next(iter(settings.models))
            await soak(app, generic(settings, first), given.soak)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--home", type=Path, required=True, help="written to: give a copy")
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--requests", type=int, default=2_000)
    parser.add_argument("--soak", type=int, default=0)
    asked = parser.parse_args()
    os.environ["CONTENDER_HOME"] = str(asked.home.resolve())
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    metrics = asked.home.resolve() / "var" / "run" / "metrics-fast-path"
    metrics.mkdir(parents=True, exist_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(metrics)
    uvloop.run(main(asked))
