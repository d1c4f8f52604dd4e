"""What a start takes and what stays in memory: all champions, without the forest, each alone."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.serving.home import copy_of, serving_only
from benchmarks.serving.load import Request
from benchmarks.serving.measuring import measure
from benchmarks.serving.questions import generic
from benchmarks.serving.sections import Section
from benchmarks.serving.servers import Server, contender, noop
from pipelines.settings import Settings

STARTS = 3
HEADINGS = ("served", "ready s (each start)", "CPU s", "MB when ready", "MB after load")
FOREST = "product_categories"
ALL, LIGHT = "all champions", "without the forest"


@dataclass(frozen=True)
class Start:
    """One start: seconds on the clock and of the processor until ready, megabytes, and later."""

    seconds: float
    cpu_seconds: float
    fresh: float
    used: float


def measured(settings: Settings, logs: Path) -> Section:
    """Return start-up times and memory, each the median of three starts."""
    copied = copy_of(settings, "start-up")
    models = tuple(settings.models)
    sets: Mapping[str, Sequence[str]] = {
        ALL: models,
        LIGHT: [model for model in models if model != FOREST],
        **{f"{model} alone": [model] for model in models},
        "none": [],
    }
    found = {"FastAPI no-op": [_start(noop(logs), {}) for _ in range(STARTS)]}
    for title, chosen in sets.items():
        subset = serving_only(copied, chosen)
        asked = {model: generic(subset, model, 100).requests for model in chosen}
        found[title] = [_start(contender(subset.home, logs), asked) for _ in range(STARTS)]
        print(" | ".join([title, *_told(found[title])]), flush=True)
    figures = {
        f"{title}: {figure}": _middle(found[title], figure)
        for title in (ALL, LIGHT)
        for figure in ("seconds", "cpu_seconds", "fresh", "used")
    }
    rows = [[title, *_told(starts)] for title, starts in found.items()]
    return Section("start-up", HEADINGS, rows, notes=[MEANING], figures=figures)


def _start(server: Server, asked: Mapping[str, Sequence[Request]]) -> Start:
    with server:
        cpu, fresh = server.cpu_seconds, server.memory_megabytes
        for requests in asked.values():
            measure(server, requests, 16, 1.0)
        return Start(server.start_seconds, cpu, fresh, server.memory_megabytes)


def _middle(starts: Sequence[Start], figure: str) -> float:
    return statistics.median(float(getattr(start, figure)) for start in starts)


def _told(starts: Sequence[Start]) -> list[str]:
    each = ", ".join(f"{start.seconds:.2f}" for start in starts)
    return [
        f"{_middle(starts, 'seconds'):.2f} ({each})",
        f"{_middle(starts, 'cpu_seconds'):.2f}",
        f"{_middle(starts, 'fresh'):.0f}",
        f"{_middle(starts, 'used'):.0f}",
    ]


MEANING = (
    "Ready is the first 200 of `/readyz`, counted from the start of the process, with packages in "
    "the cache and files in the page cache. Memory is PSS of all processes of the server."
)
