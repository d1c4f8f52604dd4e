"""Fits the network in Keras: one for each fold of customers, who are held out to stop it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.contract import Progress
from pipelines.families.fashion_recommendations.layers import Network
from pipelines.families.fashion_recommendations.params import Params
from pipelines.families.fashion_recommendations.taste import Inputs

if TYPE_CHECKING:
    import keras

Floats = NDArray[np.floating]

BATCH_ROWS = (16, 256)
EPOCH_STEPS = 40
"""Of few reviews a step takes fewer, down to 16, so that an epoch still has this many steps."""
STEPS_LIMIT = 12_000
"""All folds together: of many reviews fewer epochs are needed, and time is bounded."""
PATIENCE = 3
"""Epochs without a better error on the held-out customers, after which a fold is done."""
START_SPREAD = 0.1


@dataclass(frozen=True)
class Fitted:
    """The networks, and what each said of the customers it had not seen."""

    networks: list[Network]
    held_out: Floats
    """(n,): the answer of the network that was fitted without the row's customer."""
    history: pd.DataFrame


def fit_networks(
    inputs: Inputs,
    target: Floats,
    fold: NDArray[np.int64],
    drawn: NDArray[np.bool_],
    params: Params,
    seed: int,
    progress: Progress,
) -> Fitted:
    """Fit one network for each fold on the `drawn` rows of the others, deterministically.

    `inputs` has a row for each of the n targets: by how much a rating exceeded its expectation.
    """
    scales = _scales(inputs)
    scaled = _network(scales, []).scaled(inputs)
    parts = (scaled.customer, scaled.item, scaled.context)
    rows = [part.astype(np.float32) for part in parts]
    target = target.astype(np.float32)
    model = keras_model([part.shape[1] for part in rows], params, seed)
    fresh = model.get_weights(), [variable.numpy() for variable in model.optimizer.variables]
    networks: list[Network] = []
    history: list[tuple[int, str, float]] = []
    held_out = np.zeros(len(target), np.float32)
    for number in range(params.folds):
        _restart(model, *fresh)
        held = fold == number
        examples = _Fold(rows, target, np.flatnonzero(~held & drawn), np.flatnonzero(held))
        report = _part(progress, number, params.folds)
        errors, best = _fitted(model, examples, params, seed + 1000 * number, report)
        model.set_weights(best)
        held_out[held] = answers(model, [part[held] for part in rows])
        networks.append(_network(scales, best))
        history += [(epoch, f"held_out_rmse_fold_{number}", e) for epoch, e in enumerate(errors)]
    return Fitted(networks, held_out, pd.DataFrame(history, columns=["step", "metric", "value"]))


@dataclass(frozen=True)
class _Fold:
    rows: Sequence[Floats]
    target: Floats
    used: NDArray[np.intp]
    held: NDArray[np.intp]

    @property
    def batch(self) -> int:
        """Rows a step."""
        return int(np.clip(len(self.used) // EPOCH_STEPS, *BATCH_ROWS))


def _fitted(
    model: keras.Model, fold: _Fold, params: Params, seed: int, progress: Progress
) -> tuple[list[float], list[Floats]]:
    """Fit until the held-out error stops falling; return the errors and the best weights."""
    steps = max(1, len(fold.used) // fold.batch)
    epochs = min(params.epochs, max(1, STEPS_LIMIT // params.folds // steps))
    errors: list[float] = []
    best = model.get_weights()
    held = [part[fold.held] for part in fold.rows]
    for epoch in range(epochs):
        progress(epoch / epochs, f"epoch {epoch + 1}")
        _epoch(model, fold, seed + epoch)
        error = np.sqrt(np.mean((answers(model, held) - fold.target[fold.held]) ** 2))
        errors.append(float(error))
        if error <= min(errors):
            best = model.get_weights()
        elif epoch - int(np.argmin(errors)) >= PATIENCE:
            break
    return errors, best


def keras_model(widths: Sequence[int], params: Params, seed: int) -> keras.Model:
    """Return the unfitted network for inputs of these widths: customer, item, context."""
    import keras
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(seed)
    penalty = keras.regularizers.L2(params.weight_decay)
    small = keras.initializers.RandomNormal(stddev=START_SPREAD, seed=seed)
    customer, item, context = (keras.Input((width,)) for width in widths)
    thinned = [keras.layers.Dropout(params.dropout, seed=seed)(part) for part in (customer, item)]
    left, right = (
        keras.layers.Dense(
            params.factors,
            use_bias=shifted,
            kernel_regularizer=penalty,
            kernel_initializer=small.clone(),
        )(part)
        for part, shifted in zip(thinned, (False, True), strict=True)
    )
    product = keras.layers.Multiply()([left, right])
    x = keras.layers.Concatenate()([product, context])
    hidden = keras.layers.Dense(params.hidden_units, "relu", kernel_regularizer=penalty)(x)
    out = keras.layers.Dense(1)(keras.layers.Concatenate()([x, hidden]))
    model = keras.Model([customer, item, context], out)
    model.compile(keras.optimizers.Adam(params.learning_rate), "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def keras_forms(networks: Sequence[Network], params: Params) -> list[Callable[[Inputs], Floats]]:
    """Return fitted networks as Keras answers them."""

    def form(network: Network) -> Callable[[Inputs], Floats]:
        widths = [len(network.customer_scale), len(network.item_scale), len(network.context_scale)]
        model = keras_model(widths, params, 0)
        model.set_weights(network.weights)

        def answer(inputs: Inputs) -> Floats:
            seen = network.scaled(inputs)
            return answers(model, [seen.customer, seen.item, seen.context])

        return answer

    return [form(network) for network in networks]


def answers(model: keras.Model, rows: Sequence[Floats]) -> Floats:
    """Return what the Keras form answers to scaled inputs, (n,)."""
    if not len(rows[0]):
        return np.zeros(0, np.float32)
    return np.asarray(model([part.astype(np.float32) for part in rows], training=False))[:, 0]


def _epoch(model: keras.Model, fold: _Fold, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(fold.used)
    size = min(fold.batch, len(order))
    # A last, shorter batch is left out: its rows are in another one at the next epoch.
    for start in range(0, len(order) - size + 1, size):
        batch = order[start : start + size]
        model.train_on_batch([part[batch] for part in fold.rows], fold.target[batch])


def _restart(model: keras.Model, weights: list[Floats], moments: list[Floats]) -> None:
    model.set_weights(weights)
    for variable, value in zip(model.optimizer.variables, moments, strict=True):
        variable.assign(value)


def _part(progress: Progress, number: int, folds: int) -> Progress:
    name = f"network {number + 1} of {folds}"
    return lambda share, said: progress((number + share) / folds, f"{name}, {said}")


def _scales(inputs: Inputs) -> list[Floats]:
    centre = inputs.context.mean(axis=0)
    parts = (inputs.customer, inputs.item, inputs.context)
    spreads = [part.std(axis=0) for part in parts]
    customer, item, context = (np.where(s > 1e-6, s, 1).astype(np.float32) for s in spreads)
    return [customer, item, centre.astype(np.float32), context]


def _network(scales: Sequence[Floats], weights: Sequence[Floats]) -> Network:
    nothing = np.zeros(0, np.float32)
    arrays = list(weights) or [nothing] * 7
    return Network(*scales, *arrays)
