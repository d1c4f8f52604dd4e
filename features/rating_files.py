"""Ratings from files as they are published: with or without names, Amazon's and MovieLens'.

Whatever the layout, the rows go through the same schema, and the same cleaning follows.
"""

from __future__ import annotations

import re
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
from features.readers.mapping import fold
from features.readers.table import MEBIBYTE, Limits
from features.schema import FrameSchema, Validated, validate
from features.sources import Source

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
    """How a file without names is laid out: what its columns hold, in order, and between them."""

    separator: str
    roles: tuple[str, ...]


def read_ratings(source: Source, schema: FrameSchema) -> Validated:
    """Read the schema's four columns: user, item, rating and time, in this order.

    Raises `SourceError` or `SchemaError`. Columns that the source's mapping does not name are
    found by what they are usually called; a file without names is read by position.
    """
    path = _local(source)
    line = _first_line(path) if path else None
    layout = layout_of(line) if line else None
    if path and layout:
        return _without_names(path, layout, source, schema)
    if line:
        names = named(line, [column.name for column in schema.columns])
        source = replace(source, columns={**names, **source.columns})
    raw = sources.read(source, schema, limits=LIMITS)
    return Validated(raw.frame, raw.quarantined)


def layout_of(line: str) -> Layout | None:
    """Return the layout of a file that begins with `line`, None where the line holds names."""
    separator = "::" if "::" in line else max(DELIMITERS, key=line.count)
    cells = [cell.strip() for cell in line.split(separator)]
    if len(cells) < 3 or not _is_number(cells[2]):
        return None
    swapped = PRODUCT.match(cells[0]) and CUSTOMER.match(cells[1]) and not PRODUCT.match(cells[1])
    first = ("item", "user") if swapped else ("user", "item")
    return Layout(separator, (*first, "rating", "time", *[""] * (len(cells) - 4))[: len(cells)])


def named(line: str, ours: Sequence[str]) -> Mapping[str, str]:
    """Return our name -> the file's for the columns that are called otherwise there."""
    separator = max(DELIMITERS, key=line.count)
    theirs = [cell.strip().strip('"') for cell in line.lstrip("\ufeff").split(separator)]
    found = {}
    for name, known_as in zip(ours, KNOWN_AS, strict=True):
        meant = [cell for alias in known_as for cell in theirs if fold(cell) == alias]
        if name not in theirs and meant:
            found[name] = meant[0]
    return found


def _without_names(path: Path, layout: Layout, source: Source, schema: FrameSchema) -> Validated:
    with opened(path) as file:
        text = file.read()
    if len(layout.separator) > 1:
        text, layout = (
            text.replace(layout.separator.encode(), b"\t"),
            replace(layout, separator="\t"),
        )
    damage: dict[int, str] = {}
    table = _parsed(text, layout, damage)
    frame = table.to_pandas(types_mapper={pa.string(): pd.StringDtype(na_value=float("nan"))}.get)
    names = {role: column.name for role, column in zip(ROLES, schema.columns, strict=True)}
    frame = frame[[role for role in ROLES if role in layout.roles]].rename(columns=names)
    # Rows that could not be cut into columns have no row here: they keep their line's place.
    lines = pd.RangeIndex(1, len(frame) + len(damage) + 1).difference(list(damage), sort=None)
    whole = frame.set_axis(lines, axis=0).reindex(pd.RangeIndex(1, len(frame) + len(damage) + 1))
    frame = whole.rename_axis("line") if damage else frame.set_axis(lines).rename_axis("line")
    return validate(frame, schema, source.where, damage=damage, damaged_share=source.damaged_share)


def _parsed(text: bytes, layout: Layout, damage: dict[int, str]) -> pa.Table:
    """Cut lines into columns of text; a line of another width goes to `damage`, by its number."""
    width = len(layout.roles)
    names = [role or f"unused {place}" for place, role in enumerate(layout.roles)]

    def odd(row: pc.InvalidRow) -> str:
        damage[row.number] = f"has {row.actual_columns} values where the first line has {width}"
        return "skip"

    return pc.read_csv(
        BytesIO(text),
        pc.ReadOptions(use_threads=False, column_names=names),
        pc.ParseOptions(
            delimiter=layout.separator,
            quote_char=False,
            ignore_empty_lines=False,
            invalid_row_handler=odd,
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
    except (UnicodeDecodeError, EOFError, OSError):
        return None


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?\d+(?:\.\d+)?", text) is not None
