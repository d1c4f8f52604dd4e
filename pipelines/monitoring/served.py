"""What was asked of a model in a stretch of time, how it was answered, what turned out true."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import func, select

from features.drift import Kind
from features.text import group_key
from pipelines.labels import Labels
from pipelines.store import feedback, predictions

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Select

    from pipelines.store import Store

MANY_VALUES = 50
"""A column of single words with more different values than this holds names, which say little."""
READ_LIMIT = 50_000
"""Logged answers that one window is read from; of more, every n-th."""
NUMBERS = (int, float, list, dict)
"""What is compared as a number: of a list or an object how many entries it has."""


@dataclass(frozen=True)
class Answer:
    """One logged prediction; `actual` is None while nobody has said what is true."""

    prediction_id: str
    version: str
    instance: Mapping[str, Any]
    row: Mapping[str, Any]
    created_at: str
    actual: object = None


def answers(
    store: Store, model: str, since: datetime, until: datetime, *, limit: int = READ_LIMIT
) -> list[Answer]:
    """Return what was answered from `since` to before `until`, each question once, oldest first.

    Of a question asked several times of one version the first answer counts: the tests that follow
    take their values for independent. The latest feedback on any of them is its truth. Of more
    than `limit` rows only some are read, evenly over the whole time.
    """
    truths = _feedback(store, model)
    found: dict[tuple[str, str], Answer] = {}
    with store.read() as connection:
        for row in connection.execute(_evenly(connection, _asked(model, since, until), limit)):
            answer = _answer(row, truths)
            kept = found.setdefault((row.version, row.instance), answer)
            if kept.actual is None and answer.actual is not None:
                found[row.version, row.instance] = answer
    return list(found.values())


def with_labels(found: Iterable[Answer], labels: Labels, model: str, text: str) -> list[Answer]:
    """Return the answers with what reviewers said of their texts, where there is no feedback.

    Only labels of the test pool: those of the training pool may have taught the version that is
    measured. A label that corrects a confirmed answer says nothing about a model.
    """
    said = {
        group_key(label.text): label.value
        for label in labels.test_rows(model)
        if not label.shown.get("confirmed")
    }
    return [
        answer
        if answer.actual is not None
        else replace(answer, actual=said.get(group_key(str(answer.instance.get(text)))))
        for answer in found
    ]


def columns_of(found: Sequence[Answer]) -> dict[str, Kind]:
    """Return the columns of the questions that can be compared, and as what.

    Lists and objects are compared by how many entries they have; names of customers or products by
    nothing, for new ones are normal life.
    """
    names = {name: None for answer in found for name in answer.instance}
    kinds = {name: _kind([answer.instance.get(name) for answer in found]) for name in names}
    return {name: kind for name, kind in kinds.items() if kind is not None}


def values_of(found: Iterable[Answer], column: str) -> list[object]:
    """Return a column's values; of a list or an object how many entries it has."""
    values = (answer.instance.get(column) for answer in found)
    return [len(value) if isinstance(value, list | dict) else value for value in values]


def _kind(values: Sequence[object]) -> Kind | None:
    told = [value for value in values if value is not None]
    if all(isinstance(value, bool) for value in told):
        return "category" if told else None
    if all(isinstance(value, NUMBERS) and not isinstance(value, bool) for value in told):
        return "number"
    texts = [str(value) for value in told]
    words = sum(len(text.split()) for text in texts) / len(texts)
    if words >= 2:
        return "text"
    return "category" if len(set(texts)) <= MANY_VALUES else None


def _asked(model: str, since: datetime, until: datetime) -> Select[Any]:
    """Select what was logged in the time, numbered from 0 in `place`."""
    order = (predictions.c.created_at, predictions.c.prediction_id)
    return select(predictions, (func.row_number().over(order_by=order) - 1).label("place")).where(
        predictions.c.model == model,
        predictions.c.created_at >= since.isoformat(),
        predictions.c.created_at < until.isoformat(),
    )


def _evenly(connection: Connection, asked: Select[Any], limit: int) -> Select[Any]:
    """Select every n-th of what was logged, so that no more than `limit` rows are read.

    The first rows of a busy week would be its first hour: what changed later would never be seen.
    """
    numbered = asked.subquery()
    count = connection.execute(select(func.count()).select_from(numbered)).scalar_one()
    step = max(1, -(-count // limit))
    return select(numbered).where(numbered.c.place % step == 0).order_by(numbered.c.place)


def _feedback(store: Store, model: str) -> dict[str, object]:
    query = (
        select(feedback.c.prediction_id, feedback.c.actual)
        .where(feedback.c.model == model)
        .order_by(feedback.c.created_at)
    )
    with store.read() as connection:
        return {row.prediction_id: orjson.loads(row.actual) for row in connection.execute(query)}


def _answer(row: Any, truths: Mapping[str, object]) -> Answer:
    rows = orjson.loads(row.answer)
    return Answer(
        prediction_id=row.prediction_id,
        version=row.version,
        instance=orjson.loads(row.instance),
        row=rows[0] if rows else {},
        created_at=row.created_at,
        actual=truths.get(row.prediction_id),
    )
