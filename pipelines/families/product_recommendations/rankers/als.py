"""Implicit ALS: factors in which the liked items of a user stand close to one another.

Y. Hu, Y. Koren and C. Volinsky, "Collaborative Filtering for Implicit Feedback Datasets", ICDM
2008, by the `implicit` library. Only the items' factors are kept: a user's follow from what they
liked by one small ridge regression, the same for a stored and for a sent history.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from features.interactions import Interactions
from pipelines.families.product_recommendations.rankers.likes import matrix

Array = NDArray[np.generic]
TEACHING = 2
"""A user teaches which items belong together only by liking this many."""
RIDGE = 0.05
CONFIDENCE = 2.0
"""How much a liked item weighs against one that was not liked."""


def fit_als(
    liked: Interactions, factors: int, sweeps: int, seed: int, progress: Callable[[float], None]
) -> Mapping[str, Array]:
    """Return `factors` (I x f float32) and `gram` (f x f float64), what every user starts from.

    The same for the same seed, on however many threads.
    """
    from implicit.cpu.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    teaching = matrix(liked, TEACHING)
    if not teaching.nnz:
        return with_gram(np.zeros((len(liked.items), factors), dtype=np.float32))
    # BLAS threads inside the library's own would only get into one another's way.
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(
            factors, RIDGE, alpha=CONFIDENCE, iterations=sweeps, random_state=seed
        )
        model.fit(
            teaching,
            show_progress=False,
            callback=lambda sweep, *_: progress((sweep + 1) / sweeps),
        )
        return with_gram(np.asarray(model.item_factors, dtype=np.float32))


def with_gram(factors: NDArray[np.float32]) -> Mapping[str, Array]:
    """Return items' factors with the matrix that every user's ridge regression begins with."""
    exact = factors.astype(np.float64)
    return {"factors": factors, "gram": exact.T @ exact}
