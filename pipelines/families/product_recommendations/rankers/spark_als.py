"""Implicit ALS on Apache Spark: the same factors as `als` gives, of more likes than fit here.

What is kept and how it is scored is the same: items' factors, from which a user's follow.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from features.interactions import Interactions
from pipelines.families.product_recommendations.rankers.als import (
    CONFIDENCE,
    TEACHING,
    with_gram,
)
from pipelines.families.product_recommendations.spark_factors import Recipe, factorised

PENALTY = 0.01
"""Spark multiplies it by the number of likes, so a smaller one than `RIDGE` is meant."""


def fit_spark_als(
    liked: Interactions, factors: int, sweeps: int, seed: int, master: str
) -> Mapping[str, NDArray[np.generic]]:
    """Return `factors` (I x f float32) and `gram` (f x f float64). Raises `SparkFailed`."""
    counts = np.bincount(liked.user, minlength=len(liked.users))
    teaching = liked.where(counts[liked.user] >= TEACHING)
    if not len(teaching):
        return with_gram(np.zeros((len(liked.items), factors), dtype=np.float32))
    ones = np.ones(len(teaching), dtype=np.float32)
    # Spark adds alpha to a confidence of one; `CONFIDENCE` is what a like has in all.
    recipe = Recipe(factors, sweeps, PENALTY, seed, alpha=CONFIDENCE - 1.0)
    return with_gram(factorised(teaching, ones, recipe, master, users=False)[1])
