"""Tests of shares that may be looked at all the time: e-processes, and intervals of a share.

An e-process starts at 1 and, while its null hypothesis is true, reaches 1/alpha at any time at all
with probability at most alpha (Ville's inequality). So a rollout may be judged each second, and
stopped when it is clear. Everything is kept as logarithms. Plain functions of numbers: no
statistics library is loaded, because the server judges with them. Bets on means stand in
`features.betting`.

Sources: Ville (1939); Robbins, "Statistical methods related to the law of the iterated logarithm"
(1970), for mixtures. Nothing here is asymptotic.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from features.betting import log_mean_exp

ODDS: Final = (1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0)
"""How much the odds may have grown: the alternatives that the mixture holds, weighted alike."""


class Cell(NamedTuple):
    """`hits` of `trials` in one stage, where the null hypothesis says at most `share` of them."""

    hits: int
    trials: int
    share: float


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
