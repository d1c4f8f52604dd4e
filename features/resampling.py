"""Stratified cluster resampling: weights on rows that stand for repeated draws of a test set.

Groups (near-duplicates, users, series) are drawn whole. From a stratum of n groups n - 1 are drawn
and each counts n / (n - 1): the Rao-Wu-Yue bootstrap, whose variance is right even for strata of
two. A plain bootstrap would take a half off the variance there, and rare classes are such strata.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.generic]
Codes = NDArray[np.intp]

BLOCK, BLOCK_NUMBERS = 256, 2**22
"""Resamples held in memory at a time, fewer where there are many rows: some 200 MB at the most.
Results do not depend on it."""


@dataclass(frozen=True)
class Plan:
    """Which rows belong to which group, and which groups to which stratum.

    Depends on the labels only, not on the order of rows. Strata of fewer than two groups are
    pooled, since one group alone shows no variance.
    """

    group_of_row: Codes
    stratum_of_group: Codes

    @property
    def units(self) -> int:
        """Return the number of groups."""
        return len(self.stratum_of_group)

    def weights(self, resamples: int, seed: int, block: int = BLOCK) -> Iterator[Floats]:
        """Yield row weights, shape (up to `block`, rows), until there are `resamples` rows."""
        for drawn in self.group_weights(resamples, seed, block):
            yield drawn[:, self.group_of_row]

    def sums(self, values: Floats) -> Floats:
        """Return the sum of the rows' values in each group."""
        sums = np.bincount(self.group_of_row, weights=values, minlength=self.units)
        return sums.astype(np.float64)

    def group_weights(self, resamples: int, seed: int, block: int = BLOCK) -> Iterator[Floats]:
        """Yield the same draws as weights of groups, shape (up to `block`, groups)."""
        order = np.argsort(self.stratum_of_group, kind="stable")
        sizes = np.bincount(self.stratum_of_group)
        draws = np.repeat(sizes, sizes - 1)
        starts = np.repeat(np.cumsum(sizes) - sizes, sizes - 1)
        factor = (sizes / np.maximum(sizes - 1, 1))[self.stratum_of_group]
        rng = np.random.Generator(np.random.PCG64(seed))
        block = max(1, min(block, BLOCK_NUMBERS // max(len(self.group_of_row), 1)))
        for begin in range(0, resamples, block):
            count = min(block, resamples - begin)
            places = starts + (rng.random((count, len(draws))) * draws).astype(np.intp)
            flat = order[places] + np.arange(count)[:, None] * self.units
            drawn = np.bincount(flat.ravel(), minlength=count * self.units)
            yield drawn.reshape(count, self.units) * factor

    def error_of_mean(self, values: Floats) -> float:
        """Return the standard error of the rows' mean that endless resampling would give."""
        influence = np.bincount(
            self.group_of_row, weights=(values - values.mean()) / len(values), minlength=self.units
        )
        sizes = np.bincount(self.stratum_of_group)
        if len(sizes) == 0 or sizes.min() < 2:
            return float("inf")
        means = np.bincount(self.stratum_of_group, weights=influence) / sizes
        squares = (influence - means[self.stratum_of_group]) ** 2
        within = np.bincount(self.stratum_of_group, weights=squares)
        return float(np.sqrt(np.sum(within * sizes / (sizes - 1))))

    def spread(
        self, statistic: Callable[[Floats], Floats], resamples: int, seed: int
    ) -> tuple[float, float]:
        """Return mean and standard deviation of a statistic of row weights over resamples."""
        return self._spread(statistic, self.weights(resamples, seed))

    def spread_by_group(
        self, statistic: Callable[[Floats], Floats], resamples: int, seed: int
    ) -> tuple[float, float]:
        """Return the same of a statistic of group weights: with few groups far faster."""
        return self._spread(statistic, self.group_weights(resamples, seed))

    def _spread(
        self, statistic: Callable[[Floats], Floats], draws: Iterator[Floats]
    ) -> tuple[float, float]:
        if self.units < 2:
            return float("nan"), float("inf")
        values = np.concatenate([statistic(weights) for weights in draws])
        return float(np.mean(values)), float(np.std(values, ddof=1))


def plan(groups: Labels, strata: Labels | None = None) -> Plan:
    """Make a plan from each row's group and stratum labels.

    A group with rows in several strata belongs to the one that holds most of them.
    """
    names, group_of_row = np.unique(groups.astype(str), return_inverse=True)
    if strata is None:
        return Plan(group_of_row, np.zeros(len(names), dtype=np.intp))
    _, stratum_of_row = np.unique(strata.astype(str), return_inverse=True)
    return Plan(group_of_row, _pooled(_main_stratum(group_of_row, stratum_of_row)))


def _main_stratum(group_of_row: Codes, stratum_of_row: Codes) -> Codes:
    pairs, counts = np.unique(
        np.stack([group_of_row, stratum_of_row], axis=1), axis=0, return_counts=True
    )
    order = np.lexsort((pairs[:, 1], -counts, pairs[:, 0]))
    _, first = np.unique(pairs[order, 0], return_index=True)
    return np.asarray(pairs[order[first], 1], dtype=np.intp)


def _pooled(strata: Codes) -> Codes:
    """Pool the strata of one group; a pool that would hold one only joins the smallest other."""
    sizes = np.bincount(strata)
    lonely = sizes[strata] == 1
    pooled = np.where(lonely, len(sizes), strata)
    if lonely.sum() == 1 and len(strata) > 1:
        others = np.where(sizes >= 2, sizes, len(strata) + 1)
        pooled = np.where(lonely, int(np.argmin(others)), strata)
    return np.unique(pooled, return_inverse=True)[1].astype(np.intp)
