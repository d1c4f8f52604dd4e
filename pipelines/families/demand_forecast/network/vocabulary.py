"""Which products and groups a network knows, and whether it may look at the season."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipelines.families.demand_forecast.columns import Array
from pipelines.families.demand_forecast.panel import HORIZON, Panel, Windows
from pipelines.families.demand_forecast.windows import YEAR

LEAST_DAYS = 28
"""Known days before an origin that training asks for."""
SEASONAL_DAYS = YEAR + YEAR // 2
"""Below a year and a half every day of the year was seen once or not at all: a season learnt from
that is a memory of single days."""


@dataclass(frozen=True)
class Vocabulary:
    """Names in the order of their numbers; number 0 stands for every name not among them."""

    products: tuple[str, ...]
    groups: tuple[str, ...]
    seasonal: bool

    @classmethod
    def of(cls, panel: Panel) -> Vocabulary:
        """Return the names of a panel: the groups, and the products that training can meet."""
        groups = tuple(sorted(set(panel.groups) - {""}))
        met = panel.known.sum(axis=1) >= LEAST_DAYS + HORIZON
        products = tuple(name for name, trained in zip(panel.ids, met, strict=True) if trained)
        return cls(products, groups, panel.days >= SEASONAL_DAYS)

    @cached_property
    def _product_numbers(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.products, start=1)}

    @cached_property
    def _group_numbers(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.groups, start=1)}

    def products_of(self, windows: Windows) -> NDArray[np.int32]:
        """Return the number of each window's product, (n,)."""
        return _looked_up(self._product_numbers, windows.ids)

    def groups_of(self, windows: Windows) -> NDArray[np.int32]:
        """Return the number of each window's group, (n,)."""
        return _looked_up(self._group_numbers, windows.groups)

    def season_of(self, windows: Windows) -> Array:
        """Return 1 for each window where the day of the year may be used, (n,)."""
        return np.full(len(windows), float(self.seasonal), dtype=np.float32)


def _looked_up(numbers: Mapping[str, int], names: Sequence[str]) -> NDArray[np.int32]:
    return np.array([numbers.get(name, 0) for name in names], dtype=np.int32)
