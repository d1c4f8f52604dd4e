"""Answers rows in batches: what the model refuses costs its own row an error, and no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipelines.contract import RequestRefused, Row
from pipelines.jobs.instances import Field, Instances
from pipelines.jobs.rows import InputRow

BATCH = 500
"""Rows in one call of the model: what `pipelines.versions.answers` asks a worker process for."""
ERROR_CHARACTERS = 500


class Scorer(Protocol):
    """One version, loaded; made where versions are loaded for serving."""

    request_fields: Sequence[Field]
    response_fields: Sequence[Field]
    many: bool
    """Whether an instance is answered by a list of rows."""

    def faults(self, instances: Sequence[Row]) -> list[str | None]:
        """Say of each instance what the contract has against it."""
        ...

    def answer(self, instances: Sequence[Row]) -> list[list[Row]]:
        """Answer instances without faults. Raises `RequestRefused`."""
        ...

    def close(self) -> None:
        """Release what it holds."""
        ...


@dataclass(frozen=True, slots=True)
class Scored:
    """One row of the result: the input as it was, and an answer or an error."""

    values: Mapping[str, object]
    answer: Sequence[Mapping[str, object]] | None
    error: str | None


def score(scorer: Scorer, instances: Instances, rows: Sequence[InputRow]) -> list[Scored]:
    """Return one result row for each row, in order."""
    asked = [instances.of(row.values) for row in rows]
    faults = [row.fault or fault for row, fault in zip(rows, scorer.faults(asked), strict=True)]
    fit = [place for place, fault in enumerate(faults) if fault is None]
    answers = dict(zip(fit, _answers(scorer, [asked[place] for place in fit]), strict=True))
    return [
        _scored(row, fault or answers[place])
        for place, (row, fault) in enumerate(zip(rows, faults, strict=True))
    ]


def _scored(row: InputRow, outcome: str | Sequence[Row]) -> Scored:
    if isinstance(outcome, str):
        return Scored(row.values, None, outcome[:ERROR_CHARACTERS])
    return Scored(row.values, outcome, None)


def _answers(scorer: Scorer, instances: Sequence[Row]) -> list[str | Sequence[Row]]:
    """Answer what can be answered. Halves what is refused until the refusal is one row's own."""
    if not instances:
        return []
    try:
        return list(scorer.answer(instances))
    except RequestRefused as error:
        if len(instances) == 1:
            return [str(error).removeprefix("instance 0: ")]
    middle = len(instances) // 2
    return [*_answers(scorer, instances[:middle]), *_answers(scorer, instances[middle:])]
