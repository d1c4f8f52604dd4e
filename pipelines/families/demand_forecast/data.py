"""Rows of daily sales: made whole, laid out as a panel, and split by time."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.sales_history import SalesHistory, history_of
from features.schema import SchemaError, Violation
from features.splits import Split, SplitError, place
from features.temporal import Floats, day_numbers, day_of
from pipelines.families.demand_forecast.panel import HISTORY_DAYS, HORIZON, Panel

SALT = "demand_forecast"
SEALED_SHARE = 0.1
DECIMALS = 3
STRAY_SHARE = 0.005
"""Share of all sales that may be slips of the pen where nothing was sold for weeks before them."""


def require_one_time(frame: pd.DataFrame, where: str) -> None:
    """Raise `SchemaError` where a few rows lie weeks after all others, naming the first of them.

    They would be taken for the last days, and all other products to have sold nothing by then.
    """
    sold = frame[(frame["quantity"] != 0).to_numpy()]
    days = days_of(sold)
    known, counts = np.unique(days, return_counts=True)
    later = len(sold) - np.cumsum(counts)[:-1]
    strays = (np.diff(known) > HORIZON) & (later <= max(1, STRAY_SHARE * len(sold)))
    if strays.any():
        place = int(strays.argmax())
        first = int(np.argmax(days == known[place + 1]))
        line, gap = int(str(sold.index[first])), int(known[place + 1] - known[place])
        message = (
            f"row {line}: {day_of(known[place + 1])} is {gap} days after all others, with "
            f"{later[place]} of {len(sold)} sales from there on: slips of the pen?"
        )
        raise SchemaError(where, (Violation("date", line, message),))


def whole(frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each product and day, from its first sale to the last day of all.

    Gaps become rows of zero, rows of one day are added up, returns with them. Indexed from 1, by
    product and day.
    """
    return rows_of(history_of(frame))


def rows_of(history: SalesHistory) -> pd.DataFrame:
    """Return a history's known days as rows."""
    series, days = np.nonzero(history.known)
    dates = (days + history.first).astype("datetime64[D]").astype("datetime64[s]")
    names = np.asarray(history.ids, dtype=object)
    groups = np.asarray([name or None for name in history.groups], dtype=object)
    return pd.DataFrame(
        {
            "product_id": pd.Series(names[series], dtype="str"),
            "date": pd.Series(dates).dt.tz_localize("UTC"),
            # What was 196.79 shall not be 196.78999 for having been kept in four bytes.
            "quantity": history.quantity[series, days].astype(np.float64).round(DECIMALS),
            "promotion": history.promotion[series, days].astype(np.float64),
            "price": _prices(history)[series, days].astype(np.float64).round(DECIMALS),
            "category": pd.Series(groups[series], dtype="str"),
            "open": history.open[series, days] > 0,
        }
    ).set_axis(pd.RangeIndex(1, len(series) + 1))


def _prices(history: SalesHistory) -> Floats:
    """Return the prices as rows tell them: where only sales do, no others."""
    if history.prices_planned:
        return history.price
    return np.where(history.quantity > 0, history.price, np.float32(np.nan))


def panel_of(frame: pd.DataFrame) -> Panel:
    """Return rows as the panel that forecasters are fitted on."""
    return Panel(**vars(history_of(frame)))


def days_of(frame: pd.DataFrame) -> NDArray[np.int64]:
    """Return the day of each row, counted from 1970-01-01."""
    return day_numbers(frame["date"].dt.tz_localize(None).to_numpy())


def split_by_time(frame: pd.DataFrame) -> Split:
    """Hold out the last 28 days; of a tenth of the products, chosen by hash, they are sealed.

    The 28 days before are for validation. Where the hash seals none, the product with the highest
    place is. Raises `SplitError` where less than three such windows are there.
    """
    days = days_of(frame)
    start = int(days.max()) + 1 - HORIZON
    if int(days.min()) > start - 2 * HORIZON:
        raise SplitError(
            f"{int(days.max() - days.min()) + 1} days from first to last; a forecast is trained, "
            f"tuned and tested on {HORIZON} each, so at least {3 * HORIZON} are needed"
        )
    held_out, validation = days >= start, (days >= start - HORIZON) & (days < start)
    places = {name: place(str(name), SALT) for name in frame["product_id"].unique()}
    limit = min(1 - SEALED_SHARE, max(places.values())) if len(places) > 1 else 1.0
    chosen = (frame["product_id"].map(places) >= limit).to_numpy(dtype=bool)
    return Split(
        train=frame[~held_out & ~validation],
        validation=frame[validation],
        test=frame[held_out & ~chosen],
        sealed=frame[held_out & chosen],
    )


def history_before(split: Split) -> pd.DataFrame:
    """Return the rows that the questions about the held-out window carry along."""
    known = pd.concat([split.validation, split.train])
    start = min(int(days_of(part).min()) for part in (split.test, split.sealed) if len(part))
    return known[days_of(known) >= start - HISTORY_DAYS]


def keys(frame: pd.DataFrame) -> pd.Series:
    """Return product and day of each row as one text."""
    days = frame["date"].dt.strftime("%Y-%m-%d")
    return pd.Series(frame["product_id"].astype(str) + " " + days)
