"""From a row of the input to what the model is asked, by the fields that its contract names."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import orjson

from pipelines.contract import Row
from pipelines.jobs.record import JobFailed
from pipelines.jobs.rows import Table, ValueKind

WORDS = {"true": True, "false": False}


class Field(Protocol):
    """One field of the model's request or response row; as `columns.Column` of the server is."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def kind(self) -> ValueKind:
        """What it holds."""
        ...

    @property
    def nullable(self) -> bool:
        """Whether it may be null."""
        ...

    @property
    def required(self) -> bool:
        """Whether every row has it."""
        ...


class Instances:
    """Picks the model's fields out of rows; `columns` names those that are called otherwise there.

    A value that cannot be read as its field's kind stays what it is, so that the contract's own
    check says what is wrong with it.
    """

    def __init__(self, fields: Sequence[Field], table: Table, columns: Mapping[str, str]) -> None:
        known = {field.name for field in fields}
        if unknown := columns.keys() - known:
            raise JobFailed(
                f"the model has no field {_shown(unknown)}; it has: {_shown(sorted(known))}"
            )
        there = table.kinds
        if absent := set(columns.values()) - there.keys():
            raise JobFailed(f"the input has no column {_shown(absent)}; it has: {_shown(there)}")
        sources = [(field, columns.get(field.name, field.name)) for field in fields]
        missing = [
            field.name for field, column in sources if field.required and column not in there
        ]
        if missing:
            raise JobFailed(
                f"the input has no column for {_shown(missing)}; it has: {_shown(there)}. "
                f'Say which one it is: columns={{"{missing[0]}": "…"}}'
            )
        self._taken = [(field, column) for field, column in sources if column in there]
        self._texts = table.texts

    def of(self, values: Mapping[str, object]) -> Row:
        """Return the instance that a row stands for."""
        instance: Row = {}
        for field, column in self._taken:
            if column not in values:
                continue
            value = values[column]
            if self._texts:
                value = _read(str(value), field)
            if value is not None or field.nullable:
                instance[field.name] = value
        return instance


def _read(cell: str, field: Field) -> object:
    """Return what a cell of a CSV file says. An empty one says nothing, but is a text."""
    if field.kind == "text":
        return cell if cell or (field.required and not field.nullable) else None
    if not cell.strip():
        return None
    if field.kind == "boolean":
        return WORDS.get(cell.strip().lower(), cell)
    try:
        # Read as JSON, numbers too: what Python would also take (1_000, inf, ٣) is none elsewhere.
        value = orjson.loads(cell)
    except orjson.JSONDecodeError:
        return None if _is_nan(cell) else cell
    return value


def _is_nan(cell: str) -> bool:
    try:
        return math.isnan(float(cell))
    except ValueError:
        return False


def _shown(names: Iterable[str]) -> str:
    few = [str(name)[:50] for name in names]
    return ", ".join(few[:20]) or "none"
