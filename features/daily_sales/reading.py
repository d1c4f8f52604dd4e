"""Reads daily sales, whether a source holds one row a day or the order lines behind them."""

from __future__ import annotations

from features import sources
from features.schema import FrameSchema
from features.sources import Limits, Raw, Source


def read_daily(source: Source, schema: FrameSchema, *, limits: Limits | None = None) -> Raw:
    """Read one row per product and day: the columns of `schema` that the source has.

    Daily rows are read and validated like any other source, just as they are: days may be missing
    or there twice. Raises `SourceError` and `SchemaError`.
    """
    return sources.read(source, schema, limits=limits)
