"""The table of `docs/reliability.md`, as the drills fill it."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cli.drills.drill import Outcome
from cli.drills.runner import Result

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- drills -->", "<!-- end of drills -->"
HEADINGS = ("drill", "fault", "promise", "outcome", "what happened", "recovery, s", "lost")


class NoPlace(ValueError):
    """The page has no marks between which the table could stand."""


def table(results: Sequence[Result], now: datetime, *, long: bool) -> str:
    """Return the results as a Markdown table, with when and where they were found."""
    lines = [
        _row(HEADINGS),
        _row(["---"] * len(HEADINGS)),
        *(_row(_cells(each)) for each in results),
    ]
    form = "contender drill --long" if long else "contender drill"
    where = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    return "\n".join([*lines, "", f"*`{form}`, {now:%Y-%m-%d %H:%M} UTC, {where}.*"])


def write(page: Path, text: str) -> None:
    """Put a table in the place of the one before. Raises `NoPlace`."""
    before = page.read_text(encoding="utf-8")
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    if not pattern.search(before):
        raise NoPlace(f"{page} has no {BEGIN} … {END}")
    page.write_text(
        pattern.sub(lambda _found: f"{BEGIN}\n\n{text}\n\n{END}", before), encoding="utf-8"
    )


def told(outcome: Outcome) -> str:
    """Say in a word whether a promise was kept, and if it was not what of it."""
    if outcome.verdict == "broken":
        return f"**broken**: {'; '.join(outcome.broken)}"
    return outcome.verdict


def seconds(outcome: Outcome) -> str:
    """Return how long something stood still."""
    return "–" if outcome.recovery_seconds is None else f"{outcome.recovery_seconds:.1f}"


def _cells(result: Result) -> list[str]:
    drill, outcome = result.drill, result.outcome
    said = [f"`{drill.name}`", drill.fault, drill.promise, told(outcome), outcome.happened]
    return [*said, seconds(outcome), str(outcome.lost)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
