"""What a start takes and what stays in memory: all champions, without the forest, each alone."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.serving.home import copy_of, serving_only
from benchmarks.serving.load import Request
from benchmarks.serving.measuring import measure
from benchmarks.serving.questions import generic
from benchmarks.serving.sections import Section
from benchmarks.serving.servers import Server, contender, noop
from pipelines.settings import Settings

STARTS = 3
HEADINGS = ("served", "ready s (each start)", "MB when ready", "MB after load")
FOREST = "product_categories"


def measured(settings: Settings, logs: Path) -> Section:
    """Return start-up times and memory, each the median of three starts."""
    copied = copy_of(settings, "start-up")
    models = tuple(settings.models)
    rows = [["FastAPI no-op", *_figures([noop(logs) for _ in range(STARTS)], {})]]
    sets: Mapping[str, Sequence[str]] = {
        f"all {len(models)} champions": models,
        "without the forest": [model for model in models if model != FOREST],
        **{f"{model} alone": [model] for model in models},
        "none": [],
    }
    for title, chosen in sets.items():
        subset = serving_only(copied, chosen)
        servers = [contender(subset.home, logs) for _ in range(STARTS)]
        asked = {model: generic(subset, model, 100).requests for model in chosen}
        rows.append([title, *_figures(servers, asked)])
        print(" | ".join(rows[-1]), flush=True)
    return Section("start-up", HEADINGS, rows, notes=[MEANING])


def _figures(servers: Sequence[Server], asked: Mapping[str, Sequence[Request]]) -> list[str]:
    seconds, fresh, used = [], [], []
    for server in servers:
        with server:
            seconds.append(server.start_seconds)
            fresh.append(server.memory_megabytes)
            for requests in asked.values():
                measure(server, requests, 16, 1.0)
            used.append(server.memory_megabytes)
    each = ", ".join(f"{value:.2f}" for value in seconds)
    median = statistics.median(seconds)
    return [
        f"{median:.2f} ({each})",
        f"{statistics.median(fresh):.0f}",
        f"{statistics.median(used):.0f}",
    ]


MEANING = (
    "Ready is the first 200 of `/readyz`, from the start of the process, packages in the cache and "
    "files in the page cache. Memory is PSS of all processes of the server."
)
