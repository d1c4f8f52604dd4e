"""The network in Keras: an LSTM reads the past, a second one walks through the known future."""

from __future__ import annotations

import math

import keras
import numpy as np
from keras import layers, ops

from pipelines.families.demand_forecast.estimators import LEVELS
from pipelines.families.demand_forecast.panel import HORIZON
from pipelines.families.demand_forecast.windows import (
    ENCODED,
    FUTURE_COLUMNS,
    HISTORY_COLUMNS,
    STATIC_COLUMNS,
    Array,
)

GROUP_WIDTH, PRODUCT_WIDTH = 3, 8
OUTPUTS = 1 + len(LEVELS)
"""A correction of the mean, one of the median, and a step to each other quantile."""
MEDIAN = int(np.searchsorted(LEVELS, 0.5))
FIRST_STEP = math.log(math.expm1(0.5))
"""What softplus turns into the first distance between neighbouring quantiles."""


def build(products: int, groups: int, units: int, dropout: float) -> keras.Model:
    """Return the untrained network for so many known products and groups (number 0: unknown).

    Inputs by name: `history`, `static`, `future` (`windows.Inputs`), `anchor` (`anchor_of`),
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


def anchor_of(base: Array) -> Array:
    """Return what softplus turns into the seasonal mean; computed outside the network."""
    wide = base.astype(np.float64)
    return np.asarray(wide + np.log(-np.expm1(-wide)), dtype=np.float32)


def distribution(corrections: object, anchor: object) -> tuple[object, object]:
    """Return mean (n, HORIZON) and quantiles (n, HORIZON, 5), in units of the scale.

    Both start from the seasonal mean when the corrections are zero; the quantiles rise and
    nothing is negative by construction.
    """
    mean = ops.softplus(anchor + corrections[..., 0])
    median = (anchor + corrections[..., 1])[..., None]
    steps = ops.softplus(corrections[..., 2:] + FIRST_STEP)
    below = ops.flip(ops.cumsum(ops.flip(steps[..., :MEDIAN], axis=-1), axis=-1), axis=-1)
    above = ops.cumsum(steps[..., MEDIAN:], axis=-1)
    return mean, ops.softplus(ops.concatenate([median - below, median, median + above], axis=-1))
