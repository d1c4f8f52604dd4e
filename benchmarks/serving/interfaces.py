"""Every interface of the five models, generic and of its domain, beside the no-op."""

from __future__ import annotations

from pathlib import Path

from benchmarks.serving.comparison import told
from benchmarks.serving.home import copy_of
from benchmarks.serving.measuring import Side, in_turn, middle, ratio
from benchmarks.serving.questions import no_op
from benchmarks.serving.quick import asked, failures
from benchmarks.serving.sections import Section
from benchmarks.serving.servers import contender, noop
from pipelines.settings import Settings

CONNECTIONS = (1, 16, 64)
ROUNDS, SECONDS = 1, 1.5
HEADINGS = (
    "request",
    *(f"{count} conn.: req/s / p50 / p99 ms" for count in CONNECTIONS),
    "÷ no-op (1 / 16 / 64)",
    "req/CPU s ÷ no-op (64)",
    "failed",
    "others on the core",
)


def measured(settings: Settings, logs: Path) -> Section:
    """Return one line for each interface; the first is the no-op's own, from all its rounds."""
    copied = copy_of(settings, "interfaces")
    rows, floors = [], []
    figures: dict[str, float] = {}
    with noop(logs) as nothing, contender(copied.home, logs) as ours:
        floor = Side("no-op", nothing, no_op(copied))
        for question in asked(copied, ()):
            side = Side(question.name, ours, question.requests)
            found = {
                count: in_turn([floor, side], count, rounds=ROUNDS, seconds=SECONDS)
                for count in CONNECTIONS
            }
            mine = {count: cells[question.name] for count, cells in found.items()}
            theirs = {count: cells["no-op"] for count, cells in found.items()}
            floors.append(theirs)
            every = [cell for cells in mine.values() for cell in cells]
            ratios = " / ".join(f"{ratio(mine[each], theirs[each]):.2f}" for each in CONNECTIONS)
            rows.append(
                [
                    question.name,
                    *(told(mine[count]) for count in CONNECTIONS),
                    ratios,
                    f"{ratio(mine[64], theirs[64], 'cpu_rate'):.2f}",
                    failures(every),
                    f"{100 * middle(every, 'others'):.0f} %",
                ]
            )
            figures |= {
                f"{question.name}, 64: req/s": middle(mine[64], "rate"),
                f"{question.name}, 64: req/CPU s": middle(mine[64], "cpu_rate"),
                f"{question.name}, 64: ratio": ratio(mine[64], theirs[64]),
                f"{question.name}, 64: CPU ratio": ratio(mine[64], theirs[64], "cpu_rate"),
                f"{question.name}, 1: p50": middle(mine[1], "p50_ms"),
                f"{question.name}, 1: p99": middle(mine[1], "p99_ms"),
            }
            print(" | ".join(rows[-1]), flush=True)
    whole = [told([cell for each in floors for cell in each[count]]) for count in CONNECTIONS]
    first = ["FastAPI no-op", *whole, "1 / 1 / 1", "1", "0", "—"]
    return Section("interfaces", HEADINGS, [first, *rows], notes=[MEANING], figures=figures)


MEANING = (
    "One instance a request, rotating over up to 500 different ones. `req/CPU s` is answers for "
    "each second of the server's own processor time, which others on the core cannot take away. "
    "Predictions are logged throughout."
)
