"""The network as an estimator: fit, calibrate, rehearse, save, restore, compile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from pipelines.contract import Progress
from pipelines.families.demand_forecast.columns import Array
from pipelines.families.demand_forecast.estimators import (
    REHEARSAL_DAYS,
    Forecast,
    Rehearse,
    TooLittleHistory,
)
from pipelines.families.demand_forecast.network.answering import Compute, Feeds, Knowledge
from pipelines.families.demand_forecast.network.architecture import build, distribution
from pipelines.families.demand_forecast.network.conformal import Calibration, calibrate
from pipelines.families.demand_forecast.network.recipe import Recipe
from pipelines.families.demand_forecast.network.served import DECODER, ENCODER, KNOWLEDGE
from pipelines.families.demand_forecast.network.training import Member, Weights, train
from pipelines.families.demand_forecast.network.vocabulary import LEAST_DAYS, Vocabulary
from pipelines.families.demand_forecast.panel import HORIZON, Panel, Windows
from pipelines.families.demand_forecast.windows import SHAPES

WEIGHTS, CURVE = "weights.npz", "history.parquet"
RECURRENT = 3
"""Place of the encoder's recurrent kernel among a network's weights: two embeddings and the input
kernel stand before it."""


class KerasNetwork:
    """One or more trained networks whose answers are averaged; a fitted forecaster."""

    def __init__(
        self, networks: Sequence[keras.Model], knowledge: Knowledge, history: pd.DataFrame
    ) -> None:
        self.networks, self.knowledge, self.history = tuple(networks), knowledge, history
        self._compute = _computed(self.networks)

    def forecast(self, windows: Windows) -> Forecast:
        """Forecast at most `HORIZON` days; each row's answer depends on that row alone."""
        return self.knowledge.forecast(windows, self._answer)

    def calibrated(self, windows: Windows, outcomes: tuple[Array, Array], recipe: Recipe) -> None:
        """Set the calibration by windows whose outcomes the networks have not seen."""
        raw = self.knowledge.raw(windows, self._answer)
        calibration = calibrate(raw, *outcomes, recipe.mean_share)
        self.knowledge = replace(self.knowledge, calibration=calibration)

    def _answer(self, windows: Windows) -> tuple[Array, Array, Array]:
        return self.knowledge.fed(windows, self._compute)

    def save(self, directory: Path) -> None:
        """Write weights, knowledge and learning curves into an existing directory."""
        named = {
            f"{place}_{number}": value
            for place, network in enumerate(self.networks)
            for number, value in enumerate(network.get_weights())
        }
        np.savez(directory / WEIGHTS, **named)
        self.knowledge.save(directory / KNOWLEDGE)
        self.history.to_parquet(directory / CURVE)

    def compile(self, directory: Path) -> None:
        """Write the ONNX graphs and the knowledge, which `served.open_network` opens."""
        from pipelines.families.demand_forecast.network.export import decoder, encoder

        for name, drawn in ((ENCODER, encoder), (DECODER, decoder)):
            (directory / name).write_bytes(drawn(self.networks).SerializeToString())
        self.knowledge.save(directory / KNOWLEDGE)


def restore(directory: Path) -> KerasNetwork:
    """Load what `KerasNetwork.save` wrote."""
    knowledge = Knowledge.load(directory / KNOWLEDGE)
    with np.load(directory / WEIGHTS) as written:
        members = 1 + max(int(name.split("_")[0]) for name in written.files)
        weights = [
            [written[f"{place}_{number}"] for number in range(len(written.files) // members)]
            for place in range(members)
        ]
    networks = [_network(knowledge.vocabulary, each) for each in weights]
    return KerasNetwork(networks, knowledge, pd.read_parquet(directory / CURVE))


class NetworkEstimator:
    """The recipe with a seed, not yet fitted."""

    def __init__(self, recipe: Recipe, seed: int) -> None:
        self._recipe, self._seed = recipe, seed

    def fit(self, panel: Panel, progress: Progress, rehearse: Rehearse) -> KerasNetwork:
        """Train on every day of the panel; calibrate and rehearse on its last days, unseen.

        Raises `TooLittleHistory` where no product has days enough before those.
        """
        _require_history(panel)
        vocabulary = Vocabulary.of(panel)
        members = [
            self._member(panel, vocabulary, place, progress)
            for place in range(self._recipe.members)
        ]
        history = _history(members)
        unseen = _fitted(vocabulary, [member.rehearsed for member in members], history)
        unseen.calibrated(*_unseen_days(panel), self._recipe)
        rehearse(unseen)
        fitted = _fitted(vocabulary, [member.final for member in members], history)
        fitted.knowledge = unseen.knowledge
        progress(1.0, "network trained")
        return fitted

    def _member(
        self, panel: Panel, vocabulary: Vocabulary, place: int, progress: Progress
    ) -> Member:
        recipe = self._recipe
        steps = recipe.steps_for(panel)

        def told(step: int, loss: float) -> None:
            share = 0.98 * (place + step / steps) / recipe.members
            said = f"network {place + 1} of {recipe.members}: step {step} of {steps}"
            progress(share, f"{said}, loss {loss:.3f}")

        return train(panel, vocabulary, recipe, self._seed + 1000 * place, told)


def _require_history(panel: Panel) -> None:
    needed = LEAST_DAYS + HORIZON + REHEARSAL_DAYS
    if not panel.ids or panel.known.sum(axis=1).max() < needed:
        raise TooLittleHistory(
            f"the network needs a product with {needed} days since its first sale; a seasonal "
            "mean does with fewer"
        )


def _unseen_days(panel: Panel) -> tuple[Windows, tuple[Array, Array]]:
    """Return the questions about the panel's last days, of products known before, and the truth."""
    known = panel.known[:, : panel.days - REHEARSAL_DAYS].sum(axis=1)
    rows = np.flatnonzero(known >= LEAST_DAYS)
    origins = np.full(len(rows), panel.end - REHEARSAL_DAYS)
    return panel.windows(rows, origins), panel.outcomes(rows, origins)


def _history(members: Sequence[Member]) -> pd.DataFrame:
    rows = [
        {"step": step, "metric": f"loss_{place + 1}", "value": loss}
        for place, member in enumerate(members)
        for step, loss in member.curve
    ]
    return pd.DataFrame(rows, columns=["step", "metric", "value"])


def _fitted(vocabulary: Vocabulary, weights: list[Weights], history: pd.DataFrame) -> KerasNetwork:
    networks = [_network(vocabulary, each) for each in weights]
    return KerasNetwork(networks, Knowledge(vocabulary, Calibration()), history)


def _network(vocabulary: Vocabulary, weights: Weights) -> keras.Model:
    """Return a network with these weights; its width is the recurrent kernel's."""
    units = weights[RECURRENT].shape[0]
    network = build(len(vocabulary.products), len(vocabulary.groups), units, dropout=0.0)
    network.set_weights(weights)
    return network


def _computed(networks: Sequence[keras.Model]) -> Compute:
    """Return one graph for all networks and any number of windows."""
    kinds = {"product": tf.int32, "group": tf.int32}
    signature = {
        name: tf.TensorSpec((None, *shape), kinds.get(name, tf.float32), name=name)
        for name, shape in SHAPES.items()
    }

    def answer(feeds: dict[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        given = {name: value for name, value in feeds.items() if name != "anchor"}
        pairs = [
            distribution(network(given, training=False), feeds["anchor"]) for network in networks
        ]
        means, quantiles = zip(*pairs, strict=True)
        return tf.add_n(means) / len(pairs), tf.add_n(quantiles) / len(pairs)

    drawn = tf.function(answer, input_signature=[signature])

    def compute(feeds: Feeds) -> tuple[Array, Array]:
        mean, quantiles = drawn({name: tf.constant(value) for name, value in feeds.items()})
        return mean.numpy(), quantiles.numpy()

    return compute
