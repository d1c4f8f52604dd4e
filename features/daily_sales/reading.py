"""Reads daily sales, whether a source holds one row a day or the order lines behind them."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features import sources
from features.daily_sales.order_lines import TIME, OrderLines, located
from features.fingerprints import fingerprint
from features.readers.table import MEBIBYTE
from features.schema import FrameSchema, SchemaError, Violation, lacking
from features.scratch import scratch_folder
from features.sources import Limits, Raw, Source, SourceError

if TYPE_CHECKING:
    from features.daily_sales.damage import Tally

SPARK_FROM_BYTES = 100 * 1024 * MEBIBYTE
"""Beyond this a cluster is worth its while; on one machine DuckDB is faster at any size."""
ROW_BYTES = 40
"""Held for each product and day, about."""


class Engine(Protocol):
    """What adds order lines up: a module of this package."""

    def add_up(self, lines: OrderLines, file: Path, scratch: Path) -> Tally:
        """Write the days, in the order of product and day, into `file` (Parquet).

        `scratch` is an empty folder for what does not fit in memory. Raises `SourceError`.
        """


def read_daily(source: Source, schema: FrameSchema, *, limits: Limits | None = None) -> Raw:
    """Read one row per product and day: the columns of `schema` that the source has.

    A source whose `columns` name `ordered_at` holds order lines: they are added up by day, returns
    with them, never below zero; days without any are zero, from a product's first sale to the last
    day of all. Its frame is in the order of product and day, and indexed from 1. Other sources are
    read and validated like any, just as they are: days may be missing or there twice. Raises
    `SourceError` and `SchemaError`.
    """
    bounds = limits or Limits()
    if TIME not in source.columns:
        return _daily_rows(source, schema, bounds)
    with located(source, bounds) as lines, scratch_folder("days") as folder:
        file, scratch = folder / "days.parquet", folder / "scratch"
        scratch.mkdir()
        tally = engine_for(source, lines).add_up(lines, file, scratch)
        quarantined = tally.set_aside(source.where, source.damaged_share)
        frame = _frame(file, schema, source.where, bounds)
    if broken := [*_too_long(frame, schema), *lacking(frame, schema)]:
        raise SchemaError(source.where, tuple(broken))
    return Raw(frame, fingerprint(frame), quarantined)


def _daily_rows(source: Source, schema: FrameSchema, limits: Limits) -> Raw:
    try:
        return sources.read(source, schema, limits=limits)
    except SchemaError as error:
        if not any(found.column == "date" and found.line is None for found in error.violations):
            raise
        hint = f"or are these order lines? Then name their time: columns = {{ {TIME} = … }}"
        raise SchemaError(error.source, (*error.violations, Violation(None, None, hint))) from error


def engine_for(source: Source, lines: OrderLines) -> Engine:
    """Return the engine that the source names, or the one for its size.

    Raises `SourceError` when Spark is asked for, and not there.
    """
    name = source.engine
    if name == "auto":
        name = "spark" if lines.size_bytes >= SPARK_FROM_BYTES else "duckdb"
    return cast(Engine, importlib.import_module(f"features.daily_sales.{name}_engine"))


def _frame(file: Path, schema: FrameSchema, where: str, limits: Limits) -> pd.DataFrame:
    with pq.ParquetFile(file) as days:
        rows = days.metadata.num_rows
        if not rows:
            raise SchemaError(where, (Violation(None, None, "no product was ever sold"),))
        if rows * ROW_BYTES > limits.kept_bytes:
            raise SourceError(
                f"{where}: makes {rows:,} rows of products and days, more than "
                f"{limits.kept_bytes / MEBIBYTE:,.0f} MiB; give a query or an extract of fewer "
                "products or days"
            )
        names = [column.name for column in schema.columns if column.name in days.schema_arrow.names]
        table = days.read(columns=names).select(names)
    moments = table["date"].cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))
    frame: pd.DataFrame = table.set_column(names.index("date"), "date", moments).to_pandas()
    return frame.set_axis(pd.RangeIndex(1, rows + 1, name="line"))


def _too_long(frame: pd.DataFrame, schema: FrameSchema) -> Iterator[Violation]:
    for column in schema.columns:
        if column.maximum_length is not None and column.name in frame:
            for value in frame[column.name].dropna().unique():
                if len(value) > column.maximum_length:
                    more = f"has more than {column.maximum_length:,} characters"
                    yield Violation(column.name, None, f"{column.name} {value[:60]!r}… {more}")
