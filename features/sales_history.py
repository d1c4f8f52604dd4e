"""Daily sales of many products as matrices, made of rows and kept at rest as arrays.

Training fits on it, a packaged model carries its last days, and the server holds the newest of it:
what is on disk is opened memory-mapped and without pandas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
from numpy.typing import NDArray

from features.temporal import Floats, day_numbers

if TYPE_CHECKING:
    import pandas as pd

MATRICES = ("quantity", "promotion", "price", "open", "known")
NAMES_FILE = "products.json"
PLANNED_SHARE = 0.1
"""Returns alone may tell a price of a few days on which nothing was sold."""
LONGEST_DAYS = 2922
"""Eight years: what lies before is left out, so that one stray date costs no memory."""


class ToldDays(list[dict[str, object]]):
    """Days as a request tells them, the same list with each request: never changed once made.

    Whoever reads them may keep at `kept` what he made of them.
    """

    kept: object = None


class HistoryUnreadable(ValueError):
    """What lies there is no sales history; the message says why."""


@dataclass(frozen=True)
class SalesHistory:
    """Daily series of all products over the same days; matrices are float32 [series, days].

    `quantity` is zero in gaps, with returns netted. `known` is 1 from a product's first sale on;
    before it a quantity says nothing. `open` is 0 on days without business, `promotion` 1 on days
    with one, `price` NaN where nobody said.
    """

    ids: tuple[str, ...]
    groups: tuple[str, ...]
    """Each product's category, "" where it has none."""
    first: int
    """The day of column 0, counted from 1970-01-01 (`features.temporal`)."""
    quantity: Floats
    promotion: Floats
    price: Floats
    open: Floats
    known: Floats
    prices_planned: bool = True
    """Whether prices are known of days without a sale too. Where only sales tell them, the price
    of a coming day is no plan: that it is known says that something was sold."""

    @property
    def days(self) -> int:
        """How many days it spans."""
        return int(self.quantity.shape[1])

    @property
    def end(self) -> int:
        """The day after its last one."""
        return self.first + self.days

    def save(self, directory: Path, days: int) -> None:
        """Write its last `days` days into an existing directory."""
        kept = max(self.days - days, 0)
        head = {"ids": self.ids, "groups": self.groups, "first": self.first + kept}
        for name in MATRICES:
            np.save(directory / f"{name}.npy", np.ascontiguousarray(getattr(self, name)[:, kept:]))
        (directory / NAMES_FILE).write_bytes(orjson.dumps(head))


def open_history(directory: Path) -> SalesHistory:
    """Open what `SalesHistory.save` wrote; the matrices stay on disk until they are read.

    Raises `FileNotFoundError` or `HistoryUnreadable`.
    """
    text = (directory / NAMES_FILE).read_bytes()
    try:
        head = orjson.loads(text)
        matrices: dict[str, Any] = {
            # A plain view of the map: slicing a memmap costs more than reading the slice.
            name: np.asarray(np.load(directory / f"{name}.npy", mmap_mode="r"))
            for name in MATRICES
        }
        ids, groups, first = tuple(head["ids"]), tuple(head["groups"]), int(head["first"])
    except (ValueError, KeyError, TypeError, EOFError) as error:
        raise HistoryUnreadable(f"{directory} is damaged: {error}") from error
    shapes = {matrix.shape for matrix in matrices.values()}
    if len(shapes) != 1 or {shape[:1] for shape in shapes} != {(len(ids),)}:
        raise HistoryUnreadable(f"{directory} is damaged: its arrays are not of one size")
    return SalesHistory(ids, groups, first, **matrices)


def history_of(frame: pd.DataFrame) -> SalesHistory:
    """Make matrices of rows `product_id, date, quantity[, promotion, price, category, open]`.

    Days without a row are zero; a day on which no product at all has a row was closed. Several
    rows of one product and day are added up, returns (negative quantities) with them, and what
    stays below zero counts as zero. The order of the rows is of no matter. `frame` is not empty.
    """
    rows, ids = frame["product_id"].factorize(sort=True)
    days = day_numbers(frame["date"].dt.tz_localize(None).to_numpy())
    first = max(int(days.min()), int(days.max()) + 1 - LONGEST_DAYS)
    length = int(days.max()) + 1 - first
    cells = _Cells(rows, days - first, (len(ids), length))
    quantity = np.maximum(cells.sums(frame["quantity"].to_numpy(dtype=np.float64)), 0)
    opened = np.maximum(_opened(frame, cells), quantity > 0)
    price = cells.largest(_column(frame, "price", np.nan), -np.inf)
    known = _known(quantity, cells.counts)
    return SalesHistory(
        ids=tuple(str(name) for name in ids),
        groups=_groups(frame, [str(name) for name in ids]),
        first=first,
        quantity=quantity,
        promotion=cells.largest(_column(frame, "promotion", 0.0), 0.0),
        price=_carried(price),
        open=opened,
        known=known,
        prices_planned=_planned(price > 0, (known * opened > 0) & (quantity == 0)),
    )


class _Cells:
    """Rows by the cell of the matrix that they belong to; those of days before it are left out."""

    def __init__(
        self, rows: NDArray[np.int64], places: NDArray[np.int64], shape: tuple[int, int]
    ) -> None:
        self._inside = places >= 0
        self._cells = rows[self._inside] * shape[1] + places[self._inside]
        self._shape = shape
        self.counts = np.bincount(self._cells, minlength=shape[0] * shape[1]).reshape(shape)

    def sums(self, values: NDArray[np.float64]) -> Floats:
        """Return the sum of each cell's values, zero where it has none."""
        size = self._shape[0] * self._shape[1]
        summed = np.bincount(self._cells, weights=values[self._inside], minlength=size)
        return summed.astype(np.float32).reshape(self._shape)

    def largest(self, values: NDArray[np.float64], absent: float) -> Floats:
        """Return the largest of each cell's values, `absent` where it has none."""
        found = np.full(self._shape[0] * self._shape[1], absent, dtype=np.float32)
        given = values[self._inside]
        told = ~np.isnan(given)
        np.maximum.at(found, self._cells[told], given[told].astype(np.float32))
        return found.reshape(self._shape)


def _column(frame: pd.DataFrame, name: str, absent: float) -> NDArray[np.float64]:
    if name not in frame:
        return np.full(len(frame), absent)
    return frame[name].to_numpy(dtype=np.float64, na_value=absent)


def _opened(frame: pd.DataFrame, cells: _Cells) -> Floats:
    """Return 1 for days with business: as the rows say, and for others as most products' rows."""
    rows = cells.counts.sum(axis=0)
    told = cells.sums(_column(frame, "open", 1.0)) > 0
    share = np.divide(told.sum(axis=0), (cells.counts > 0).sum(axis=0), where=rows > 0,
                      out=np.zeros(len(rows)))  # fmt: skip
    return np.where(cells.counts > 0, told, share >= 0.5).astype(np.float32)


def _known(quantity: Floats, counts: NDArray[np.int64]) -> Floats:
    """Return 1 from the first sale on; from the first row on where nothing was ever sold."""
    sold = quantity > 0
    begun = np.where(sold.any(axis=1), sold.argmax(axis=1), (counts > 0).argmax(axis=1))
    return np.asarray(np.arange(quantity.shape[1]) >= begun[:, None], dtype=np.float32)


def _planned(told: NDArray[np.bool_], unsold: NDArray[np.bool_]) -> bool:
    """Return whether prices are told of a fair share of the open days without a sale."""
    if not told.any() or not unsold.any():
        return True
    return bool(told[unsold].mean() >= PLANNED_SHARE)


def _carried(price: Floats) -> Floats:
    """Return prices with each gap filled by the price before it; NaN before the first."""
    told = np.isfinite(price) & (price > 0)
    last = np.maximum.accumulate(np.where(told, np.arange(price.shape[1]), -1), axis=1)
    carried = np.take_along_axis(price, np.maximum(last, 0), axis=1)
    return np.where(last >= 0, carried, np.float32(np.nan))


def _groups(frame: pd.DataFrame, ids: Sequence[str]) -> tuple[str, ...]:
    """Return each product's newest category."""
    if "category" not in frame:
        return ("",) * len(ids)
    told = frame.loc[frame["category"].notna(), ["product_id", "date", "category"]]
    newest = told.sort_values(["date", "category"]).drop_duplicates("product_id", keep="last")
    names = dict(zip(newest["product_id"], newest["category"], strict=True))
    return tuple(str(names.get(name, "")) for name in ids)
