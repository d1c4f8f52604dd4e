"""Trains one network: first blind to the last days, then on everything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from pipelines.families.demand_forecast.columns import Array
from pipelines.families.demand_forecast.estimators import REHEARSAL_DAYS
from pipelines.families.demand_forecast.network.architecture import build, distribution
from pipelines.families.demand_forecast.network.batches import Batch, Drawer
from pipelines.families.demand_forecast.network.losses import loss
from pipelines.families.demand_forecast.network.recipe import Recipe
from pipelines.families.demand_forecast.network.vocabulary import Vocabulary
from pipelines.families.demand_forecast.panel import Panel

REPORTED_STEPS = 10
LAST_RATE = 0.02
"""Share of the learning rate that is left at the end of the cosine."""

Weights = list[Array]
Told = Callable[[int, float], None]


@dataclass
class Member:
    """One trained network: its weights before and after it saw the last days."""

    rehearsed: Weights = field(default_factory=list)
    final: Weights = field(default_factory=list)
    curve: list[tuple[int, float]] = field(default_factory=list)
    """Step and mean training loss since the last entry."""


def train(panel: Panel, vocabulary: Vocabulary, recipe: Recipe, seed: int, told: Told) -> Member:
    """Train one member, repeatably by its seed; `told` hears of steps and the loss on the way.

    The first steps draw from all but the panel's last `REHEARSAL_DAYS`, the others from all.
    """
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(seed)
    steps = recipe.steps_for(panel)
    network = build(len(vocabulary.products), len(vocabulary.groups), recipe.units, recipe.dropout)
    session = _Session(network, recipe, steps, told)
    rng = np.random.default_rng(seed)
    blind = panel.until(panel.end - REHEARSAL_DAYS)
    turn = round(recipe.rehearsed * steps)
    session.run(Drawer(blind, vocabulary, recipe.batch, rng), 0, turn)
    session.member.rehearsed = network.get_weights()
    session.run(Drawer(panel, vocabulary, recipe.batch, rng), turn, steps)
    session.member.final = network.get_weights()
    return session.member


class _Session:
    """The optimiser's state over all steps of one member."""

    def __init__(self, network: keras.Model, recipe: Recipe, steps: int, told: Told) -> None:
        self.member = Member()
        self._steps, self._told, self._rate = steps, told, recipe.learning_rate
        self._optimiser = keras.optimizers.AdamW(
            recipe.learning_rate, weight_decay=recipe.weight_decay, global_clipnorm=1.0
        )
        self._step = _compiled(network, self._optimiser)

    def run(self, drawer: Drawer, first: int, last: int) -> None:
        losses: list[float] = []
        for step in range(first, last):
            cosine = 0.5 * (1.0 + np.cos(np.pi * step / self._steps))
            rate = self._rate * (LAST_RATE + (1.0 - LAST_RATE) * cosine)
            self._optimiser.learning_rate.assign(rate)
            losses.append(float(self._step(*_tensors(drawer.draw()))))
            if (step + 1) % REPORTED_STEPS == 0 or step + 1 == last:
                mean = float(np.mean(losses))
                self.member.curve.append((step + 1, mean))
                self._told(step + 1, mean)
                losses = []


def _tensors(batch: Batch) -> tuple[object, object, object]:
    feeds = {name: tf.constant(value) for name, value in batch.feeds.items()}
    return feeds, tf.constant(batch.truth), tf.constant(batch.counts)


def _compiled(network: keras.Model, optimiser: keras.optimizers.Optimizer) -> Any:
    """Return one training step as a graph. Not through XLA: on CPU it is five times slower."""

    def step(feeds: dict[str, tf.Tensor], truth: tf.Tensor, counts: tf.Tensor) -> tf.Tensor:
        given = {name: value for name, value in feeds.items() if name != "anchor"}
        with tf.GradientTape() as tape:
            mean, quantiles = distribution(network(given, training=True), feeds["anchor"])
            value = loss(mean, quantiles, truth, counts)
        gradients = tape.gradient(value, network.trainable_variables)
        optimiser.apply_gradients(zip(gradients, network.trainable_variables, strict=True))
        return value

    return tf.function(step)
