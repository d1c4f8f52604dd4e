"""What training makes small: Tweedie deviance of the mean and pinball loss of the quantiles."""

from __future__ import annotations

import numpy as np
from keras import ops

from pipelines.families.demand_forecast.estimators import LEVELS
from pipelines.families.demand_forecast.network.architecture import Tensor

TWEEDIE_POWER = 1.3
"""Between Poisson (1) and gamma (2): daily sales have zeros and variances above their means."""
PINBALL_WEIGHT = 4.0


def loss(mean: Tensor, quantiles: Tensor, truth: Tensor, counts: Tensor) -> Tensor:
    """Return the mean loss over the days that count; all in units of the scale."""
    days = ops.maximum(ops.sum(counts), 1.0)
    single = tweedie(mean, truth) + PINBALL_WEIGHT * pinball(quantiles, truth)
    return ops.sum(single * counts) / days


def tweedie(mean: Tensor, truth: Tensor) -> Tensor:
    """Return the deviance of each day up to what does not depend on the mean."""
    safe = ops.maximum(mean, 1e-4)
    first = truth * ops.power(safe, 1.0 - TWEEDIE_POWER) / (1.0 - TWEEDIE_POWER)
    return ops.power(safe, 2.0 - TWEEDIE_POWER) / (2.0 - TWEEDIE_POWER) - first


def pinball(quantiles: Tensor, truth: Tensor) -> Tensor:
    """Return the pinball loss of each day, averaged over the levels."""
    levels = ops.convert_to_tensor(LEVELS.astype(np.float32))
    missed = truth[..., None] - quantiles
    return ops.mean(ops.maximum(levels * missed, (levels - 1.0) * missed), axis=-1)
