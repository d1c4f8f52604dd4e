"""Validated frames: one error that lists every violation, with its line.

Second station of the walk: a raw frame goes in, the same frame comes out, or a `SchemaError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from features.conversion import Kind, converted

__all__ = [
    "DAMAGED_SHARE",
    "Column",
    "FrameSchema",
    "Kind",
    "Mapped",
    "SchemaError",
    "Validated",
    "Violation",
    "lacking",
    "validate",
]

DAMAGED_SHARE = 0.05
LISTED_VIOLATIONS = 10_000


@dataclass(frozen=True)
class Column:
    """What one column must hold; `required` columns may not be absent or empty."""

    name: str
    kind: Kind
    required: bool = True
    maximum_length: int | None = None
    description: str = ""


@dataclass(frozen=True)
class FrameSchema:
    """The columns of a raw frame and how many distinct values its label needs."""

    columns: tuple[Column, ...]
    label: str | None = None
    minimum_rows: int = 1
    minimum_labels: int = 2


@dataclass(frozen=True)
class Violation:
    """One thing that is wrong: where (column, line of the source counted from 1), and what."""

    column: str | None
    line: int | None
    message: str


class SchemaError(ValueError):
    """A frame breaks its schema; `violations` holds every one of them."""

    def __init__(self, source: str, violations: tuple[Violation, ...]) -> None:
        self.source = source
        self.violations = violations
        shown = "; ".join(violation.message for violation in violations[:10])
        more = f"; and {len(violations) - 10} more" if len(violations) > 10 else ""
        super().__init__(f"{source}: {shown}{more}")


Mapped = Mapping[str, str]


@dataclass(frozen=True)
class Validated:
    """The sound rows in their types, and the damaged ones with a `reason`, as they were."""

    frame: pd.DataFrame
    quarantined: pd.DataFrame


def validate(
    frame: pd.DataFrame,
    schema: FrameSchema,
    where: str,
    *,
    damage: Mapping[int, str] | None = None,
    damaged_share: float = DAMAGED_SHARE,
) -> Validated:
    """Give every column its type and set damaged rows aside.

    Rows are known by their index, the line. `damage` names rows that were read damaged. Text
    loses blanks around it and gets one form of each accented letter, so that no label is there
    twice. Raises `SchemaError` with every violation when a required column is missing, more than
    `damaged_share` of the rows are damaged, or too few rows or labels remain.
    """
    missing = [
        Violation(column.name, None, f"column {column.name!r} is missing")
        for column in schema.columns
        if column.required and column.name not in frame.columns
    ]
    if missing:
        raise SchemaError(where, tuple(missing))
    if frame.empty:
        raise SchemaError(where, (Violation(None, None, "there are no rows"),))
    known = damage or {}
    sound, found = _typed(frame, schema)
    # Of a row that could not be read whole, what it lacks says nothing more.
    violations = [violation for violation in found if violation.line not in known]
    violations += [Violation(None, line, what) for line, what in known.items()]
    bad = frame.index.isin({violation.line for violation in violations})
    if bad.sum() > damaged_share * len(frame):
        raise SchemaError(where, _listed(violations, int(bad.sum()), len(frame), damaged_share))
    # A mask copies the frame, so it is left off where there is nothing to leave out.
    kept = sound[~bad] if bad.any() else sound
    if too_few := lacking(kept, schema):
        raise SchemaError(where, (*too_few, *_by_line(violations)))
    return Validated(kept, _quarantined(frame[bad], violations))


def _typed(frame: pd.DataFrame, schema: FrameSchema) -> tuple[pd.DataFrame, list[Violation]]:
    columns, violations = {}, []
    for column in schema.columns:
        if column.name not in frame.columns:
            continue
        values, wrong = converted(frame[column.name], column.kind)
        columns[column.name] = values
        violations += [
            Violation(
                column.name, _line(line), f"{column.name} {_short(text)} is not a {column.kind}"
            )
            for line, text in frame.loc[wrong, column.name].items()
        ]
        violations += _broken_rules(values, wrong, column)
    return pd.DataFrame(columns, index=frame.index), violations


def _broken_rules(values: pd.Series, wrong: pd.Series, column: Column) -> list[Violation]:
    violations = []
    if column.required:
        empty = values.index[values.isna() & ~wrong]
        violations = [
            Violation(column.name, _line(line), f"{column.name} is empty") for line in empty
        ]
    if column.maximum_length is not None:
        lengths = values.str.len()
        violations += [
            Violation(
                column.name,
                _line(line),
                f"{column.name} has {length:,.0f} characters, more than {column.maximum_length:,}",
            )
            for line, length in lengths[lengths > column.maximum_length].items()
        ]
    return violations


def lacking(sound: pd.DataFrame, schema: FrameSchema) -> list[Violation]:
    """Return what the sound rows are too few of."""
    if len(sound) < schema.minimum_rows:
        message = f"{len(sound)} sound rows, fewer than the {schema.minimum_rows} that are needed"
        return [Violation(None, None, message)]
    if schema.label is None:
        return []
    labels = sound[schema.label].dropna().unique()
    if len(labels) >= schema.minimum_labels:
        return []
    only = f": {', '.join(_short(label) for label in labels)}" if len(labels) else ""
    message = (
        f"column {schema.label!r} has {len(labels)} distinct value{'s' * (len(labels) != 1)}"
        f"{only}; at least {schema.minimum_labels} are needed"
    )
    return [Violation(schema.label, None, message)]


def _listed(
    violations: list[Violation], damaged: int, rows: int, allowed: float
) -> tuple[Violation, ...]:
    """Return the violations behind one that counts them; a hopeless file's list is cut off."""
    summary = f"{damaged:,} of {rows:,} rows are damaged, more than the {allowed:.0%} allowed"
    shown = _by_line(violations)[:LISTED_VIOLATIONS]
    rest = len(violations) - len(shown)
    cut = [Violation(None, None, f"{rest:,} more violations")] if rest else []
    return (Violation(None, None, summary), *shown, *cut)


def _by_line(violations: list[Violation]) -> list[Violation]:
    ordered = sorted(violations, key=lambda violation: violation.line or 0)
    return [replace(v, message=f"line {v.line}: {v.message}") for v in ordered]


def _quarantined(damaged: pd.DataFrame, violations: list[Violation]) -> pd.DataFrame:
    reasons: dict[int | None, list[str]] = {}
    for violation in violations:
        reasons.setdefault(violation.line, []).append(violation.message)
    texts = ["; ".join(reasons[_line(line)]) for line in damaged.index]
    return damaged.assign(reason=pd.Series(texts, index=damaged.index, dtype="str"))


def _line(label: object) -> int:
    return int(str(label))


def _short(value: object) -> str:
    text = str(value)
    return repr(text if len(text) <= 40 else text[:39] + "…")
