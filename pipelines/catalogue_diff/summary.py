"""From the table of answers to the diff: a pure function, so that a replay makes it again."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from pipelines.catalogue_diff.document import CatalogueDiff, Count, Kind, Moved, Said, SalesUnit

if TYPE_CHECKING:
    import pandas as pd

MOST_MOVED = 200
COUNTS = 100
CHANGED_SHARE = 0.1
"""Forecasts and numbers differ from version to version: from this share of the old one on, one
counts as changed."""
BANDS = ((-0.5, "< -50 %"), (-0.25, "-50 % … -25 %"), (0.0, "-25 % … -10 %"),
         (0.25, "+10 % … +25 %"), (0.5, "+25 % … +50 %"))  # fmt: skip
LAST_BAND = "> +50 %"


@dataclass(frozen=True)
class Facts:
    """What the document says beside what follows from the table."""

    of: str
    against: str
    kind: Kind
    known: int
    sales_unit: SalesUnit | None
    note: str


def summary(table: pd.DataFrame, facts: Facts) -> CatalogueDiff:
    """Return the diff of two versions' answers, one row a question."""
    rows = [_moved(row) for row in table.to_dict(orient="records")]
    changed = [row for row in rows if _changed(row, facts.kind)]
    of_lists = facts.kind == "list"
    return CatalogueDiff(
        of=facts.of,
        against=facts.against,
        kind=facts.kind,
        known=facts.known,
        questions=len(rows),
        changed=len(changed),
        sales=None if of_lists else _total(rows),
        changed_sales=None if of_lists else _total(changed),
        sales_unit=facts.sales_unit,
        counts=_items(changed) if of_lists else _counts(changed, facts.kind),
        most_moved=tuple(sorted(changed, key=_rank)[:MOST_MOVED]),
        note=facts.note,
    )


def movement(before: Said, after: Said) -> float:
    """Return how far two answers are apart: 0 where they are the same, 1 where nothing stayed.

    Of lists one less their average overlap (Fagin, Kumar and Sivakumar 2003): the mean over all
    depths of the share that the lists have in common down to there, so that the top counts most.
    Of numbers their difference as a share of the larger one.
    """
    if before == after:
        return 0.0
    if isinstance(before, list) and isinstance(after, list):
        return 1.0 - _average_overlap(before, after)
    if isinstance(before, float) and isinstance(after, float):
        return min(abs(after - before) / max(abs(before), abs(after)), 1.0)
    return 1.0


def band(before: float, after: float) -> str:
    """Return the band of a relative change of at least `CHANGED_SHARE`."""
    if before == 0.0:
        return LAST_BAND if after > 0.0 else BANDS[0][1]
    share = (after - before) / abs(before)
    return next((name for end, name in BANDS if share < end), LAST_BAND)


def _moved(row: Mapping[Hashable, object]) -> Moved:
    before, after = _said(row["before"]), _said(row["after"])
    return Moved(
        question=str(row["question"]),
        sales=_figure(row["sales"]),
        asked=int(str(row["asked"])),
        before=before,
        after=after,
        before_confidence=_figure(row["before_confidence"]),
        after_confidence=_figure(row["after_confidence"]),
        movement=round(movement(before, after), 6),
    )


def _said(text: object) -> Said:
    value: Said = orjson.loads(str(text))
    return float(value) if isinstance(value, int) else value


def _changed(row: Moved, kind: Kind) -> bool:
    before, after = row.before, row.after
    if kind in {"forecast", "number"} and isinstance(before, float) and isinstance(after, float):
        return before != after and abs(after - before) >= CHANGED_SHARE * abs(before)
    return before != after


def _rank(row: Moved) -> tuple[float, float, float, str]:
    """Order by sales times movement, then by how often it is asked, then by movement alone."""
    return (
        -(row.sales or 0.0) * row.movement,
        -row.asked * row.movement,
        -row.movement,
        row.question,
    )


def _total(rows: Iterable[Moved]) -> float | None:
    known = [row.sales for row in rows if row.sales is not None]
    return round(math.fsum(known), 2) if known else None


def _counts(changed: Sequence[Moved], kind: Kind) -> tuple[Count, ...]:
    groups: dict[tuple[str | None, str | None], list[Moved]] = {}
    for row in changed:
        groups.setdefault(_step(row, kind), []).append(row)
    found = [Count(*step, len(rows), _total(rows)) for step, rows in groups.items()]
    return _first(found)


def _step(row: Moved, kind: Kind) -> tuple[str | None, str | None]:
    if kind == "label":
        return _label(row.before), _label(row.after)
    if isinstance(row.before, float) and isinstance(row.after, float):
        return None, band(row.before, row.after)
    return ("answered", None) if row.after is None else (None, "answered")


def _items(changed: Sequence[Moved]) -> tuple[Count, ...]:
    """Count the lists that each item left, and those that it came into."""
    left: Counter[str] = Counter()
    came: Counter[str] = Counter()
    for row in changed:
        before, after = (
            set(side) if isinstance(side, list) else set() for side in (row.before, row.after)
        )
        left.update(before - after)
        came.update(after - before)
    gone = [Count(item, None, lists, None) for item, lists in left.items()]
    return _first(gone + [Count(None, item, lists, None) for item, lists in came.items()])


def _first(found: Sequence[Count]) -> tuple[Count, ...]:
    order = sorted(
        found,
        key=lambda each: (
            -each.questions,
            -(each.sales or 0.0),
            each.before or "",
            each.after or "",
        ),
    )
    return tuple(order[:COUNTS])


def _average_overlap(before: Sequence[str], after: Sequence[str]) -> float:
    depths = max(len(before), len(after))
    shares = [
        len(set(before[:depth]) & set(after[:depth])) / depth for depth in range(1, depths + 1)
    ]
    return math.fsum(shares) / depths


def _label(said: Said) -> str | None:
    return None if said is None else str(said)


def _figure(value: object) -> float | None:
    return float(value) if isinstance(value, float) and not math.isnan(value) else None
