"""What every rating model comes down to: a mean, biases and factors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from features.interactions import Interactions
from features.preferences import damped_means

Numbers = NDArray[np.floating]
Measured = tuple[int, str, float]
"""Step, name and value of a figure that fitting measured."""
ROWS_AT_ONCE = 200_000


@dataclass(frozen=True)
class Factors:
    """rating = mean + user bias + item bias + user factors . item factors.

    Biases have the shapes (U,) and (I,), factors (U, k) and (I, k); k is 0 for damped means.
    """

    by: str
    mean: float
    user_bias: Numbers
    item_bias: Numbers
    user_factors: Numbers
    item_factors: Numbers
    history: Sequence[Measured] = field(default=())

    def rate(self, user: NDArray[np.integer], item: NDArray[np.integer]) -> NDArray[np.float64]:
        """Return the predictions for pairs of codes, not clipped to a scale."""
        biases = self.mean + self.user_bias[user] + self.item_bias[item]
        rated = np.asarray(biases, dtype=np.float64)
        for start in range(0, len(rated), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            rated[rows] += np.einsum(
                "nk,nk->n", self.user_factors[user[rows]], self.item_factors[item[rows]]
            )
        return rated


def fit_means(known: Interactions, damping: float) -> Factors:
    """Return damped means as factors of no width."""
    means = damped_means(known, damping)
    none = (np.zeros((len(known.users), 0)), np.zeros((len(known.items), 0)))
    return Factors("means", means.mean, means.user, means.item, *none)


def centred(factors: Factors, known: Interactions) -> Factors:
    """Return the same predictions with the mean user's factors moved into the items' biases.

    What is left of a user whom nothing is known of is then the mean user, not one without the
    tastes that everybody shares (SVD++ keeps much of what makes an item good in there). The
    user factors are changed in place: of millions of users there are gigabytes.
    """
    unseen = np.bincount(known.user, minlength=len(known.users)) == 0
    factors.user_factors[unseen] = 0
    mean = factors.user_factors.sum(axis=0) / max((~unseen).sum(), 1)
    np.subtract(factors.user_factors, mean, out=factors.user_factors)
    factors.user_factors[unseen] = 0
    factors.item_factors[np.bincount(known.item, minlength=len(known.items)) == 0] = 0
    return replace(factors, item_bias=factors.item_bias + factors.item_factors @ mean)


def rescaled(factors: Factors, points: float) -> Factors:
    """Return the predictions times `points`; user factors are changed in place.

    Item factors stay, so that a history folds in alike on every scale.
    """
    if points == 1:
        return factors
    np.multiply(factors.user_factors, points, out=factors.user_factors)
    return replace(
        factors,
        mean=factors.mean * points,
        user_bias=factors.user_bias * points,
        item_bias=factors.item_bias * points,
        history=[(step, name, value * points) for step, name, value in factors.history],
    )
