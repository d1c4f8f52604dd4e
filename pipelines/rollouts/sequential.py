"""Tests that may be looked at all the time: e-processes, and intervals that hold at every moment.

An e-process starts at 1 and, while its null hypothesis is true, reaches 1/alpha at any time at all
with probability at most alpha (Ville's inequality). So a rollout may be judged each second, and
stopped when it is clear. Everything is kept as logarithms. Plain functions of numbers: no
statistics library is loaded, because the server judges with them.

Sources: Ville (1939); Robbins, "Statistical methods related to the law of the iterated logarithm"
(1970), for mixtures; Waudby-Smith and Ramdas, "Estimating means of bounded random variables by
betting" (2024), for bets and for the interval of a mean. Nothing here is asymptotic.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

ODDS: Final = (1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0)
"""How much the odds may have grown: the alternatives that the mixture holds, weighted alike."""
FRACTIONS: Final = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64)
"""Parts of the largest safe stake that the bettors stake, each one always the same."""
LARGEST_WEIGHT: Final = 0.5
"""Largest weight that the interval of a mean gives one observation."""


class Cell(NamedTuple):
    """`hits` of `trials` in one stage, where the null hypothesis says at most `share` of them."""

    hits: int
    trials: int
    share: float


def log_mean_exp(values: Sequence[float]) -> float:
    """Return the logarithm of the mean of exponentials."""
    top = max(values)
    return top + math.log(math.fsum(math.exp(each - top) for each in values) / len(values))


def log_share_e(cells: Iterable[Cell], odds: Sequence[float] = ODDS) -> float:
    """Return the log e-value against "each trial hits with probability at most its share".

    The likelihood ratio of odds r times as high, prod (p_r/p)^hits ((1-p_r)/(1-p))^misses with
    p_r = r p / (1 - p + r p), is an e-process for every r > 1 (it is linear in the true
    probability and 1 at p); their mean over the declared `odds` is one too. Shares may differ
    between stages, as in a ramp.
    """
    known = [cell for cell in cells if cell.trials]
    return log_mean_exp([math.fsum(_log_ratio(cell, r) for cell in known) for r in odds])


def log_best_e(cells: Sequence[Cell]) -> float:
    """Return the log e-value of cells whose trials may depend on one another's, one by one.

    The largest of their e-values divided by how many cells there are: each alone reaches n / alpha
    with probability at most alpha / n, so any of n does with at most alpha (the union bound).
    """
    return max(log_share_e([cell]) for cell in cells) - math.log(len(cells))


def _log_ratio(cell: Cell, r: float) -> float:
    inflation = 1 - cell.share + r * cell.share
    return cell.hits * math.log(r) - cell.trials * math.log(inflation)


def bets(log_wealth: Sequence[float], gain: float, worst: float) -> list[float]:
    """Return the log wealth of each bettor after one more observation.

    Under the null hypothesis `gain` is at most 0 on average whatever came before, and it is never
    below -`worst`, which was known before it came. Each bettor stakes a fixed part of 1 / `worst`,
    so nobody can be ruined; the mean wealth is an e-process.
    """
    return [
        wealth + math.log1p(fraction / worst * gain)
        for wealth, fraction in zip(log_wealth, FRACTIONS, strict=True)
    ]


@dataclass
class BoundedMean:
    """The mean of observations between 0 and 1, with an interval that holds at every moment.

    The predictable plug-in empirical Bernstein confidence sequence (theorem 2 of Waudby-Smith and
    Ramdas): sum(w x) / sum(w) +- (log(2 / alpha) + sum(v psi(w))) / sum(w), where the weight
    w = min(sqrt(2 log(2 / alpha) / (s t log(1 + t))), 1/2) comes from the observations before,
    v = 4 (x - mean before)^2 and psi(w) = (-log(1 - w) - w) / 4.
    """

    alpha: float
    count: int = 0
    total: float = 0.0
    squares: float = 0.0
    """Sum of squared deviations, each from the running mean with it."""
    weights: float = 0.0
    weighted: float = 0.0
    slack: float = 0.0

    def add(self, value: float) -> None:
        """Take one more observation."""
        before = (0.5 + self.total) / (1 + self.count)
        spread = (0.25 + self.squares) / (1 + self.count)
        self.count += 1
        pace = spread * self.count * math.log(1 + self.count)
        weight = min(math.sqrt(2 * math.log(2 / self.alpha) / pace), LARGEST_WEIGHT)
        self.weights += weight
        self.weighted += weight * value
        self.slack += (value - before) ** 2 * (-math.log1p(-weight) - weight)
        self.total += value
        self.squares += (value - (0.5 + self.total) / (1 + self.count)) ** 2

    def interval(self) -> tuple[float, float]:
        """Return the interval by now."""
        if self.count == 0:
            return 0.0, 1.0
        reach = (math.log(2 / self.alpha) + self.slack) / self.weights
        centre = self.weighted / self.weights
        return max(0.0, centre - reach), min(1.0, centre + reach)


def share_interval(hits: int, trials: int, alpha: float) -> tuple[float, float]:
    """Return the shares that a uniform mixture does not reject at any time, by bisection.

    Robbins' beta-binomial mixture: p stays while B(hits + 1, misses + 1) < p^hits (1-p)^misses /
    alpha. Exact, not asymptotic.
    """
    if trials == 0:
        return 0.0, 1.0
    misses, centre = trials - hits, hits / trials
    mixed = math.lgamma(hits + 1) + math.lgamma(misses + 1) - math.lgamma(trials + 2)

    def rejected(p: float) -> bool:
        likelihood = _times_log(hits, p) + _times_log(misses, 1 - p)
        return mixed - likelihood >= -math.log(alpha)

    return _boundary(rejected, 0.0, centre), _boundary(rejected, 1.0, centre)


def _boundary(rejected: Callable[[float], bool], outside: float, inside: float) -> float:
    """Return where, between a point outside and one inside, rejection ends."""
    if not rejected(outside):
        return outside
    for _ in range(60):
        middle = (outside + inside) / 2
        outside, inside = (middle, inside) if rejected(middle) else (outside, middle)
    return outside


def _times_log(count: int, p: float) -> float:
    if count == 0:
        return 0.0
    return count * math.log(p) if p > 0 else -math.inf
