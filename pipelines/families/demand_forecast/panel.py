"""The two shapes that every forecaster works on: the panel of all products, and windows of it.

A `Panel` is what is fitted on. `Windows` are questions: each row is one product at one origin, with
its past to the left of the origin and what is known of the future to the right. Training cuts them
out of the panel, serving makes them of a request, and features are computed from them alone, so
that the two cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.sales_history import SalesHistory
from features.temporal import Days, Floats

HISTORY_DAYS = 504
"""How far back a window sees: a year, and twenty weeks before it."""
HORIZON = 28
"""How many days are forecast at once; longer questions are continued from there."""
NOTES = 4
"""Groups of a product that something is noted of."""


@dataclass(frozen=True)
class Panel(SalesHistory):
    """All products' daily series, from which the windows are cut that forecasters learn from."""

    def until(self, end: int) -> Panel:
        """Return the days before day `end`, of the products that were known by then."""
        days = end - self.first
        alive = np.flatnonzero(self.known[:, :days].any(axis=1))
        return Panel(
            ids=tuple(self.ids[row] for row in alive),
            groups=tuple(self.groups[row] for row in alive),
            first=self.first,
            quantity=self.quantity[alive, :days],
            promotion=self.promotion[alive, :days],
            price=self.price[alive, :days],
            open=self.open[alive, :days],
            known=self.known[alive, :days],
            prices_planned=self.prices_planned,
        )

    def windows(
        self,
        rows: NDArray[np.int64],
        origins: Days,
        horizon: int = HORIZON,
        history: int = HISTORY_DAYS,
    ) -> Windows:
        """Return the windows of series `rows` whose first forecast day is `origins`.

        Days before the panel are unknown. Days after it are without promotion, open and unpriced:
        whoever knows better puts that in. Prices that are no plans stay as before the origin.
        """
        places = (origins - self.first)[:, None] + np.arange(-history, horizon)
        past = places[:, :history]
        price = self._taken(self.price, rows, places, np.nan)
        if not self.prices_planned:
            price[:, history:] = price[:, history - 1 : history]
        return Windows(
            ids=tuple(self.ids[row] for row in rows),
            groups=tuple(self.groups[row] for row in rows),
            origin=np.asarray(origins, dtype=np.int64),
            quantity=self._taken(self.quantity, rows, past, 0.0),
            known=self._taken(self.known, rows, past, 0.0),
            promotion=self._taken(self.promotion, rows, places, 0.0),
            price=price,
            open=self._taken(self.open, rows, places, 1.0),
        )

    def outcomes(
        self, rows: NDArray[np.int64], origins: Days, horizon: int = HORIZON
    ) -> tuple[Floats, Floats]:
        """Return what came true in those windows, and 1 where it counts; both [n, horizon].

        Days without business, before the first sale or outside the panel do not count.
        """
        places = (origins - self.first)[:, None] + np.arange(horizon)
        counts = self._taken(self.known, rows, places, 0.0) * self._taken(
            self.open, rows, places, 0.0
        )
        return self._taken(self.quantity, rows, places, 0.0), counts

    def _taken(
        self, matrix: Floats, rows: NDArray[np.int64], places: NDArray[np.int64], absent: float
    ) -> Floats:
        inside = (places >= 0) & (places < self.days)
        values = matrix[np.asarray(rows)[:, None], np.clip(places, 0, self.days - 1)]
        return np.where(inside, values, np.float32(absent))


class Margin:
    """Where a forecaster notes, beside a past that comes again, what it has made of it."""

    def __init__(self) -> None:
        self._notes: dict[tuple[str, str], NDArray[np.float64]] = {}

    def read(self, key: tuple[str, str]) -> NDArray[np.float64] | None:
        """Return what was noted of the past as that of a product in a group, or None."""
        return self._notes.get(key)

    def note(self, key: tuple[str, str], values: NDArray[np.float64]) -> None:
        """Note it; of groups that requests name there may be any number, so few are kept."""
        if len(self._notes) >= NOTES:
            self._notes = {}
        self._notes[key] = values.copy()


@dataclass(frozen=True)
class Windows:
    """Questions: n products, each with `history` days before its origin and `horizon` from it on.

    `quantity` and `known` are [n, history]: their last column is the day before the origin.
    `promotion`, `price` (NaN: unknown) and `open` are [n, history + horizon]: what is planned for
    the days asked about is known when the question is asked.
    """

    ids: tuple[str, ...]
    """The products; a forecaster may meet some that it has never seen."""
    groups: tuple[str, ...]
    origin: Days
    quantity: Floats
    known: Floats
    promotion: Floats
    price: Floats
    open: Floats
    wanted: int | None = None
    """How many of the first days are wanted, where not all: a forecaster may leave out the rest."""
    margins: tuple[Margin | None, ...] = ()
    """Where to note what is made of each past, None where it does not come again; none for all."""

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def history(self) -> int:
        """How many days before the origin they show."""
        return int(self.quantity.shape[1])

    @property
    def horizon(self) -> int:
        """How many days are asked about."""
        return int(self.promotion.shape[1]) - self.history

    @property
    def dates(self) -> Days:
        """The day of each column, [n, history + horizon]."""
        return np.asarray(self.origin[:, None] + np.arange(-self.history, self.horizon))

    @cached_property
    def known_days(self) -> NDArray[np.int64]:
        """How many days of each product are known, [n]."""
        return np.asarray(self.known.sum(axis=1), dtype=np.int64)

    @cached_property
    def plain_means(self) -> NDArray[np.float64]:
        """The mean of each product's known open days, [n]."""
        seen = (self.known * self.open[:, : self.history]).astype(np.float64)
        sold = (self.quantity * seen).sum(axis=1)
        return np.asarray(sold / np.maximum(seen.sum(axis=1), 1.0))

    def lately(self, days: int) -> Windows:
        """Return the same questions without the past before its last `days`."""
        begun = max(self.history - days, 0)
        return replace(
            self,
            quantity=self.quantity[:, begun:],
            known=self.known[:, begun:],
            promotion=self.promotion[:, begun:],
            price=self.price[:, begun:],
            open=self.open[:, begun:],
        )

    def remembering(self, days: int) -> Windows:
        """Return the same questions about strangers of whom only the last `days` are known."""
        kept = np.zeros(self.history, dtype=np.float32)
        kept[self.history - days :] = 1
        return replace(
            self,
            ids=("",) * len(self),
            quantity=self.quantity * kept,
            known=self.known * kept,
            margins=(),
        )

    def padded(self, horizon: int = HORIZON) -> Windows:
        """Return the same questions about `horizon` days, ordinary ones put behind those asked."""
        missing = ((0, 0), (0, horizon - self.horizon))
        if not missing[1][1]:
            return self
        return replace(
            self,
            promotion=np.pad(self.promotion, missing),
            price=np.pad(self.price, missing, constant_values=np.nan),
            open=np.pad(self.open, missing, constant_values=1.0),
        )

    def take(self, rows: NDArray[np.int64]) -> Windows:
        """Return some of the questions, in the order given."""
        return Windows(
            ids=tuple(self.ids[row] for row in rows),
            groups=tuple(self.groups[row] for row in rows),
            origin=self.origin[rows],
            quantity=self.quantity[rows],
            known=self.known[rows],
            promotion=self.promotion[rows],
            price=self.price[rows],
            open=self.open[rows],
            wanted=self.wanted,
            margins=tuple(self.margins[row] for row in rows) if self.margins else (),
        )

    def batches(self, size: int) -> Iterator[Windows]:
        """Yield the questions in order, at most `size` at a time: bounds the memory of a call."""
        if 0 < len(self) <= size:
            yield self
            return
        for start in range(0, len(self), size):
            yield self.take(np.arange(start, min(start + size, len(self))))
