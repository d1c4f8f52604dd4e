"""The network: fitted in Keras, answered by numpy, the same each time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipelines.arena.arena import silent
from pipelines.families.fashion_recommendations import layers
from pipelines.families.fashion_recommendations.network import Fitted, fit_networks, keras_forms
from pipelines.families.fashion_recommendations.params import Params
from pipelines.families.fashion_recommendations.taste import Inputs

pytestmark = pytest.mark.slow

PARAMS = Params(
    folds=2,
    epochs=12,
    factors=6,
    hidden_units=8,
    weight_decay=0.0001,
    dropout=0,
    learning_rate=0.01,
)
ROWS = 1_500


def drawn(rng: np.random.Generator) -> tuple[Inputs, np.ndarray, np.ndarray]:
    customer, item = rng.normal(size=(ROWS, 5)), rng.normal(size=(ROWS, 4))
    context = rng.normal(2.0, 3.0, size=(ROWS, 3))
    target = customer[:, 0] * item[:, 1] - customer[:, 2] * item[:, 3]
    return Inputs(customer, item, context), target, np.arange(ROWS) % 2


def fitted(inputs: Inputs, target: np.ndarray, fold: np.ndarray) -> Fitted:
    return fit_networks(inputs, target, fold, np.ones(ROWS, dtype=bool), PARAMS, 5, silent)


@pytest.fixture(scope="module")
def done() -> tuple[Inputs, np.ndarray, Fitted]:
    inputs, target, fold = drawn(np.random.default_rng(3))
    return inputs, target, fitted(inputs, target, fold)


def test_it_learns_what_a_taste_makes_of_a_look(done) -> None:
    _, target, found = done
    assert np.mean((found.held_out - target) ** 2) < 0.5 * target.var()


def test_numpy_answers_as_keras_does(done) -> None:
    inputs, _, found = done
    for network, form in zip(found.networks, keras_forms(found.networks, PARAMS), strict=True):
        np.testing.assert_allclose(network(inputs), form(inputs), atol=1e-5)


def test_one_customer_before_all_items_is_answered_as_one_by_one(done) -> None:
    inputs, _, found = done
    one = Inputs(inputs.customer[:1], inputs.item, inputs.context)
    repeated = Inputs(np.repeat(one.customer, ROWS, axis=0), one.item, one.context)
    network = found.networks[0]
    np.testing.assert_allclose(network(one), network(repeated), atol=1e-12)


def test_held_out_answers_are_those_of_the_network_that_has_not_seen_them(done) -> None:
    inputs, _, found = done
    fold = np.arange(ROWS) % 2
    for number, network in enumerate(found.networks):
        own = fold == number
        np.testing.assert_allclose(network(inputs)[own], found.held_out[own], atol=1e-5)


def test_fitting_again_gives_the_same_numbers(done) -> None:
    inputs, target, found = done
    again = fitted(inputs, target, np.arange(ROWS) % 2)
    np.testing.assert_array_equal(again.held_out, found.held_out)


def test_saved_and_opened_the_arrays_are_the_same(done, tmp_path: Path) -> None:
    inputs, _, found = done
    layers.save(found.networks, tmp_path)
    opened = layers.opened(tmp_path)
    assert len(opened) == 2
    np.testing.assert_array_equal(
        layers.mean_answer(opened, inputs), layers.mean_answer(found.networks, inputs)
    )


def test_progress_goes_from_fold_to_fold() -> None:
    inputs, target, fold = drawn(np.random.default_rng(3))
    told: list[float] = []
    drawn_rows = np.arange(ROWS) < 600
    fit_networks(
        inputs, target, fold, drawn_rows, PARAMS, 5, lambda share, _said: told.append(share)
    )
    assert told == sorted(told)
    assert 0 <= told[0] < told[-1] <= 1
