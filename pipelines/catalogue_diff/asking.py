"""Both versions' answers to the same questions, side by side in one table."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import orjson
import pandas as pd

from pipelines.catalogue_diff.document import Kind, Said
from pipelines.catalogue_diff.questions import HISTORY, Home, Question
from pipelines.contract import RequestRefused, Row, Runtime
from pipelines.orders.stored_sales import entries_of
from pipelines.rollouts.losses import ITEM, ITEMS

CATEGORY = "category"
CHUNK = 100
"""Questions a call: stored days of so many products are held at a time."""
CONFIDENCES = ("confidence", "confidence_score")
COLUMNS = (
    "question", "sales", "asked", "before", "after", "before_confidence", "after_confidence",
)  # fmt: skip


@dataclass(frozen=True)
class Reader:
    """Reads what an answer of kind `kind` says; `target` is the column, `inside` a list's key."""

    kind: Kind
    target: str
    inside: str = ""

    def said(self, rows: Sequence[Row] | None) -> tuple[Said, float | None]:
        """Return a label, list or number and its confidence; None for what was refused."""
        if not rows:
            return None, None
        row = rows[0]
        sure = next((row[name] for name in CONFIDENCES if row.get(name) is not None), None)
        return self._said(row), _number(sure)

    def _said(self, row: Row) -> Said:
        if self.kind == "list":
            listed = row.get(ITEMS)
            return [_item(each) for each in listed] if isinstance(listed, list) else []
        value = row.get(self.target)
        if self.kind == "label":
            return None if value is None else str(value)
        if self.kind == "forecast" and isinstance(value, list):
            return math.fsum(self._quantity(each) for each in value)
        return _number(value)

    def _quantity(self, day: object) -> float:
        return _number(day.get(self.inside) if isinstance(day, Mapping) else day) or 0.0


def answers(
    before: Runtime,
    after: Runtime,
    questions: Sequence[Question],
    home: Home,
    reader: Reader,
    *,
    enough: Callable[[], bool] = lambda: False,
) -> pd.DataFrame:
    """Ask both until `enough`; said values are JSON, so that a file can hold any kind of them."""
    rows: list[tuple[object, ...]] = []
    for chunk in _chunks(questions):
        if enough():
            break
        instances = list(_instances(chunk, home))
        old, new = (
            [reader.said(each) for each in _asked(side, instances)] for side in (before, after)
        )
        rows += [
            (each.name, _sold(each, home, reader, left[0], right[0]), each.asked,
             _json(left[0]), _json(right[0]), left[1], right[1])
            for each, left, right in zip(chunk, old, new, strict=True)
        ]  # fmt: skip
    numbers = dict.fromkeys(("sales", "before_confidence", "after_confidence"), "float64")
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({**numbers, "asked": "int64"})


def _chunks(questions: Sequence[Question]) -> Iterator[Sequence[Question]]:
    for start in range(0, len(questions), CHUNK):
        yield questions[start : start + CHUNK]


def _instances(chunk: Sequence[Question], home: Home) -> Iterator[Row]:
    """Yield the questions as the server would put them: with the newest stored days."""
    for question in chunk:
        instance = dict(question.instance)
        if question.row is not None and home.history is not None:
            instance[HISTORY] = entries_of(home.history, question.row)
            instance[CATEGORY] = home.history.groups[question.row] or None
        yield instance


def _asked(runtime: Runtime, instances: Sequence[Row]) -> Iterator[Sequence[Row] | None]:
    """Yield a chunk's answers; where one question is refused, each is asked alone."""
    try:
        yield from runtime.predict(instances)
    except RequestRefused:
        for instance in instances:
            try:
                yield from runtime.predict([instance])
            except RequestRefused:
                yield None


def _sold(
    question: Question, home: Home, reader: Reader, before: Said, after: Said
) -> float | None:
    """Return a question's sales: of a list, those of the products that left it or came into it."""
    if reader.kind != "list" or not isinstance(before, list) or not isinstance(after, list):
        return question.sales
    known = [home.sales.of[item] for item in set(before) ^ set(after) if item in home.sales.of]
    return round(math.fsum(known), 2) if known else None


def _item(entry: object) -> str:
    return str(entry.get(ITEM) if isinstance(entry, Mapping) else entry)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def _json(said: Said) -> str:
    return orjson.dumps(said).decode()
