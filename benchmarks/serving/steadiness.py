"""Swaps under full load, and the long run: millions of requests, hundreds of swaps, no row lost."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.serving.home import BETTER, copy_of, registry, serving_only
from benchmarks.serving.load import Load, Outcome, Request
from benchmarks.serving.measuring import apply
from benchmarks.serving.questions import generic
from benchmarks.serving.sections import Section
from benchmarks.serving.servers import Server, contender
from benchmarks.serving.swapping import Champions, under_load
from pipelines import prediction_log
from pipelines.settings import Settings
from pipelines.store import open_store

SWAP_SECONDS, EVERY_SECONDS = 15.0, 2.0
LOADS: Sequence[int] = (1, 64)
SWAP_HEADINGS = (
    "model, connections",
    "swaps seen",
    "answered",
    "failed",
    "p99 ms: without / with",
    "longest ms: without / with",
    "silent ms: without / with",
)
SOAK_HEADINGS = (
    "requests answered",
    "failed",
    "swaps",
    "minutes",
    "MB at the start / middle / end",
    "growth",
    "rows in the prediction log",
    "longest ms",
)
SAMPLE_SECONDS = 2.0
WARM = 0.1
"""The first part of a long run is not held against its memory: caches fill."""


def swaps(settings: Settings, logs: Path) -> Section:
    """Return what clients notice of an alias that moves every two seconds."""
    rows: list[list[str]] = []
    figures: dict[str, float] = {}
    for model, _ in BETTER:
        copied = serving_only(copy_of(settings, "swaps", registry=True), [model])
        asked = generic(copied, model).requests
        with registry(copied, logs), contender(copied.home, logs) as server:
            champions = Champions(server.port, model)
            for connections in LOADS:
                line, more = _swap_line(server, champions, asked, connections)
                rows.append(line)
                figures |= more
                print(" | ".join(rows[-1]), flush=True)
    return Section("swaps", SWAP_HEADINGS, rows, notes=[SWAP_MEANING], figures=figures)


def _swap_line(
    server: Server, champions: Champions, asked: Sequence[Request], connections: int
) -> tuple[list[str], dict[str, float]]:
    moves = champions.moves
    calm = under_load(server, asked, connections, SWAP_SECONDS, None)
    _, before = champions.served()
    moved = under_load(server, asked, connections, SWAP_SECONDS, champions.move, EVERY_SECONDS)
    _, after = champions.served()
    name = f"{champions.model}, {connections}"
    figures = {
        f"{name}: failed": float(moved.failed),
        f"{name}: longest without": calm.longest_ms,
        f"{name}: longest with": moved.longest_ms,
    }
    line = [
        name,
        f"{after - before} of {champions.moves - moves}",
        f"{moved.total:,}",
        f"{calm.failed} / {moved.failed}" if calm.failed else str(moved.failed),
        *(
            f"{getattr(calm, figure):.1f} / {getattr(moved, figure):.1f}"
            for figure in ("p99_ms", "longest_ms", "silence_ms")
        ),
    ]
    return line, figures


@dataclass
class Watch:
    """Memory over a long run, and swaps spread over it, from a thread."""

    server: Server
    move: Callable[[], None]
    swaps: int
    seconds: float
    samples: list[float] = field(default_factory=list)
    moved: int = 0
    problems: list[str] = field(default_factory=list)

    def run(self, over: threading.Event) -> None:
        """Sample and swap until `over`."""
        began = time.monotonic()
        sampled = 0.0
        pause = min(SAMPLE_SECONDS, self.seconds / max(self.swaps, 1)) / 4
        while not over.wait(pause):
            passed = time.monotonic() - began
            if passed - sampled >= SAMPLE_SECONDS:
                sampled = passed
                self.samples.append(self.server.memory_megabytes)
            if self.moved < self.swaps * min(1.0, passed / self.seconds):
                try:
                    self.move()
                    self.moved += 1
                except (OSError, RuntimeError) as error:
                    self.problems.append(str(error)[:200])


def soak(
    settings: Settings, logs: Path, *, requests: int, swaps: int, minutes: float, model: str
) -> Section:
    """Return what a long run under full load costs in memory and in rows.

    It ends after `requests` answers or after `minutes`, whichever is first.
    """
    copied = serving_only(copy_of(settings, "soak", registry=True), [model])
    asked = generic(copied, model).requests
    before = _rows(copied, model)
    # Hundreds of swaps in few minutes: none waits for the load to leave the registry a moment.
    with registry(copied, logs, niceness=0), contender(copied.home, logs) as server:
        first = apply(Load(server.port, asked, 64, 3.0))
        seconds = min(minutes * 60, requests / first.rate)
        champions = Champions(server.port, model)
        watch = Watch(server, champions.move, swaps, seconds * 0.95)
        _, begun = champions.served()
        load = Load(server.port, asked, 64, minutes * 60, limit=requests - first.total)
        outcome = _long(load, watch)
        _, ended = champions.served()
    # The server has stopped by now, and has drained its log.
    rows = _rows(copied, model) - before
    return _soaked(outcome, watch, ended - begun, first.total, rows)


def _rows(settings: Settings, model: str) -> int:
    store = open_store(settings.store_url)
    try:
        return prediction_log.count(store, model)
    finally:
        store.close()


def _long(load: Load, watch: Watch) -> Outcome:
    over = threading.Event()
    thread = threading.Thread(target=watch.run, args=(over,))
    thread.start()
    try:
        return apply(load)
    finally:
        over.set()
        thread.join()


def _soaked(outcome: Outcome, watch: Watch, swapped: int, first: int, rows: int) -> Section:
    samples = watch.samples[int(len(watch.samples) * WARM) :] or [float("nan")]
    part = max(1, len(samples) // 10)
    start, end = statistics.median(samples[:part]), statistics.median(samples[-part:])
    line = [
        f"{first + outcome.total:,}",
        f"{outcome.failed}",
        f"{swapped} of {watch.moved}",
        f"{outcome.seconds / 60:.1f}",
        f"{start:.0f} / {statistics.median(samples):.0f} / {end:.0f}",
        f"{100 * (end / start - 1):+.1f} %",
        f"{rows:,}",
        f"{outcome.longest_ms:.0f}",
    ]
    print(" | ".join(line), flush=True)
    refused = [f"A swap was refused: {problem}" for problem in sorted(set(watch.problems))]
    figures = {
        "answered": float(first + outcome.total),
        "failed": float(outcome.failed),
        "swaps": float(swapped),
        "growth %": 100 * (end / start - 1),
        "rows": float(rows),
    }
    notes = [SOAK_MEANING, *refused]
    return Section("soak", SOAK_HEADINGS, [line], notes=notes, figures=figures)


SWAP_MEANING = (
    f"Each line is {SWAP_SECONDS:.0f} s without and {SWAP_SECONDS:.0f} s with a rollback every "
    f"{EVERY_SECONDS:.0f} s, from one version to the other and back: a decision, the alias in "
    "MLflow, and the swap. Longest is one request's time, its wait in the closed loop included; "
    "silent is the longest time in which nobody was answered."
)
SOAK_MEANING = (
    "64 connections in a closed loop. Answered is counted by the client, rows by the store when "
    "the server has stopped. Memory is PSS, medians of the first tenth, of all and of the last "
    "tenth of the samples, the first tenth of the time left out."
)
