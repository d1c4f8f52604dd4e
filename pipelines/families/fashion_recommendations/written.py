"""Explains a written review: ridge regression on the words that it is written in. Fitting only.

What a review says is not known before a purchase, so nothing of this enters a recommendation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = NDArray[np.floating]

RIDGES = (0.5, 1.0, 2.0, 4.0)
INNER_SHARE = 5
"""One copy group in so many is held out to choose the ridge and what is explained."""
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Explained:
    """Weights of the words; the rating is their sum, beside what was expected if `beside`."""

    weights: Floats
    intercept: float
    beside: bool
    ridge: float
    held_out_rmse: float


def fit_written(
    matrix: csr_matrix, rating: Floats, expected: Floats, copies: NDArray[np.int32]
) -> Explained:
    """Fit on n reviews with words (n, terms); `expected` is what was predicted before each.

    Ridge regression of the rating, or of what the prediction leaves unexplained: whichever is
    nearer on reviews that are held out.
    """
    held = copies % INNER_SHARE == 0
    inner = held & ~held.all(), ~held
    found: list[tuple[float, bool, float]] = []
    for beside in (False, True):
        left = rating - expected if beside else rating
        for ridge in RIDGES if inner[0].any() and inner[1].any() else ():
            weights, intercept = _ridge(matrix[inner[1]], left[inner[1]], ridge)
            error = matrix[held] @ weights + intercept - left[held]
            found.append((float(np.sqrt(np.mean(error**2))), beside, ridge))
    error, beside, ridge = min(found, default=(float("nan"), False, 1.0))
    weights, intercept = _ridge(matrix, rating - expected if beside else rating, ridge)
    return Explained(weights.astype(np.float32), intercept, beside, ridge, error)


def _ridge(matrix: csr_matrix, target: Floats, ridge: float) -> tuple[Floats, float]:
    from sklearn.linear_model import Ridge

    fitted = Ridge(ridge, solver="sparse_cg", tol=TOLERANCE).fit(matrix, target.astype(np.float64))
    return np.asarray(fitted.coef_), float(fitted.intercept_)
