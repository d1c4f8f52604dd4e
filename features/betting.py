"""Bets on a mean: tests that may be looked at after every observation.

Who bets against "the mean is at most m" with stakes that cannot ruin him has, while that is true,
at any time at all 1/alpha times what he began with, with probability at most alpha (Ville's
inequality). Everything is kept as logarithms. Plain functions of numbers: the server judges
rollouts with them and loads no statistics library.

Sources: Ville (1939); Waudby-Smith and Ramdas, "Estimating means of bounded random variables by
betting" (2024), for bets and for the interval of a mean. Nothing here is asymptotic.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

FRACTIONS: Final = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64)
"""Parts of the largest safe stake that the bettors stake, each one always the same."""
LARGEST_WEIGHT: Final = 0.5
"""Largest weight that the interval of a mean gives one observation."""


def log_mean_exp(values: Sequence[float]) -> float:
    """Return the logarithm of the mean of exponentials."""
    top = max(values)
    return top + math.log(math.fsum(math.exp(each - top) for each in values) / len(values))


def bets(
    log_wealth: Sequence[float], gain: float, worst: float, fractions: Sequence[float] = FRACTIONS
) -> list[float]:
    """Return the log wealth of each bettor after one more observation.

    Under the null hypothesis `gain` is at most 0 on average whatever came before, and it is never
    below -`worst`, which was known before it came. Each bettor stakes a fixed part of 1 / `worst`,
    so nobody can be ruined; the mean wealth is an e-process.
    """
    return [
        wealth + math.log1p(fraction / worst * gain)
        for wealth, fraction in zip(log_wealth, fractions, strict=True)
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


def log_wealths(
    gains: Iterable[float], worst: float, fractions: Sequence[float] = FRACTIONS
) -> Iterator[float]:
    """Yield the log of the bettors' mean wealth after each observation.

    Stakes never change, so the wealth never falls where a gain rises: with each gain that is not
    known yet put at its lowest, -`worst`, this is at most what will be known to be the wealth.
    """
    wealth = [0.0] * len(fractions)
    for gain in gains:
        wealth = bets(wealth, gain, worst, fractions)
        yield log_mean_exp(wealth)


def most_ever(
    gains: Iterable[float], worst: float, fractions: Sequence[float] = FRACTIONS
) -> float:
    """Return the log of the largest mean wealth at any time, of which Ville's inequality speaks."""
    return max(log_wealths(gains, worst, fractions), default=0.0)
