"""What MLflow's scoring server takes at `/invocations`, turned into rows.

Its formats are told at https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally/. In a
table an empty cell (null, NaN, nothing) is a field left out where the model knows no null.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import orjson

from pipelines.contract import Row
from serving.bodies import MalformedBody, json_with_nan, require_few_containers, require_writable
from serving.protocols.columns import Column, columns_of, known, shown

FORMATS = ("dataframe_split", "dataframe_records", "instances", "inputs")
WORDS = {"true": True, "false": False}


class PayloadRefused(MalformedBody):
    """The body is none of the formats, or not a table; the message says which part."""


def from_json(body: bytes, schema: Mapping[str, object], limit: int) -> list[Row]:
    """Return the instances in a JSON body, `limit` at most.

    Raises `MalformedBody` or `PayloadRefused`.
    """
    document = json_with_nan(body)
    if not isinstance(document, dict):
        raise PayloadRefused(f"the body must be an object with one of {', '.join(FORMATS)}")
    given = [name for name in FORMATS if name in document]
    if len(given) != 1:
        raise PayloadRefused(
            f"one of {', '.join(FORMATS)} is expected; there is: {shown(document)}"
        )
    if unknown := document.keys() - {given[0], "params"}:
        raise PayloadRefused(f"unknown fields: {shown(unknown)}")
    if document.get("params"):
        raise PayloadRefused("the model takes no params")
    columns = columns_of(schema)
    data = document[given[0]]
    if given[0] == "dataframe_split":
        return _table(_split(data, columns, limit), columns)
    if given[0] == "dataframe_records":
        return _table(_records(data, limit), columns)
    return _known(_rows(data, columns, limit), columns)


def from_csv(body: bytes, schema: Mapping[str, object], limit: int) -> list[Row]:
    """Return the instances in a CSV body, `limit` at most; the first line names the columns.

    Raises `PayloadRefused` or `BodyTooLarge`. A column without a name is an index, and left out.
    """
    require_few_containers(body)
    columns = columns_of(schema)
    kinds = {column.name: column for column in columns}
    try:
        lines = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
        header = next(lines, [])
        filled = ((lines.line_num, line) for line in lines if line)
        cells = list(islice(filled, limit + 1))
    except (UnicodeDecodeError, csv.Error) as error:
        raise PayloadRefused(f"the body is no CSV: {error}") from error
    _require_few(len(cells), limit)
    _require_names([name for name in header if name], columns)
    rows = []
    for number, line in cells:
        if len(line) != len(header):
            raise PayloadRefused(f"line {number}: {len(line)} cells, the header has {len(header)}")
        named = [(name, cell) for name, cell in zip(header, line, strict=True) if name]
        rows.append({name: _cell(cell, kinds[name], number) for name, cell in named})
    return _table(rows, columns)


def _split(data: object, columns: Sequence[Column], limit: int) -> list[dict[str, Any]]:
    if not isinstance(data, dict) or not isinstance(data.get("data"), list):
        raise PayloadRefused("dataframe_split must hold columns and data")
    if unknown := data.keys() - {"columns", "data", "index"}:
        raise PayloadRefused(f"dataframe_split knows no {shown(unknown)}")
    names = data.get("columns")
    if names is None:
        names = [_single(columns).name]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise PayloadRefused("the columns of dataframe_split must be names")
    _require_names(names, columns)
    _require_few(len(data["data"]), limit)
    rows = []
    for index, cells in enumerate(data["data"]):
        if not isinstance(cells, list) or len(cells) != len(names):
            raise PayloadRefused(f"row {index} of dataframe_split is no list of {len(names)} cells")
        rows.append(dict(zip(names, cells, strict=True)))
    return rows


def _records(data: object, limit: int) -> list[dict[str, Any]]:
    if not isinstance(data, list):
        raise PayloadRefused("dataframe_records must be a list of objects")
    _require_few(len(data), limit)
    return [_record(record, index) for index, record in enumerate(data)]


def _rows(data: object, columns: Sequence[Column], limit: int) -> list[dict[str, Any]]:
    """Return what stands under `instances` or `inputs`: rows, columns, or one column's values."""
    if isinstance(data, dict):
        return _columnar(data, limit)
    values = data if isinstance(data, list) else [data]
    _require_few(len(values), limit)
    if any(isinstance(value, dict) for value in values):
        return [_record(value, index) for index, value in enumerate(values)]
    if not values:
        return []
    column = _single(columns)
    return [{column.name: _alone(value, column)} for value in values]


def _columnar(data: Mapping[str, Any], limit: int) -> list[dict[str, Any]]:
    if not any(isinstance(values, list) for values in data.values()):
        return [dict(data)]
    lengths = {len(values) if isinstance(values, list) else None for values in data.values()}
    if len(lengths) > 1:
        raise PayloadRefused("the columns are of different lengths")
    _require_few(lengths.pop() or 0, limit)
    return [dict(zip(data, cells, strict=True)) for cells in zip(*data.values(), strict=True)]


def _alone(value: Any, column: Column) -> Any:
    # An array of shape [n, 1] arrives as lists of one element each.
    boxed = isinstance(value, list) and len(value) == 1 and column.kind != "json"
    return value[0] if boxed else value


def _single(columns: Sequence[Column]) -> Column:
    for choice in (columns, [column for column in columns if column.required]):
        if len(choice) == 1:
            return choice[0]
    raise PayloadRefused(f"values without names; the model has several columns: {known(columns)}")


def _record(record: object, index: int) -> dict[str, Any]:
    if not isinstance(record, dict):
        raise PayloadRefused(f"row {index} is no object")
    return record


def _table(rows: Sequence[dict[str, Any]], columns: Sequence[Column]) -> list[Row]:
    nullable = {column.name for column in columns if column.nullable}
    whole = [
        {name: cell for name, cell in row.items() if cell is not None or name in nullable}
        for row in _known(rows, columns)
    ]
    return list(whole)


def _known(rows: Sequence[dict[str, Any]], columns: Sequence[Column]) -> list[Row]:
    _require_names(list({name for row in rows for name in row}), columns)
    return list(rows)


def _require_names(names: Sequence[str], columns: Sequence[Column]) -> None:
    if unknown := set(names) - {column.name for column in columns}:
        raise PayloadRefused(f"no column is called {shown(unknown)}; there are: {known(columns)}")
    if len(set(names)) < len(names):
        raise PayloadRefused("two columns have the same name")


def _require_few(count: int, limit: int) -> None:
    if count > limit:
        raise PayloadRefused(f"{count} instances in one call; the limit is {limit}")


def _cell(cell: str, column: Column, line: int) -> Any:
    if cell == "":
        return None
    try:
        return _valued(cell, column)
    except (ValueError, KeyError) as error:
        where = f"line {line}, column {column.name!r}"
        raise PayloadRefused(f"{where}: {cell[:50]!r} is no {column.kind}") from error


def _valued(cell: str, column: Column) -> Any:
    if column.kind == "text":
        return cell
    if column.kind == "boolean":
        return WORDS[cell.strip().lower()]
    if cell.strip().lower() == "nan":
        return None
    # Read as JSON, numbers too: what Python would also take (1_000, inf, ٣) is none elsewhere.
    value = orjson.loads(cell)
    if column.kind != "json" and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ValueError(cell)
    require_writable(value)
    return value
