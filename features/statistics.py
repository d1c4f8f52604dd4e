"""The gate's statistics: what a gain is worth, and what a look at the test set costs.

Plain functions of numbers. Resampling stands in `features.resampling`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

Floats = NDArray[np.float64]
_NORMAL = NormalDist()


def alpha_at(alpha: float, look: int) -> float:
    """Return the part of `alpha` that the look of that number (from 1) may spend.

    6 alpha / (pi² t²) sums to alpha over all t, so however many looks there will be, the chance of
    even one false promotion in a test set's life stays below alpha.
    """
    return 6 * alpha / (math.pi**2 * look**2)


def alpha_left(alpha: float, looks: int) -> float:
    """Return what is left of `alpha` after that many looks."""
    return alpha - math.fsum(alpha_at(alpha, look) for look in range(1, looks + 1))


def upper_tail(z: float) -> float:
    """Return P(Z > z) of a standard normal, exact far into the tail."""
    return 0.5 * math.erfc(z / math.sqrt(2))


@dataclass(frozen=True)
class Estimate:
    """A paired gain (positive: better) with the middle and the spread of its resamples.

    p values are tails of the normal curve through the resamples' mean and standard deviation: the
    percentile of the bootstrap distribution, but smooth, so that it also answers at the tiny
    alphas of late looks, where 10,000 resamples hold only a handful of values. Where resampling
    is biased (macro averages over rare classes shrink towards zero) middle and spread shrink
    together, so the gain itself must not be set against that spread.

    `units` groups were resampled; in `differing` of them the two models' answers differ. Two
    corrections make the test hold where few answers differ, and both vanish as more do: the
    spread is taken about the tested value, not about the observed gain, and half a differing
    unit's worth is taken off. For accuracy they turn the test into McNemar's with a continuity
    correction; its true level is at most 1.2 times alpha however few answers differ.
    """

    gain: float
    centre: float
    """Mean of the resampled gains; the gain itself where resampling is unbiased."""
    standard_error: float
    units: int
    differing: int

    def p_above(self, null: float) -> float:
        """Return the one-sided p of "the gain is at most `null`"; small: it is above."""
        return self._tail(self.centre - null)

    def p_below(self, null: float) -> float:
        """Return the one-sided p of "the gain is at least `null`"; small: it is below."""
        return self._tail(null - self.centre)

    def lower(self, alpha: float) -> float:
        """Return the bound that is above `null` exactly when `p_above(null)` is below alpha."""
        return self.centre - self._reach(alpha)

    def upper(self, alpha: float) -> float:
        """Return the bound that is below `null` exactly when `p_below(null)` is below alpha."""
        return self.centre + self._reach(alpha)

    @property
    def _step(self) -> float:
        return 0.5 / math.sqrt(self.differing) if self.differing else 0.0

    def _tail(self, distance: float) -> float:
        if not self.units:
            return 1.0
        spread = math.sqrt(self.standard_error**2 + distance**2 / self.units)
        if spread == 0:
            return 1.0
        return upper_tail(distance / spread - self._step)

    def _reach(self, alpha: float) -> float:
        if not self.units:
            return math.inf
        factor = _NORMAL.inv_cdf(1 - alpha) + self._step
        room = 1 - factor**2 / self.units
        return factor * self.standard_error / math.sqrt(room) if room > 0 else math.inf


@dataclass(frozen=True)
class McNemar:
    """Requests that only one of two models answers right, and the exact two-sided p."""

    champion_only: int
    challenger_only: int
    p: float


def mcnemar(champion_right: NDArray[np.bool_], challenger_right: NDArray[np.bool_]) -> McNemar:
    """Test exactly whether two models are right equally often on the same requests."""
    lost = int(np.sum(champion_right & ~challenger_right))
    won = int(np.sum(challenger_right & ~champion_right))
    tosses, fewer = lost + won, min(lost, won)
    ways = sum(math.comb(tosses, k) for k in range(fewer + 1))
    return McNemar(lost, won, min(1.0, _ratio(2 * ways, tosses)))


def _ratio(ways: int, tosses: int) -> float:
    """Return ways / 2**tosses for integers too large for floating point."""
    shift = max(0, ways.bit_length() - 64)
    return math.ldexp(ways >> shift, shift - tosses)


@dataclass(frozen=True)
class DieboldMariano:
    """Whether one forecast's losses are lower on average; positive: the challenger's are."""

    statistic: float
    p: float


def diebold_mariano(champion: Floats, challenger: Floats, horizon: int) -> DieboldMariano | None:
    """Test two forecasts' losses in time order, with Harvey's small-sample correction.

    `horizon` steps ahead make `horizon` - 1 autocovariances. None where the losses are too few or
    their long-run variance is not positive.
    """
    difference = champion - challenger
    count = len(difference)
    if count <= horizon or count < 2:
        return None
    centred = difference - difference.mean()
    variance = float(centred @ centred) / count
    for lag in range(1, horizon):
        variance += 2 * float(centred[lag:] @ centred[:-lag]) / count
    if variance <= 0:
        return None
    harvey = (count + 1 - 2 * horizon + horizon * (horizon - 1) / count) / count
    statistic = math.sqrt(harvey) * float(difference.mean()) / math.sqrt(variance / count)
    return DieboldMariano(statistic, float(2 * stdtr(count - 1, -abs(statistic))))


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Return Holm's adjusted p values: reject those at or below alpha, and at most alpha of
    families of true hypotheses lose even one."""
    adjusted: dict[str, float] = {}
    largest = 0.0
    ordered = sorted(p_values, key=lambda name: (p_values[name], name))
    for place, name in enumerate(ordered):
        largest = max(largest, min(1.0, (len(ordered) - place) * p_values[name]))
        adjusted[name] = largest
    return adjusted


def items_needed(discordant: float, effect: float, alpha: float, power: float = 0.8) -> int:
    """Return how many requests find a gain of `effect` with that power, one-sided.

    `discordant` is the share of requests on which exactly one model is right, or more generally
    the variance of one request's contribution to the gain.
    """
    quantiles = _NORMAL.inv_cdf(1 - alpha) + _NORMAL.inv_cdf(power)
    return math.ceil(quantiles**2 * discordant / effect**2)
