"""One cell of a table: load on a server, and beside it what the machine did."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from benchmarks.serving.load import Load, Outcome, Request
from benchmarks.serving.machine import LOAD_CORE, SERVER_CORE, core_clock
from benchmarks.serving.servers import ROOT, Server

SECONDS = 2.0


@dataclass(frozen=True)
class Cell:
    """What one server did under one load."""

    outcome: Outcome
    cpu_rate: float
    """Answers for each second of processor time that the server's processes took."""
    others: float
    """Share of the server's core that something else used."""


def measure(
    server: Server,
    requests: Sequence[Request],
    connections: int,
    seconds: float = SECONDS,
    *,
    limit: int = 0,
    samples: int = 0,
) -> Cell:
    """Put load on a server from another core."""
    load = Load(server.port, requests, connections, seconds, limit=limit, samples=samples)
    clock, cpu = core_clock(SERVER_CORE), server.cpu_seconds
    outcome = apply(load)
    spent = max(server.cpu_seconds - cpu, 1e-9)
    now = core_clock(SERVER_CORE)
    others = (now.busy - clock.busy - spent) / max(now.whole - clock.whole, 1e-9)
    return Cell(outcome, outcome.total / spent, min(max(others, 0.0), 1.0))


def apply(load: Load) -> Outcome:
    """Run the load generator in a process of its own, on its own core."""
    with started(load) as process:
        return finished(process)


def started(load: Load) -> subprocess.Popen[str]:
    """Start the load generator and return at once; `finished` awaits it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.serving.load", "--core", str(LOAD_CORE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(asdict(load)))
    process.stdin.close()
    process.stdin = None
    return process


def finished(process: subprocess.Popen[str]) -> Outcome:
    """Wait for a load generator and return what it measured."""
    said, _ = process.communicate()
    if process.returncode:
        raise RuntimeError("the load generator failed; its error is above")
    return Outcome(**json.loads(said))


@dataclass(frozen=True)
class Side:
    """One server in a comparison: its name and what it is asked."""

    name: str
    server: Server
    requests: Sequence[Request]


def in_turn(
    sides: Sequence[Side], connections: int, *, rounds: int, seconds: float
) -> dict[str, list[Cell]]:
    """Measure servers one after the other, several times round.

    What else the machine does meets them all: ratios hold where single figures do not.
    """
    found: dict[str, list[Cell]] = {side.name: [] for side in sides}
    for _ in range(rounds):
        for side in sides:
            found[side.name].append(measure(side.server, side.requests, connections, seconds))
    return found


def middle(cells: Sequence[Cell], figure: str) -> float:
    """Return the median of a figure over the rounds: of the outcome, or of the cell itself."""
    return statistics.median(
        float(getattr(cell if hasattr(cell, figure) else cell.outcome, figure)) for cell in cells
    )


def ratio(cells: Sequence[Cell], others: Sequence[Cell], figure: str = "rate") -> float:
    """Return the median over the rounds of one server's figure over another's."""
    return statistics.median(
        middle([mine], figure) / max(middle([other], figure), 1e-9)
        for mine, other in zip(cells, others, strict=True)
    )
