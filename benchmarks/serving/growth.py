"""How cost grows: with codes, with items, with models in one process, with workers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.serving.enlarged import codes, enthrone, items
from benchmarks.serving.home import copy_of, serving_only
from benchmarks.serving.load import Request
from benchmarks.serving.measuring import Side, in_turn, middle, ratio
from benchmarks.serving.questions import generic, no_op
from benchmarks.serving.sections import Section
from benchmarks.serving.servers import Server, contender, noop
from pipelines.settings import Settings, load_settings

CODES, RECOMMENDATIONS = "product_codes", "product_recommendations"
CODE_COUNTS = (10, 100, 1_000, 10_000)
ITEM_COUNTS = (1_000, 10_000, 100_000, 500_000)
MODEL_COUNTS = (1, 2, 4, 8, 16)
ROUNDS, SECONDS = 2, 1.5
HEADINGS = (
    "what",
    "1 conn.: p50 / p99 ms",
    "64 conn.: req/s",
    "÷ no-op",
    "req/CPU s",
    "ready s",
    "MB",
    "failed",
)


@dataclass(frozen=True)
class Size:
    """One size: what has to be champion, and what is asked."""

    title: str
    settings: Settings
    requests: Sequence[Request]
    workers: int = 1


def measured(settings: Settings, logs: Path) -> Section:
    """Return one line for each size."""
    rows = []
    with noop(logs) as nothing:
        floor = Side("no-op", nothing, no_op(settings))
        for size in _sizes(settings):
            with _served(size, logs) as server:
                rows.append(_line(size, server, floor))
                print(" | ".join(rows[-1]), flush=True)
    return Section("growth", HEADINGS, rows, notes=[MEANING])


def _sizes(settings: Settings) -> Iterator[Size]:
    changes: Mapping[str, tuple[str, Callable[[int], Callable[[Path], None]], Sequence[int]]] = {
        CODES: ("codes", codes, CODE_COUNTS),
        RECOMMENDATIONS: ("items", items, ITEM_COUNTS),
    }
    for model, (unit, change, counts) in changes.items():
        for count in counts:
            copied = serving_only(copy_of(settings, "growth"), [model])
            enthrone(copied, model, model, change(count))
            yield Size(f"{count:,} {unit}", copied, generic(copied, model).requests)
    yield from _many_models(settings)
    for workers in (1, 2):
        copied = serving_only(copy_of(settings, "growth"), [CODES])
        title = f"{workers} worker{'s' * (workers > 1)} on one core"
        yield Size(title, copied, generic(copied, CODES).requests, workers)


def _many_models(settings: Settings) -> Iterator[Size]:
    for count in MODEL_COUNTS:
        copied = copy_of(settings, "growth")
        asked = generic(copied, CODES).requests
        names = [CODES, *(f"codes_{number}" for number in range(2, count + 1))]
        for name in names[1:]:
            enthrone(copied, name, CODES, lambda _compiled: None)
        file = copied.home / "contender.toml"
        url = copied.resolved(copied.models[CODES].source.url)
        tables = (f'[models.{name}]\nsource = {{ url = "{url}" }}\n' for name in names)
        file.write_text("\n".join(tables), encoding="utf-8")
        paths = [f"/v1/models/{name}/predict" for name in names]
        spread = [
            Request("POST", paths[place % count], request.body)
            for place, request in enumerate(asked)
        ]
        title = f"{count} model{'s' * (count > 1)} of 300 codes"
        yield Size(title, load_settings({"CONTENDER_HOME": str(copied.home)}), spread)


@contextmanager
def _served(size: Size, logs: Path) -> Iterator[Server]:
    try:
        with contender(size.settings.home, logs, workers=size.workers) as server:
            yield server
    finally:
        shutil.rmtree(size.settings.home)


def _line(size: Size, server: Server, floor: Side) -> list[str]:
    side = Side(size.title, server, size.requests)
    alone = in_turn([side], 1, rounds=ROUNDS, seconds=SECONDS)[size.title]
    found = in_turn([floor, side], 64, rounds=ROUNDS, seconds=SECONDS)
    many = found[size.title]
    return [
        size.title,
        f"{middle(alone, 'p50_ms'):.2f} / {middle(alone, 'p99_ms'):.1f}",
        f"{middle(many, 'rate'):,.0f}",
        f"{ratio(many, found['no-op']):.2f}",
        f"{middle(many, 'cpu_rate'):,.0f}",
        f"{server.start_seconds:.2f}",
        f"{server.memory_megabytes:.0f}",
        str(sum(cell.outcome.failed for cell in (*alone, *many))),
    ]


MEANING = (
    "Weights are made up where the size is: random ones cost what learnt ones do. Codes are over "
    "the same 40,000 terms; lists are ranked by EASE up to 8,000 items and by implicit ALS above, "
    f"as `auto` has it. This machine has {os.cpu_count()} cores and the load needs one."
)
