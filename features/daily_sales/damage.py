"""Order lines that could not be added up: set aside with a reason, or too many of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from features.schema import SchemaError, Violation

Fault = tuple[int | None, bool, bool, bool, *tuple[str | None, ...]]
"""Number of the line; whether product, day, quantity or price are wrong; the values as text."""


@dataclass(frozen=True)
class Tally:
    """How many lines there were, how many of them were added up, and what the others are like."""

    lines: int
    sound: int
    columns: Sequence[str]
    """Our names for the values of `faults`."""
    faults: Sequence[Fault] = ()
    """Only the first of them where there are very many."""
    unreadable: dict[int, str] = field(default_factory=dict)
    """Lines of a delimited file that could not be cut into values, and why."""
    first_line: int = 1
    """What number the first line of the source has."""

    def set_aside(self, where: str, damaged_share: float) -> pd.DataFrame:
        """Return the damaged lines with a `reason`, indexed by their number in the source.

        Of very many the first are returned, and as line 0 how many more there are.
        Raises `SchemaError` when they are more than `damaged_share` of all, or all there are.
        """
        damaged = self.lines - self.sound + len(self.unreadable)
        total = self.lines + len(self.unreadable)
        frame = self._frame() if damaged else pd.DataFrame({"reason": pd.Series(dtype="str")})
        if damaged > damaged_share * total or not self.sound:
            raise SchemaError(where, (_summary(damaged, total, damaged_share), *_listed(frame)))
        return frame

    def _frame(self) -> pd.DataFrame:
        rows = {
            line: [*fault[4:], _reason(self.columns, fault)]
            for line, fault in zip(self._numbers(), self.faults, strict=True)
        }
        rows |= {line: [*[None] * len(self.columns), why] for line, why in self.unreadable.items()}
        if hidden := self.lines - self.sound - len(self.faults):
            rows[0] = [*[None] * len(self.columns), f"{hidden:,} more lines, which are not listed"]
        frame = pd.DataFrame.from_dict(rows, orient="index", columns=[*self.columns, "reason"])
        return frame.astype("str").sort_index().rename_axis("line")

    def _numbers(self) -> list[int]:
        """Return the number of each fault's line; unreadable lines before it count as well."""
        counted = [fault[0] or place for place, fault in enumerate(self.faults, start=1)]
        numbers = np.array(counted, dtype=np.int64) + self.first_line - 1
        skipped = np.sort(np.fromiter(self.unreadable, dtype=np.int64)) - np.arange(
            len(self.unreadable)
        )
        return [int(number) for number in numbers + np.searchsorted(skipped, numbers, side="right")]


def _reason(columns: Sequence[str], fault: Fault) -> str:
    values = dict(zip(columns, fault[4:], strict=True))
    if not any(values.values()):
        return "has not as many values as the header has names, or none that are needed"
    wrong = {"product_id": fault[1], "ordered_at": fault[2], "quantity": fault[3]}
    kinds = {"ordered_at": "timestamp", "quantity": "plain number"}
    reasons = [
        f"{name} {values[name]!r} is not a {kinds[name]}"
        if name in kinds and (values[name] or "").strip()
        else f"{name} is empty"
        for name, is_wrong in wrong.items()
        if is_wrong
    ]
    return " and ".join(reasons) or f"price {values.get('price')!r} is not a plain number"


def _summary(damaged: int, total: int, allowed: float) -> Violation:
    if not total:
        return Violation(None, None, "there are no rows")
    message = f"{damaged:,} of {total:,} rows are damaged, more than the {allowed:.0%} allowed"
    return Violation(None, None, message)


def _listed(frame: pd.DataFrame) -> list[Violation]:
    return [
        Violation(None, int(str(line)) or None, f"line {line}: {reason}" if line else str(reason))
        for line, reason in frame["reason"].items()
    ]
