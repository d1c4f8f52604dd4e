"""Delimited text (CSV, TSV; plain or gzipped), streamed line by line."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, cast

from features.readers.encodings import Encoding, detect, marked
from features.readers.gzipped import unpacked
from features.readers.mapping import resolve
from features.readers.table import MEBIBYTE, Limits, SourceError, Table, TableBuilder
from features.schema import FrameSchema, Mapped

DELIMITERS = ",;\t|"
GZIP_MAGIC = b"\x1f\x8b"
BINARY_MAGIC = {
    b"PK\x03\x04": "an Excel workbook or ZIP archive; save it as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save it as CSV",
    b"PAR1": "Parquet; name it .parquet",
    b"%PDF": "a PDF",
}


def read_delimited(
    path: Path, schema: FrameSchema, columns: Mapped, where: str, limits: Limits
) -> Table:
    """Read the schema's columns of a delimited file; its first line holds the names.

    A row is known by the line it starts on. Raises `SourceError` or `SchemaError`.
    """
    try:
        return _read(path, schema, columns, where, limits)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SourceError(f"{where}: the gzip file is damaged or cut off: {error}") from error
    except UnicodeDecodeError as error:
        raise SourceError(f"{where}: not valid {error.encoding}: {error.reason}") from error
    except OSError as error:
        raise SourceError(f"{where}: cannot be read: {error.strerror or error}") from error


def _read(path: Path, schema: FrameSchema, columns: Mapped, where: str, limits: Limits) -> Table:
    with opened(path) as binary:
        encoding = _encoding(binary, where, limits)
    with opened(path) as binary:
        # Bytes outside the encoding become lone surrogates, by which their row is found again.
        text = io.TextIOWrapper(binary, encoding.name, errors="surrogateescape", newline="")
        lines = _Lines(text, where, limits)
        header, delimiter = _header(lines, schema, columns, where)
        present = resolve(header, schema, columns, where)
        builder = TableBuilder(list(present), where, limits)
        positions = [header.index(theirs) for theirs in present.values()]
        _collect(lines, delimiter, len(header), positions, builder, encoding)
        return builder.finish()


def opened(path: Path) -> IO[bytes]:
    """Open a file for reading, through gzip where its first bytes say so."""
    with path.open("rb") as file:
        zipped = file.read(2) == GZIP_MAGIC
    return cast(IO[bytes], unpacked(path)) if zipped else path.open("rb")


def _encoding(binary: IO[bytes], where: str, limits: Limits) -> Encoding:
    start = binary.read(4096)
    encoding = marked(start)
    for magic, what in BINARY_MAGIC.items():
        if start.startswith(magic):
            raise SourceError(f"{where}: this is not delimited text but {what}")
    if encoding is not None:
        return encoding
    if b"\0" in start:
        raise SourceError(f"{where}: this is not text (it holds zero bytes)")
    binary.seek(0)
    # A line without end is cut here and refused when it is read.
    return detect(iter(lambda: binary.readline(limits.line_bytes), b""))


class _Lines:
    """Physical lines, counted, each of bounded length."""

    def __init__(self, text: IO[str], where: str, limits: Limits) -> None:
        self._text, self.where, self._limit = text, where, limits.line_bytes
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(self._limit)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) >= self._limit:
            raise SourceError(
                f"{self.where}: line {self.number} is longer than "
                f"{self._limit / MEBIBYTE:,.1f} MiB; is this delimited text?"
            )
        return line


def _header(
    lines: _Lines, schema: FrameSchema, columns: Mapped, where: str
) -> tuple[list[str], str]:
    """Return the names in the first line that is not blank, and the delimiter between them."""
    line = next((line for line in lines if line.strip()), None)
    if line is None:
        raise SourceError(f"{where}: the file is empty")
    wanted = {columns.get(column.name, column.name) for column in schema.columns}
    readings = [(_names(line, delimiter), delimiter) for delimiter in DELIMITERS]
    return max(readings, key=lambda reading: (len(wanted & set(reading[0])), len(reading[0])))


def _names(line: str, delimiter: str) -> list[str]:
    # A header that runs over several lines is not supported; nobody's export writes one.
    return [name.strip() for name in next(csv.reader([line], delimiter=delimiter))]


def _collect(
    lines: _Lines,
    delimiter: str,
    width: int,
    positions: Sequence[int],
    builder: TableBuilder,
    encoding: Encoding,
) -> None:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    nothing = [None] * len(positions)
    while True:
        first = lines.number + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            _refuse_open_quote(lines, first, error)
            builder.add(first, nothing, str(error))
            continue
        if row:
            damage = _damage(row, width, encoding)
            values = [row[i] if i < len(row) else None for i in positions]
            builder.add(first, [_clean(value) for value in values] if damage else values, damage)


def _refuse_open_quote(lines: _Lines, first: int, error: csv.Error) -> None:
    """Stop where a quote swallows what follows: the rows behind it cannot be told apart."""
    if lines.number > first or "unexpected end" in str(error):
        raise SourceError(
            f"{lines.where}: the quote opened on line {first} is not closed by line "
            f"{lines.number} ({error})"
        ) from error


def _damage(row: Sequence[str], width: int, encoding: Encoding) -> str | None:
    text = "".join(row)
    if len(row) == width and text.isascii() and "\0" not in text:
        return None
    reasons = []
    if len(row) < width or any(row[width:]):
        reasons.append(f"has {len(row)} values where the header has {width} names")
    if not all(map(encoding.fits, row)):
        reasons.append(f"is not {encoding.name}, unlike most of the file (mixed encodings)")
    if "\0" in text:
        reasons.append("holds a zero byte")
    return " and ".join(reasons) or None


def _clean(value: str | None) -> str | None:
    """Show bytes outside the encoding as the replacement character, which can be stored."""
    if value is None or value.isascii():
        return value
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
