"""What is wrong with ratings that are sound by their schema: moments, scale, repeated pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.conversion import converted
from features.interactions import scale_of, seconds
from features.schema import SchemaError, Validated, Violation

MILLISECONDS_FROM = 1e11
"""Larger numbers count milliseconds since 1970: as seconds they would lie past the year 5000."""
LAST_SECOND = pd.Timestamp.max.timestamp()
"""In the year 2262: what is later is no time (or one in microseconds)."""
NUMERIC = r"[+-]?\d+(?:\.\d+)?"


@dataclass(frozen=True)
class Cleaned:
    """The rows that are left, those set aside with a `reason`, and how many of each kind."""

    frame: pd.DataFrame
    set_aside: pd.DataFrame
    report: Mapping[str, int]


def cleaned(
    read: Validated, where: str, damaged_share: float, user: str, item: str, rating: str, time: str
) -> Cleaned:
    """Give times their type, and set aside what is out of range or rated again later.

    Of a pair that is there twice the newest row stays (the one further down where times are
    equal). One-time users stay, for their ratings tell of the items; they are counted. Raises
    `SchemaError` where more than `damaged_share` of the times are none, or of the ratings are
    out of range: such ratings are on another scale than this one, and not damaged.
    """
    frame = with_moments(read.frame, where, damaged_share, time)
    reasons = pd.Series(None, index=frame.index, dtype=object)
    if time in frame:
        lost = read.frame[time].notna() & frame[time].isna()
        reasons[lost] = f"{time} is not a time"
    scale = scale_of(frame[rating].to_numpy())
    outside = ~frame[rating].between(scale.low, scale.high)
    off = f"is out of range {scale.low:g} to {scale.high:g}"
    _refuse_many(frame[rating][outside], len(frame), damaged_share, where, off)
    reasons[outside & reasons.isna()] = f"{rating} {off}"
    again = _rated_again(frame[reasons.isna()], user, item, time)
    reasons[again] = "rated again later by the same user"
    bad = reasons.notna()
    # As they were read, like damaged rows; with no copy made where nothing is wrong.
    damaged = read.frame[bad].assign(reason=reasons[bad].astype(str))
    kept = frame[~bad] if bad.any() else frame
    counts = kept[user].value_counts()
    report = {
        "rows read": len(read.frame) + len(read.quarantined),
        "damaged": len(read.quarantined) + int(bad.sum()) - int(outside.sum()) - len(again),
        "out of range": int(outside.sum()),
        "repeated": len(again),
        "kept": len(kept),
        "one-time users": int((counts == 1).sum()),
    }
    return Cleaned(kept, pd.concat([read.quarantined, damaged]), report)


def with_moments(frame: pd.DataFrame, where: str, damaged_share: float, time: str) -> pd.DataFrame:
    """Return the frame with `time` as moments in UTC: from Unix seconds, milliseconds or ISO 8601.

    A text that is none of these becomes missing. Raises `SchemaError` where too many are.
    """
    if time not in frame:
        return frame
    text = frame[time]
    numeric = text.str.fullmatch(NUMERIC).fillna(False).astype(bool)
    moments = _from_numbers(text.where(numeric))
    if not numeric.all() and text.notna().any():
        written, _ = converted(text.mask(numeric), "timestamp")
        moments = written.astype("datetime64[ns, UTC]").where(~numeric, moments)
    wrong = text.notna() & moments.isna()
    _refuse_many(text[wrong], len(frame), damaged_share, where, "is not a time")
    return frame.assign(**{time: moments})


def _from_numbers(text: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(text, errors="coerce").astype("float64")
    whole = numbers.where(numbers.abs() < MILLISECONDS_FROM, numbers / 1000)
    whole = whole.where(whole.abs() < LAST_SECOND)
    return pd.to_datetime(whole, unit="s", utc=True, errors="coerce").astype("datetime64[ns, UTC]")


def _refuse_many(wrong: pd.Series, rows: int, allowed: float, where: str, what: str) -> None:
    """Raise `SchemaError` where more than the allowed share of a column's values are wrong."""
    if len(wrong) <= allowed * rows:
        return
    said = f"{len(wrong):,} of {rows:,} rows are damaged, more than the {allowed:.0%} allowed"
    column = str(wrong.name)
    lines = [
        Violation(column, int(str(line)), f"line {line}: {column} {value!r} {what}")
        for line, value in wrong.head(1000).items()
    ]
    raise SchemaError(where, (Violation(None, None, said), *lines))


def _rated_again(frame: pd.DataFrame, user: str, item: str, time: str) -> pd.Index:
    """Return the rows that a later row of the same user and item stands in place of."""
    users, items = pd.factorize(frame[user])[0], pd.factorize(frame[item])[0]
    moments = seconds(frame[time]) if time in frame else np.zeros(len(frame), dtype=np.int64)
    order = np.lexsort((frame.index.to_numpy(), moments, items, users))
    u, i = users[order], items[order]
    replaced = np.zeros(len(order), dtype=bool)
    replaced[order[:-1]] = (u[1:] == u[:-1]) & (i[1:] == i[:-1])
    return frame.index[replaced]
