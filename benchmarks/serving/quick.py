"""The quick look: the champions of one home folder, beside FastAPI's no-op in the same run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.serving.machine import load_average
from benchmarks.serving.measuring import Cell, Side, in_turn, middle, ratio
from benchmarks.serving.questions import Question, domain, generic, no_op
from benchmarks.serving.servers import contender, noop
from pipelines.settings import Settings, load_settings

HEADINGS = (
    "| request | conn. | req/s | ÷ no-op | p50 ms | p99 ms | longest ms | req/CPU s | ÷ no-op "
    "| failed | others on core |"
)


def run(
    home: Path, models: Sequence[str], connections: Sequence[int], rounds: int, seconds: float
) -> None:
    """Print a line for each model and number of connections. Give a copy: it is written to."""
    settings = load_settings({"CONTENDER_HOME": str(home)})
    logs = settings.var / "logs"
    with noop(logs) as nothing, contender(home, logs) as ours:
        print(
            f"ready in {ours.start_seconds:.2f} s (no-op {nothing.start_seconds:.2f} s), "
            f"{ours.memory_megabytes:.0f} MB (no-op {nothing.memory_megabytes:.0f} MB); "
            f"{load_average()}"
        )
        print(HEADINGS, "|" + " --- |" * HEADINGS.count(" |"), sep="\n")
        floor = Side("no-op", nothing, no_op(settings))
        for question in asked(settings, models):
            side = Side(question.name, ours, question.requests)
            for clients in connections:
                found = in_turn([floor, side], clients, rounds=rounds, seconds=seconds)
                for name, cells in found.items():
                    print(line(name, clients, cells, found[floor.name]), flush=True)
        print(f"{ours.memory_megabytes:.0f} MB after; {load_average()}")


def asked(settings: Settings, models: Sequence[str]) -> list[Question]:
    """Return the generic requests of each model, and those of its domain's own interface."""
    return [
        question
        for model in models or settings.models
        for question in (generic(settings, model), *domain(settings, model))
    ]


def line(name: str, connections: int, cells: Sequence[Cell], floor: Sequence[Cell]) -> str:
    """Return one line of the table."""
    figures = [
        f"{middle(cells, 'rate'):,.0f}",
        f"{ratio(cells, floor):.2f}",
        f"{middle(cells, 'p50_ms'):.2f}",
        f"{middle(cells, 'p99_ms'):.1f}",
        f"{max(cell.outcome.longest_ms for cell in cells):.0f}",
        f"{middle(cells, 'cpu_rate'):,.0f}",
        f"{ratio(cells, floor, 'cpu_rate'):.2f}",
        failures(cells),
        f"{100 * middle(cells, 'others'):.0f} %",
    ]
    return "| " + " | ".join([name, str(connections), *figures]) + " |"


def failures(cells: Sequence[Cell]) -> str:
    """Say how many requests failed and of what."""
    failed = sum(cell.outcome.failed for cell in cells)
    reasons = sorted({reason for cell in cells for reason in cell.outcome.failures})
    return f"{failed} ({', '.join(reasons)})" if failed else "0"
