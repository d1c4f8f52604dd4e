"""Which products and groups a network knows, and whether it may look at the season."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.families.demand_forecast.panel import Panel, Windows
from pipelines.families.demand_forecast.windows import YEAR, Array

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
        """Return the names of a panel."""
        groups = tuple(sorted(set(panel.groups) - {""}))
        return cls(panel.ids, groups, panel.days >= SEASONAL_DAYS)

    def products_of(self, windows: Windows) -> NDArray[np.int32]:
        """Return the number of each window's product, (n,)."""
        return _numbers(self.products, windows.ids)

    def groups_of(self, windows: Windows) -> NDArray[np.int32]:
        """Return the number of each window's group, (n,)."""
        return _numbers(self.groups, windows.groups)

    def season_of(self, windows: Windows) -> Array:
        """Return 1 for each window where the day of the year may be used, (n,)."""
        return np.full(len(windows), float(self.seasonal), dtype=np.float32)


def _numbers(names: Sequence[str], asked: Sequence[str]) -> NDArray[np.int32]:
    numbers = {name: number for number, name in enumerate(names, start=1)}
    return np.array([numbers.get(name, 0) for name in asked], dtype=np.int32)
