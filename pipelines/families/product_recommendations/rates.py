"""Ratings from the compiled form: numpy only, for serving and for the plain form alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.families.product_recommendations.layout import RatingArrays

Numbers = NDArray[np.float64]
Codes = NDArray[np.integer]


@dataclass(frozen=True)
class Taste:
    """What is known of one user: a bias in rating points and factors (k; empty for the means)."""

    bias: float
    factors: Numbers


class Rater:
    """Answers what somebody would give some items."""

    def __init__(self, arrays: RatingArrays) -> None:
        self._arrays = arrays
        self._unknown = Taste(0.0, np.zeros(arrays.item_factors.shape[1]))

    def taste(self, user: int | None) -> Taste:
        """Return a known user's taste; None stands for one who is not known, of average taste."""
        if user is None:
            return self._unknown
        factors = self._arrays.user_factors[user].astype(np.float64)
        return Taste(float(self._arrays.user_bias[user]), factors)

    def fold_in(self, items: Codes, ratings: Numbers) -> Taste:
        """Return the taste that a history shows: bias and factors by one ridge regression.

        `items` are codes, `ratings` theirs; an empty history shows an average taste. The bias is
        held back by `damping` ratings of average taste, each factor by the penalty `ridge`.
        """
        if not len(items):
            return self._unknown
        arrays, count = self._arrays, len(items)
        residual = np.asarray(ratings, dtype=np.float64) - arrays.mean - arrays.item_bias[items]
        known = np.column_stack([np.ones(count), arrays.item_factors[items]])
        penalty = np.full(known.shape[1], arrays.ridge)
        penalty[0] = arrays.damping
        found = np.linalg.solve(known.T @ known + np.diag(penalty), known.T @ residual)
        return Taste(float(found[0]), found[1:])

    def rate(self, taste: Taste, items: Codes) -> Numbers:
        """Return the predicted ratings of item codes, clipped to the scale."""
        arrays = self._arrays
        dots = arrays.item_factors[items].astype(np.float64) @ taste.factors
        raw = arrays.mean + taste.bias + arrays.item_bias[items].astype(np.float64) + dots
        return np.clip(raw, arrays.low, arrays.high)

    def rate_unknown_item(self, taste: Taste) -> float:
        """Return the prediction for an item that nobody has rated: the user's own level."""
        level = self._arrays.mean + taste.bias
        return float(np.clip(level, self._arrays.low, self._arrays.high))
