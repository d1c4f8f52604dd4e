"""The identity of data: a sha256 over every row, whatever the order of rows and columns."""

from __future__ import annotations

import hashlib
import json
import math
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import singledispatch
from numbers import Integral, Real
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

CHUNK_ROWS = 50_000
MISSING = b"-"
MISSING_TYPES = {"NAType", "NaTType"}


def fingerprint(frame: pd.DataFrame) -> str:
    """Return the sha256 of a frame's content: names and values of all rows, not its index.

    Equal for the same rows in another order, columns in another order, and equal values in
    another type of number, text or time; different when any value of any row differs.
    """
    order = sorted(range(frame.shape[1]), key=lambda i: str(frame.columns[i]))
    names = _joined([str(frame.columns[i]).encode() for i in order])
    total = hashlib.sha256(names)
    digests = np.frombuffer(_row_digests(frame, order), dtype=">u8").reshape(-1, 4)
    # Sorted rather than added up, so that a row that is there twice counts twice.
    total.update(digests[np.lexsort(digests.T[::-1])].tobytes())
    return total.hexdigest()


def _row_digests(frame: pd.DataFrame, order: list[int]) -> bytearray:
    digests = bytearray()
    for start in range(0, len(frame), CHUNK_ROWS):
        part = frame.iloc[start : start + CHUNK_ROWS]
        columns = [_canonical_column(part.iloc[:, i]) for i in order]
        for row in zip(*columns, strict=True) if columns else [()] * len(part):
            digests += hashlib.sha256(b"".join(row)).digest()
    return digests


def _canonical_column(values: pd.Series) -> list[bytes]:
    if not (values.dtype.kind in "fM" or values.dtype == "str"):
        return [_measured(canonical(value)) for value in values.tolist()]
    # Days, quantities and names come again and again: each of them is written once.
    codes, distinct = values.factorize(use_na_sentinel=False)
    # Most are text, for which finding the right form costs more than writing it.
    forms = [_text(v) if type(v) is str else canonical(v) for v in distinct.tolist()]
    written = np.array([_measured(form) for form in forms], dtype=object)
    return list(written[codes])


def _joined(parts: list[bytes]) -> bytes:
    """Join so that no other list of parts gives the same bytes."""
    return b"".join(map(_measured, parts))


def _measured(part: bytes) -> bytes:
    """Return a part with its length in front."""
    return b"%d:%b" % (len(part), part)


@singledispatch
def canonical(value: object) -> bytes:
    """Return the bytes that stand for one value, its kind first."""
    if value is None or type(value).__name__ in MISSING_TYPES:
        return MISSING
    return b"j" + json.dumps(value, sort_keys=True, default=_plain).encode()


@canonical.register
def _text(value: str) -> bytes:
    return b"t" + value.encode("utf-8", "surrogatepass")


@canonical.register(bool)
@canonical.register(np.bool_)
def _truth(value: bool | np.bool_) -> bytes:
    return b"b1" if value else b"b0"


@canonical.register
def _whole(value: Integral) -> bytes:
    return b"n%d" % int(value)


@canonical.register(Real)
@canonical.register(Decimal)
def _number(value: float | Decimal) -> bytes:
    if math.isnan(value):
        return MISSING
    number = float(value)
    whole = math.isfinite(number) and number.is_integer()
    return b"n%d" % int(number) if whole else b"n" + repr(number).encode()


@canonical.register
def _bytes(value: bytes) -> bytes:
    return b"y" + value


@canonical.register
def _day(value: date) -> bytes:
    return f"d{value.isoformat()}T00:00:00.000000000".encode()


@canonical.register
def _moment(value: datetime) -> bytes:
    """Stand for a moment by its UTC time to the nanosecond; without a zone it is in UTC."""
    if type(value).__name__ in MISSING_TYPES:
        return MISSING
    aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    text = aware.replace(tzinfo=None).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return f"d{text}{getattr(value, 'nanosecond', 0):03d}".encode()


def _plain(value: object) -> object:
    """Turn what a nested value may hold into what JSON knows."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)
