"""What a job does in a second, and what the API's answers feel of it.

    python -m benchmarks.serving.jobs HOME        a copy of a home folder: it is written to

The server has one core, the load the other, and the job worker may use either: so it is in the way
of both, as it is on any machine that has no core to spare.
"""

from __future__ import annotations

import argparse
import csv
import http.client
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from benchmarks.serving.machine import SERVER_CORE, cpu_seconds, load_average, pss_megabytes
from benchmarks.serving.measuring import Cell, measure, middle
from benchmarks.serving.questions import generic, instances
from benchmarks.serving.servers import ONE_THREAD, ROOT, Server, contender
from pipelines.settings import Settings, load_settings

MODEL = "product_codes"
ROWS = 100_000
LOOK_SECONDS = 0.1
HEADINGS = (
    "| conn. | beside it | req/s | p50 ms | p99 ms | ÷ no job | longest ms | failed | rows/s |"
)


def insist(pid: int) -> None:
    """Give a worker the same right to a core as everybody; the system may forbid it."""
    os.sched_setscheduler(pid, os.SCHED_OTHER, os.sched_param(0))
    psutil.Process(pid).nice(0)
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text("0", encoding="ascii")


WAYS: Mapping[str, Callable[[int], None]] = {
    "no job": lambda _pid: None,
    "job": lambda _pid: None,
    "job on the API's core": lambda pid: os.sched_setaffinity(pid, {SERVER_CORE}),
    "job that does not give way": insist,
}


def main() -> None:
    # Ended from outside, it leaves no server and no worker behind.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(143))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 16])
    asked = parser.parse_args()
    settings = load_settings({"CONTENDER_HOME": str(asked.home)})
    body = texts(settings, asked.rows)
    with contender(settings.home, settings.var / "logs") as server:
        latency(settings, server, texts(settings, ROWS), asked)
        throughput(settings, server, body, asked.rows)


def throughput(settings: Settings, server: Server, body: bytes, rows: int) -> None:
    """Print how fast one job is while nothing else is asked."""
    with worker(settings) as process:
        idle = pss_megabytes(process.pid)
        began, spent = time.perf_counter(), cpu_seconds(process.pid)
        job = submitted(server, body)
        memory = 0.0
        while job["state"] in ("queued", "running"):
            time.sleep(LOOK_SECONDS)
            memory = max(memory, pss_megabytes(process.pid))
            job = asked_for(server, f"/v1/jobs/{job['job_id']}")
        seconds, spent = time.perf_counter() - began, cpu_seconds(process.pid) - spent
        assert (job["state"], job["rows_done"]) == ("done", rows), job
        print(
            f"{rows:,} rows: {rows / seconds:,.0f} rows/s from upload to result, "
            f"{rows / spent:,.0f} rows per second of processor time, "
            f"{idle:.0f} MB idle, {memory:.0f} MB at most; {load_average()}"
        )


def latency(settings: Settings, server: Server, body: bytes, asked: argparse.Namespace) -> None:
    """Print the API's times with and without a job, in turn."""
    question = generic(settings, MODEL)
    cells: dict[tuple[int, str], list[Cell]] = {}
    rates: dict[tuple[int, str], list[float]] = {}
    for _ in range(asked.rounds):
        for clients in asked.connections:
            for name, change in WAYS.items():
                with busy(settings, server, body if name != "no job" else b"", change) as progress:
                    before, began = progress(), time.perf_counter()
                    cell = measure(server, question.requests, clients, asked.seconds)
                    done = progress() - before
                cells.setdefault((clients, name), []).append(cell)
                rates.setdefault((clients, name), []).append(done / (time.perf_counter() - began))
    print(
        "| conn. | beside it | req/s | p50 ms | p99 ms | ÷ no job | longest ms | failed | rows/s |"
    )
    print("| --- " * 9 + "|")
    for (clients, name), found in cells.items():
        alone = middle(cells[clients, "no job"], "p99_ms")
        figures = [
            f"{middle(found, 'rate'):,.0f}",
            f"{middle(found, 'p50_ms'):.2f}",
            f"{middle(found, 'p99_ms'):.1f}",
            f"{middle(found, 'p99_ms') / alone:.2f}",
            f"{max(cell.outcome.longest_ms for cell in found):.0f}",
            str(sum(cell.outcome.failed for cell in found)),
            f"{sum(rates[clients, name]) / len(found):,.0f}",
        ]
        print("| " + " | ".join([str(clients), name, *figures]) + " |")
    print(
        f"\nmedians of {asked.rounds} rounds of {asked.seconds:g} s; {load_average()}\n", flush=True
    )


@contextmanager
def busy(
    settings: Settings, server: Server, body: bytes, change: Callable[[int], None]
) -> Iterator[Callable[[], int]]:
    """Have a worker in the middle of a job, or none where there is no body; yields its progress."""
    if not body:
        yield lambda: 0
        return
    with worker(settings) as process:
        change(process.pid)
        path = f"/v1/jobs/{submitted(server, body)['job_id']}"
        while asked_for(server, path)["rows_done"] == 0:
            time.sleep(LOOK_SECONDS)
        yield lambda: int(asked_for(server, path)["rows_done"])
        assert asked_for(server, path)["state"] == "running", "the job was too short to measure"
        _request(server, "DELETE", path)


@contextmanager
def worker(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """Run a job worker of the home as `contender up` does."""
    ready = settings.var / "run" / "jobs.ready"
    ready.unlink(missing_ok=True)
    with (settings.var / "logs" / "jobs.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "serving.job_worker"],
            env={**os.environ, **ONE_THREAD, "CONTENDER_HOME": str(settings.home)},
            cwd=ROOT,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        while not ready.exists():
            assert process.poll() is None, "the worker did not start; see var/logs/jobs.log"
            time.sleep(LOOK_SECONDS)
        yield process
    finally:
        process.terminate()
        process.wait()


def texts(settings: Settings, count: int) -> bytes:
    """Return a CSV file of different texts, made from those that the model learns from."""
    known = [str(row["description"]) for row in instances(settings, MODEL, count)]
    stream = io.StringIO()
    lines = csv.writer(stream)
    lines.writerow(["number", "description"])
    for number in range(count):
        lines.writerow([number, f"{known[number % len(known)]} {number // len(known)}"])
    return stream.getvalue().encode()


def submitted(server: Server, body: bytes) -> dict[str, object]:
    """Hand in a CSV file."""
    path = f"/v1/models/{MODEL}/jobs"
    return _request(server, "POST", path, body, {"Content-Type": "text/csv"})


def asked_for(server: Server, path: str) -> dict[str, object]:
    """Return what stands at a path."""
    return _request(server, "GET", path)


def _request(
    server: Server,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> dict[str, object]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        said = response.read()
        assert response.status < 300, said
        return json.loads(said) if said else {}
    finally:
        connection.close()


if __name__ == "__main__":
    main()
