"""The network in Keras: an LSTM reads the past, a second one walks through the known future."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from pipelines.families.demand_forecast.estimators import LEVELS
from pipelines.families.demand_forecast.impressions import FUTURE_COLUMNS, STATIC_COLUMNS
from pipelines.families.demand_forecast.panel import HORIZON
from pipelines.families.demand_forecast.windows import (
    ENCODED,
    HISTORY_COLUMNS,
)

Tensor = Any
"""A Keras tensor of the backend; the library states no types."""
GROUP_WIDTH, PRODUCT_WIDTH = 3, 8
OUTPUTS = 1 + len(LEVELS)
"""A correction of the mean, one of the median, and a step to each other quantile."""
FIRST_STEP = math.log(math.expm1(0.5))
"""What softplus turns into the first distance between neighbouring quantiles."""
SPREAD = np.array(
    [[-1, 0, 0, 0, 0], [-1, -1, 0, 0, 0], [0, 0, 0, 1, 1], [0, 0, 0, 0, 1]], dtype=np.float32
)
"""(4, 5) which steps each quantile is away from the median: they add up outwards."""


def build(products: int, groups: int, units: int, dropout: float) -> keras.Model:
    """Return the untrained network for so many known products and groups (number 0: unknown).

    Inputs by name: `history`, `static`, `future` (`windows.Inputs`), `anchor` (),
    `product` and `group` (n,). Output (n, HORIZON, OUTPUTS), before `distribution`.
    """
    history = keras.Input((ENCODED, HISTORY_COLUMNS), name="history")
    static = keras.Input((STATIC_COLUMNS,), name="static")
    future = keras.Input((HORIZON, FUTURE_COLUMNS), name="future")
    product = keras.Input((), dtype="int32", name="product")
    group = keras.Input((), dtype="int32", name="group")
    identity = layers.Concatenate(name="identity")(
        [
            static,
            layers.Embedding(groups + 1, GROUP_WIDTH, name="group_vector")(group),
            layers.Embedding(products + 1, PRODUCT_WIDTH, name="product_vector")(product),
        ]
    )
    past = layers.Concatenate(name="past")([history, layers.RepeatVector(ENCODED)(identity)])
    _, hidden, cell = layers.LSTM(units, return_state=True, name="encoder")(past)
    ahead = layers.Concatenate(name="ahead")([future, layers.RepeatVector(HORIZON)(identity)])
    walked = layers.LSTM(units, return_sequences=True, name="decoder")(
        ahead, initial_state=[hidden, cell]
    )
    walked = layers.Dropout(dropout, name="forgetting")(walked)
    thought = layers.Dense(64, activation="silu", name="thought")(
        layers.Concatenate(name="both")([walked, ahead])
    )
    corrections = layers.Dense(OUTPUTS, kernel_initializer="zeros", name="corrections")(thought)
    return keras.Model([history, static, future, product, group], corrections, name="demand")


def distribution(corrections: Tensor, anchor: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean (n, HORIZON) and quantiles (n, HORIZON, 5), in units of the scale.

    Both start from the seasonal mean when the corrections are zero; the quantiles rise and
    nothing is negative by construction.
    """
    mean = ops.softplus(anchor + corrections[..., 0])
    median = (anchor + corrections[..., 1])[..., None]
    steps = ops.softplus(corrections[..., 2:] + FIRST_STEP)
    return mean, ops.softplus(median + ops.matmul(steps, SPREAD))
