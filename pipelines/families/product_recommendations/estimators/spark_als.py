"""Alternating least squares on Apache Spark, for ratings past one machine's memory.

Spark's ALS has no biases, so damped means are taken off first.
"""

from __future__ import annotations

import numpy as np

from features.interactions import Interactions
from pipelines.contract import Progress
from pipelines.families.product_recommendations.estimators.factors import Factors, fit_means
from pipelines.families.product_recommendations.estimators.settings import Settings
from pipelines.families.product_recommendations.params import Params
from pipelines.families.product_recommendations.spark_factors import Recipe, factorised


def fit_spark(
    known: Interactions, settings: Settings, params: Params, seed: int, progress: Progress
) -> Factors:
    """Fit Spark's ALS on what the means leave. Raises `SparkFailed`."""
    means = fit_means(known, params.damping)
    left = (known.rating - means.rate(known.user, known.item)).astype(np.float32)
    progress(0.1, "Spark is starting")
    recipe = Recipe(settings.factors, settings.epochs, settings.penalty, seed)
    users, items = factorised(known, left, recipe, params.spark_master)
    progress(0.9, "Spark has fitted")
    return Factors("spark_als", means.mean, means.user_bias, means.item_bias, users, items)
