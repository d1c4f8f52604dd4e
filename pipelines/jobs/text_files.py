"""The rows of text files: CSV, JSON lines, and the product catalogue."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Mapping
from dataclasses import fields
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, TextIO

import orjson

from pipelines.jobs.record import JobFailed
from pipelines.jobs.rows import InputRow, ValueKind, require_few
from pipelines.orders.product_catalogue import Product

CELL_CHARACTERS = 1_000_000
DELIMITERS = (",", ";", "\t", "|")
LINE_BYTES = 8_000_000
"""Of one line of JSON; characters of one row of CSV. In memory it may take thirty times as much."""
BRACKETS = 100
"""Lists and objects in a line above which it is tried whether they can be written again."""
LARGEST = 2**63
END = "\0 end of the file \0"
"""Read as a row after the last one, unless a quote is still open there."""


def take_long_cells() -> None:
    """Let this process read cells of `CELL_CHARACTERS`; the csv module's limit is the process's.

    There is a limit because a quote left open would make one cell of the rest of the file.
    """
    csv.field_size_limit(CELL_CHARACTERS)


class CsvTable:
    """A CSV file: UTF-8, a header, the delimiter that its header holds most of."""

    texts = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self._delimiter = self._delimiter_of_header()
        lines = self._lines()
        header = next(lines, None)
        if header is None:
            raise JobFailed("the file is empty: its first line must name the columns")
        self._names = [name or f"column_{place}" for place, name in enumerate(header, start=1)]
        if len(set(self._names)) < len(self._names):
            raise JobFailed("two columns of the file have the same name")
        require_few(self._names)
        self.kinds: Mapping[str, ValueKind] = dict.fromkeys(self._names, "text")
        self.count = sum(1 for _ in lines)

    def rows(self, first: int) -> Iterator[InputRow]:
        """Yield the rows; one with too many or too few cells is a fault of its own."""
        width = len(self._names)
        for cells in islice(self._lines(), 1 + first, None):
            row = dict(zip(self._names, cells, strict=False))
            fault = None
            if len(cells) != width:
                fault = f"the row has {len(cells)} cells, the header has {width}"
            yield InputRow(row, fault)

    def _delimiter_of_header(self) -> str:
        """Return the delimiter that the first line holds most of, blank ones left out."""
        with self._path.open(encoding="utf-8-sig", newline="") as stream:
            try:
                header = next((line for line in _Feed(stream) if line.strip("\r\n")), "")
            except UnicodeDecodeError as error:
                raise JobFailed(f"the file is not UTF-8, in its first lines: {error}") from error
        return max(DELIMITERS, key=header.count)

    def _lines(self) -> Iterator[list[str]]:
        with self._path.open(encoding="utf-8-sig", newline="") as stream:
            feed = _Feed(stream)
            reader = csv.reader(chain(feed, (END,)), delimiter=self._delimiter)
            cells: list[str] = []
            try:
                for cells in reader:
                    feed.row_is_over()
                    if cells not in ([], [END]):  # a blank line is no row
                        yield cells
            except csv.Error as error:
                said = f"line {reader.line_num}: {error}; is a quote left open?"
                raise JobFailed(f"the file is no CSV: {said}") from error
            except UnicodeDecodeError as error:
                said = f"after line {reader.line_num}: {error}"
                raise JobFailed(f"the file is not UTF-8, {said}") from error
        if cells != [END]:  # the reader would take all that follows an open quote for one cell
            raise JobFailed("the file is no CSV: a quote is open at its end")


class _Feed:
    """The lines of a CSV file; `JobFailed` where those of one row are longer than a row may be.

    The csv module bounds a cell, and makes as many of one row as there are delimiters.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._characters = 0

    def row_is_over(self) -> None:
        """Begin to count the next row."""
        self._characters = 0

    def __iter__(self) -> Iterator[str]:
        while line := self._stream.readline(LINE_BYTES + 1):
            self._characters += len(line)
            if self._characters > LINE_BYTES:
                raise JobFailed(
                    f"a row of the file is longer than {LINE_BYTES:,} characters; "
                    "is a quote left open?"
                )
            yield line


class JsonLinesTable:
    """A file of JSON objects, one a line; a line that is none is a fault of its own."""

    texts = False

    def __init__(self, path: Path) -> None:
        self._path = path
        self.count = 0
        found: dict[str, set[type]] = {}
        for row in self.rows(0):
            self.count += 1
            for name, value in row.values.items():
                found.setdefault(name, set()).add(_type(value))
            require_few(found)
        self.kinds: Mapping[str, ValueKind] = {name: _kind(types) for name, types in found.items()}

    def rows(self, first: int) -> Iterator[InputRow]:
        """Yield the rows."""
        with self._path.open("rb") as stream:
            lines = _lines(stream)
            filled = (line for line in lines if len(line) > LINE_BYTES or not line.isspace())
            for number, line in enumerate(islice(filled, first, None), start=first):
                yield _object(line, number)


class CatalogueTable:
    """The product catalogue, as `pipelines.orders.product_catalogue` writes it."""

    texts = False

    def __init__(self, path: Path) -> None:
        self._path = path
        self._names = [field.name for field in fields(Product)]
        self.kinds: Mapping[str, ValueKind] = {
            name: "number" if name == "price" else "text" for name in self._names
        }
        with path.open("rb") as stream:
            self.count = sum(1 for _ in stream) - 1

    def rows(self, first: int) -> Iterator[InputRow]:
        """Yield the products. Raises `JobFailed` where the file is damaged."""
        with self._path.open("rb") as stream:
            for line in islice(stream, 1 + first, None):  # the first line says where it came from
                try:
                    yield InputRow(dict(zip(self._names, orjson.loads(line), strict=True)))
                except (ValueError, TypeError) as error:
                    raise JobFailed(f"the catalogue is damaged: {error}") from error


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the lines, and of one that is too long only its beginning and one byte too many."""
    while line := stream.readline(LINE_BYTES + 1):
        yield line
        while len(line) > LINE_BYTES and not line.endswith(b"\n"):
            line = stream.readline(LINE_BYTES + 1)
            if len(line) <= LINE_BYTES:
                break


def _object(line: bytes, number: int) -> InputRow:
    if len(line) > LINE_BYTES:
        return InputRow({}, f"row {number} is longer than {LINE_BYTES:,} bytes")
    try:
        value = orjson.loads(line if number else line.removeprefix(codecs.BOM_UTF8))
    except orjson.JSONDecodeError as error:
        return InputRow({}, f"row {number} is not JSON: {error}")
    if not isinstance(value, dict):
        return InputRow({}, f"row {number} is no JSON object")
    if line.count(b"[") + line.count(b"{") > BRACKETS and not _can_be_written(value):
        return InputRow({}, f"row {number} holds lists in lists in lists")
    return InputRow(value)


def _can_be_written(value: object) -> bool:
    try:
        orjson.dumps([value])
    except orjson.JSONEncodeError:
        return False
    return True


def _type(value: object) -> type:
    if type(value) is int and not -LARGEST <= value < LARGEST:
        return float
    return type(value)


def _kind(types: set[type]) -> ValueKind:
    """Return what a column holds whose values have these types; null fits everywhere."""
    known = types - {type(None)}
    for kind, covers in _COVERS.items():
        if known <= covers:
            return kind
    return "json"


_COVERS: Mapping[ValueKind, set[type]] = {
    "text": {str},
    "boolean": {bool},
    "integer": {int},
    "number": {int, float},
}
