"""JSON: a list of objects, or one object a line; plain or gzipped."""

from __future__ import annotations

import gzip
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import IO

import orjson

from features.readers.delimited import opened
from features.readers.mapping import resolve
from features.readers.table import MEBIBYTE, Limits, SourceError, Table, TableBuilder
from features.schema import FrameSchema, Mapped

CONTAINERS = 5_000_000
"""Lists and objects in a JSON list: each takes far more memory than the two bytes that say it."""
LOOKED_AT = 100
"""Records whose keys together make the columns: a single one may leave out an empty value."""

Record = tuple[int, dict[str, object], str | None]
"""Line, content, and what is damaged about it, if anything."""


def read_records(
    path: Path, schema: FrameSchema, columns: Mapped, where: str, limits: Limits
) -> Table:
    """Read the schema's columns of JSON records; a row is known by its line, or its number.

    Raises `SourceError` or `SchemaError`.
    """
    try:
        with opened(path) as binary:
            return _read(binary, schema, columns, where, limits)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SourceError(f"{where}: the gzip file is damaged or cut off: {error}") from error
    except OSError as error:
        raise SourceError(f"{where}: cannot be read: {error.strerror or error}") from error


def _read(
    binary: IO[bytes], schema: FrameSchema, columns: Mapped, where: str, limits: Limits
) -> Table:
    records = _records(binary, where, limits)
    first = list(islice(records, LOOKED_AT))
    if not first:
        raise SourceError(f"{where}: the file is empty")
    names = dict.fromkeys(name for _, record, _ in first for name in record)
    present = resolve(list(names), schema, columns, where)
    builder = TableBuilder(list(present), where, limits)
    for line, record, damage in chain(first, records):
        values = {theirs: record.get(theirs) for theirs in present.values()}
        nested = [name for name, value in values.items() if isinstance(value, dict | list)]
        held = f"holds nested values in {', '.join(nested)}" if nested else None
        builder.add(line, [_text(value) for value in values.values()], damage or held)
    return builder.finish()


def _records(binary: IO[bytes], where: str, limits: Limits) -> Iterator[Record]:
    start = binary.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")
    binary.seek(0)
    return (
        _listed(binary, where, limits) if start.startswith(b"[") else _lines(binary, where, limits)
    )


def _listed(binary: IO[bytes], where: str, limits: Limits) -> Iterator[Record]:
    text = binary.read(limits.kept_bytes + 1)
    if len(text) > limits.kept_bytes:
        raise SourceError(
            f"{where}: a JSON list must be held whole and is larger than "
            f"{limits.kept_bytes / MEBIBYTE:,.0f} MiB; give one object a line instead (.jsonl)"
        )
    if text.count(b"{") + text.count(b"[") > CONTAINERS:
        raise SourceError(
            f"{where}: a JSON list must be held whole and holds more than {CONTAINERS:,} objects; "
            "give one object a line instead (.jsonl)"
        )
    try:
        items = orjson.loads(text.removeprefix(BOM_UTF8))
    except orjson.JSONDecodeError as error:
        raise SourceError(f"{where}: is not valid JSON: {error}") from error
    for number, item in enumerate(items, start=1):
        yield _record(number, item)


def _lines(binary: IO[bytes], where: str, limits: Limits) -> Iterator[Record]:
    for number, line in enumerate(iter(lambda: binary.readline(limits.line_bytes), b""), start=1):
        if len(line) >= limits.line_bytes:
            raise SourceError(
                f"{where}: line {number} is longer than {limits.line_bytes / MEBIBYTE:,.1f} MiB"
            )
        if not line.strip():
            continue
        try:
            item = orjson.loads(line.removeprefix(BOM_UTF8))
        except orjson.JSONDecodeError as error:
            yield number, {}, f"is not valid JSON: {error}"
            continue
        yield _record(number, item)


def _record(number: int, item: object) -> Record:
    if isinstance(item, dict):
        return number, item, None
    return number, {}, "is not a JSON object"


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:  # lists in lists in lists: more can be read than said
        return None
