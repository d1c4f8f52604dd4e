"""Thousands of rollouts at once, in arrays: what `pipelines.rollouts` computes one by one.

Rows are rollouts, columns are units in the order in which they come.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from features.betting import FRACTIONS
from pipelines.rollouts.evidence import SCALE_QUANTILE, SCALING
from pipelines.rollouts.sequential import ODDS

Floats = NDArray[np.float64]


def mixed(paths: Iterable[Floats]) -> Floats:
    """Log of the mean of exponentials of some paths, one after another to save memory."""
    whole: Floats = np.array(-np.inf)
    count = 0
    for path in paths:
        whole, count = np.logaddexp(whole, path), count + 1
    return whole - math.log(count)


def log_share_paths(hits: Floats, shares: Floats) -> Floats:
    """Log e-values after each of the trials (last axis), whose null shares are given."""
    return mixed(
        np.cumsum(hits * math.log(r) - np.log(1 - shares + r * shares), axis=1) for r in ODDS
    )


def feedback_paths(taken: Floats, losses: Floats, shares: Floats) -> tuple[Floats, Floats]:
    """Log e-values of harm and of superiority after each tested unit."""
    before = np.cumsum(losses, axis=1) - losses
    usual = (0.5 + before) / (1 + np.arange(losses.shape[1]))
    excess = np.where(taken, 1 / shares, -1 / (1 - shares)) * (losses - usual)
    least = np.maximum(usual / shares, (1 - usual) / (1 - shares))
    most = np.maximum((1 - usual) / shares, usual / (1 - shares))
    harm, gain = (
        mixed(np.cumsum(np.log1p(part * bet), axis=1) for part in FRACTIONS)
        for bet in (excess / least, -excess / most)
    )
    return harm, gain


def scaled(squared: Floats) -> Floats:
    """Cut squared errors as the product does; the first hundred units are not tested."""
    scale = np.sort(squared[:, :SCALING], axis=1)[:, int(SCALE_QUANTILE * SCALING), None]
    return np.minimum(squared[:, SCALING:] / scale, 1.0)


def alarms(paths: Floats, limit: float) -> float:
    """Return the share of rollouts that ever reach the limit."""
    return float((paths >= math.log(limit)).any(axis=1).mean())


def found_by(paths: Floats, limit: float, share_of_runs: float) -> int:
    """Number of units after which that share of the rollouts has reached the limit."""
    reached = paths >= math.log(limit)
    first = np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, paths.shape[1] + 1)
    return int(np.quantile(first, share_of_runs, method="inverted_cdf"))


def ramp(length: int) -> Floats:
    """A ramp in three steps: the null share of each unit."""
    return np.repeat([0.02, 0.1, 0.5], [length // 3, length // 3, length - 2 * (length // 3)])


def normal_paths(taken: Floats, losses: Floats, shares: Floats) -> tuple[Floats, Floats]:
    """What bets are taken instead of: asymptotic log e-values of harm and of superiority.

    The half-normal mixture of an asymptotic confidence sequence (Waudby-Smith and others, 2024),
    from 100 units on and while either side has 30, sharpest at 1,000 units.
    """
    count = np.arange(1, losses.shape[1] + 1)
    before = np.cumsum(losses, axis=1) - losses
    excess = np.where(taken, 1 / shares, -1 / (1 - shares)) * (
        losses - before / np.maximum(count - 1, 1)
    )
    total = np.cumsum(excess, axis=1)
    variance = (np.cumsum(excess**2, axis=1) - total**2 / count) / np.maximum(count - 1, 1)
    ours = np.cumsum(taken, axis=1)
    known = (count >= 100) & (np.minimum(ours, count - ours) >= 30) & (variance > 0)
    grown = -2 * math.log(0.05)
    rho2 = (grown + math.log(grown) + 1) / 1_000
    spread, found = 1 + count * rho2, []
    for sign in (1, -1):
        s = sign * total / np.sqrt(np.where(known, variance, 1.0))
        path = math.log(2) - np.log(spread) / 2 + rho2 * s**2 / (2 * spread)
        found.append(np.where(known, path + log_ndtr(np.sqrt(rho2 / spread) * s), 0.0))
    return found[0], found[1]
