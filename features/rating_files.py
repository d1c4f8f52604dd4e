"""Ratings from files as they are published: with or without names, Amazon's and MovieLens'.

Whatever the layout, the rows go through the same schema, and the same cleaning follows.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pc

from features import sources
from features.readers.delimited import DELIMITERS, opened
from features.readers.mapping import fold, resolve
from features.readers.table import MEBIBYTE, Limits
from features.schema import FrameSchema, Validated, validate
from features.sources import Source, SourceError

LIMITS = Limits(kept_bytes=2048 * MEBIBYTE)
"""Eight million ratings are half a gigabyte of text."""
NOT_DELIMITED = {".parquet", ".pq", ".json", ".jsonl", ".ndjson"}
ROLES = ("user", "item", "rating", "time")
KNOWN_AS = (
    ("userid", "user", "uid", "reviewerid", "customerid", "usuario", "cliente"),
    ("itemid", "item", "iid", "productid", "movieid", "asin", "parentasin", "articleid"),
    ("rating", "overall", "stars", "score", "ratings"),
    ("timestamp", "time", "unixreviewtime", "unixtime", "date"),
)
"""What the four columns are called elsewhere, without case and separators."""
PRODUCT = re.compile(r"^(?:B[0-9A-Z]{9}|\d{9}[\dX])$")
CUSTOMER = re.compile(r"^A[0-9A-Z]{9,}$")
"""Amazon's identifiers: of a product ten characters, of a customer an A and at least nine."""


@dataclass(frozen=True)
class Layout:
    """How a file is laid out: what its columns hold, in order, and what stands between them."""

    separator: str
    roles: tuple[str, ...]
    """One of `ROLES` for each column, or nothing."""
    first_line: int
    """The line of the first row: 2 where names come before."""


def read_ratings(source: Source, schema: FrameSchema) -> Validated:
    """Read the schema's four columns: user, item, rating and time, in this order.

    Raises `SourceError` or `SchemaError`. Columns that the source's mapping does not name are
    found by what they are usually called; a file without names is read by position.
    """
    path = _local(source)
    line = _first_line(path) if path else None
    if path is None or line is None:
        return _read_elsewhere(source, schema)
    layout = layout_of(line)
    if layout is None:
        names = named(line, [column.name for column in schema.columns])
        source = replace(source, columns={**names, **source.columns})
        layout = headed(line, source, schema)
    text = _text(path)
    # Quotes, other encodings and damaged archives are for the reader that knows them.
    plain = text.isascii() and not any(mark in text for mark in (b'"', b"\0", b"\r"))
    if not text or (layout.first_line > 1 and not plain):
        return _read_elsewhere(source, schema)
    try:
        return _read_here(text, layout, source, schema)
    except pa.ArrowInvalid as error:
        between = f"columns with {layout.separator!r} between them"
        raise SourceError(f"{source.where}: cannot be read as {between}: {error}") from error


def layout_of(line: str) -> Layout | None:
    """Return the layout of a file that begins with `line`, None where the line holds names."""
    separator = "::" if "::" in line else max(DELIMITERS, key=line.count)
    cells = [cell.strip().strip('"') for cell in line.split(separator)]
    if len(cells) < 3 or not _is_number(cells[2]):
        return None
    swapped = PRODUCT.match(cells[0]) and CUSTOMER.match(cells[1]) and not PRODUCT.match(cells[1])
    first = ("item", "user") if swapped else ("user", "item")
    roles = (*first, "rating", "time", *[""] * (len(cells) - 4))
    return Layout(separator, roles[: len(cells)], first_line=1)


def named(line: str, ours: Sequence[str]) -> Mapping[str, str]:
    """Return our name -> the file's for the columns that are called otherwise there."""
    return usually_called(_names_in(line)[1], ours)


def usually_called(theirs: Sequence[str], ours: Sequence[str]) -> Mapping[str, str]:
    """Return our name -> the source's for columns that are there by what they are usually called.

    `ours` are user, item, rating and time, in this order.
    """
    found = {}
    for name, known_as in zip(ours, KNOWN_AS, strict=True):
        meant = [cell for alias in known_as for cell in theirs if fold(cell) == alias]
        if name not in theirs and meant:
            found[name] = meant[0]
    return found


def headed(line: str, source: Source, schema: FrameSchema) -> Layout:
    """Return the layout that a line of names describes. Raises `SchemaError`, `SourceError`."""
    separator, names = _names_in(line)
    present = resolve(names, schema, source.columns, source.where)
    places = {theirs: ours for ours, theirs in present.items()}
    role = {column.name: role for column, role in zip(schema.columns, ROLES, strict=True)}
    roles = tuple(role[places[name]] if name in places else "" for name in names)
    return Layout(separator, roles, first_line=2)


def _names_in(line: str) -> tuple[str, list[str]]:
    separator = max(DELIMITERS, key=line.count)
    return separator, [cell.strip().strip('"') for cell in line.lstrip("\ufeff").split(separator)]


def _read_elsewhere(source: Source, schema: FrameSchema) -> Validated:
    raw = sources.read(source, schema, limits=LIMITS)
    return Validated(raw.frame, raw.quarantined)


def _read_here(text: bytes, layout: Layout, source: Source, schema: FrameSchema) -> Validated:
    """Cut plain lines into columns a hundred times as fast as row by row."""
    if len(layout.separator) > 1:
        text, layout = (
            text.replace(layout.separator.encode(), b"\t"),
            replace(layout, separator="\t"),
        )
    odd: dict[int, str] = {}
    table = _parsed(text, layout, odd)
    frame = table.to_pandas(types_mapper={pa.string(): pd.StringDtype(na_value=float("nan"))}.get)
    names = {role: column.name for role, column in zip(ROLES, schema.columns, strict=True)}
    frame = frame[[role for role in ROLES if role in layout.roles]].rename(columns=names)
    every = pd.RangeIndex(layout.first_line, layout.first_line + len(frame) + len(odd))
    frame = frame.set_axis(every.difference(list(odd), sort=None)).dropna(how="all")
    damage = {line: what for line, what in odd.items() if what}
    if damage:  # They have no values, but a place among the lines.
        frame = frame.reindex(frame.index.union(list(damage)))
    return validate(
        frame.rename_axis("line"),
        schema,
        source.where,
        damage=damage,
        damaged_share=source.damaged_share,
    )


def _parsed(text: bytes, layout: Layout, odd: dict[int, str]) -> pa.Table:
    """Cut lines into columns of text; a line of another width goes to `odd`, by its number.

    What is wrong with it is nothing where the line is blank.
    """
    width = len(layout.roles)
    names = [role or f"unused {place}" for place, role in enumerate(layout.roles)]

    def noted(row: pc.InvalidRow) -> str:
        what = f"has {row.actual_columns} values where the first line has {width}"
        odd[row.number] = what if row.text.strip() else ""
        return "skip"

    return pc.read_csv(
        BytesIO(text),
        pc.ReadOptions(use_threads=False, column_names=names, skip_rows=layout.first_line - 1),
        pc.ParseOptions(
            delimiter=layout.separator,
            quote_char='"' if b'"' in text else False,
            ignore_empty_lines=False,
            invalid_row_handler=noted,
        ),
        pc.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=True,
            null_values=[""],
        ),
    )


def _local(source: Source) -> Path | None:
    """Return the path of a local file of delimited text."""
    parts = urlsplit(source.url)
    if parts.scheme not in {"", "file"}:
        return None
    path = Path(unquote(parts.path)) if parts.scheme else Path(source.url).expanduser()
    read_here = path.is_file() and not NOT_DELIMITED & {suffix.lower() for suffix in path.suffixes}
    return path if read_here else None


def _first_line(path: Path) -> str | None:
    """Return the first line; None where it is blank or no text, which the reader will explain."""
    try:
        with opened(path) as file:
            return file.readline(LIMITS.line_bytes).decode().strip() or None
    except (UnicodeDecodeError, EOFError, OSError, zlib.error):
        return None


def _text(path: Path) -> bytes:
    """Return what a file holds; nothing where it is damaged, which the reader will explain."""
    try:
        with opened(path) as file:
            return file.read()
    except (EOFError, OSError, zlib.error):
        return b""


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?\d+(?:\.\d+)?", text) is not None
