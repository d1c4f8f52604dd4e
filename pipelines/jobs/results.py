"""The result of a job: the input's columns, the answer's, and an error where there is no answer.

Written part by part, so that what a worker has done is not lost with it; joined at the end.
"""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson

from pipelines.jobs.instances import Field
from pipelines.jobs.record import Format, JobFailed
from pipelines.jobs.rows import Table, ValueKind
from pipelines.jobs.scoring import Scored
from pipelines.spreadsheets import harmless, harmless_or_number

ERROR = "error"
LIST = "predictions"
PREFIX = "predicted_"


@dataclass(frozen=True)
class Layout:
    """The columns of a result, and where each comes from.

    An answer's column that the input has too (a file to check the model by) is prefixed.
    """

    given: Mapping[str, ValueKind]
    answered: Mapping[str, tuple[str, ValueKind]]
    """Column of the result to field of the answer; one column of lists where `many`."""
    error: str
    many: bool

    @property
    def kinds(self) -> dict[str, ValueKind]:
        """Every column in order, and what it holds."""
        answered = {name: kind for name, (_, kind) in self.answered.items()}
        return {**self.given, **answered, self.error: "text"}

    def row(self, scored: Scored) -> dict[str, object]:
        """Return a result row, every column named."""
        row = {name: scored.values.get(name) for name in self.given}
        answer = scored.answer or ()
        for name, (field, _) in self.answered.items():
            if self.many:
                row[name] = None if scored.answer is None else list(answer)
            else:
                row[name] = answer[0].get(field) if answer else None
        row[self.error] = scored.error
        return row


def layout(table: Table, response: Sequence[Field], *, many: bool) -> Layout:
    """Return the columns of the result of asking about a table."""
    taken = set(table.kinds)
    answered: dict[str, tuple[str, ValueKind]] = {}
    wanted: list[tuple[str, ValueKind]] = (
        [(LIST, "json")] if many else [(field.name, field.kind) for field in response]
    )
    for field, kind in wanted:
        answered[_free(field, taken)] = (field, kind)
    return Layout(table.kinds, answered, _free(ERROR, taken), many)


def write_part(path: Path, format: Format, layout: Layout, scored: Sequence[Scored]) -> None:
    """Write result rows so that they outlive the machine's next moment."""
    rows = [layout.row(each) for each in scored]
    if format == "parquet":
        from pipelines.jobs import parquet

        parquet.write(path, rows, layout.kinds)
    elif format == "jsonl":
        path.write_bytes(b"".join(_line(row) for row in rows))
    else:
        _write_csv(path, (row.values() for row in rows))
    _sync(path)


def join(parts: Sequence[Path], path: Path, format: Format, layout: Layout) -> None:
    """Make the parts one file, which appears whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    if format == "parquet":
        from pipelines.jobs import parquet

        parquet.join(parts, fresh, layout.kinds)
    else:
        _write_csv(fresh, [layout.kinds]) if format == "csv" else fresh.write_bytes(b"")
        with fresh.open("ab") as whole:
            for part in parts:
                with part.open("rb") as stream:
                    shutil.copyfileobj(stream, whole, 1 << 20)
    _sync(fresh)
    fresh.replace(path)


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name = PREFIX + name
    taken.add(name)
    return name


def _write_csv(path: Path, rows: Iterable[Iterable[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([_cell(value) for value in row] for row in rows)


def _cell(value: object) -> object:
    if value is None:
        return value
    if isinstance(value, str):
        return harmless_or_number(value)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value
    return harmless(_json(value).decode())


def _line(row: Mapping[str, object]) -> bytes:
    return _json(row) + b"\n"


def _json(value: object) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)
    except orjson.JSONEncodeError as error:  # lists in lists in lists: more can be read than said
        raise JobFailed(f"a value cannot be written as JSON: {error}") from error


def _sync(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
