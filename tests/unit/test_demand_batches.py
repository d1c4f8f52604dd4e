"""What the demand network is trained on: origins drawn from a panel, some made harder."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.families.demand_forecast.network.batches import TARGET_LIMIT, Batch, Drawer
from pipelines.families.demand_forecast.network.recipe import MOST_STEPS, Recipe
from pipelines.families.demand_forecast.network.vocabulary import Vocabulary
from pipelines.families.demand_forecast.panel import Panel

DAYS, PRODUCTS, SIZE = 900, 5, 400


def made(days: int = DAYS) -> Panel:
    """Five products whose sales name the day; the last one is 40 days old."""
    quantity = np.tile(np.arange(1, days + 1, dtype=np.float32), (PRODUCTS, 1))
    known = np.ones_like(quantity)
    known[-1, : days - 40] = 0
    return Panel(
        ids=("a", "b", "c", "d", "young"),
        groups=("x", "x", "y", "", "y"),
        first=15_000,
        quantity=quantity * known,
        promotion=np.zeros_like(quantity),
        price=np.full_like(quantity, np.nan),
        open=np.ones_like(quantity),
        known=known,
    )


@pytest.fixture
def panel() -> Panel:
    return made()


def drawn(panel: Panel, seed: int = 1) -> Batch:
    return Drawer(panel, Vocabulary.of(panel), SIZE, np.random.default_rng(seed)).draw()


def test_names_are_numbered_and_strangers_are_zero(panel: Panel) -> None:
    vocabulary = Vocabulary.of(panel)
    windows = panel.windows(np.array([2, 0, 4]), np.full(3, panel.end))
    assert vocabulary.products_of(windows).tolist() == [3, 1, 0]
    assert vocabulary.groups_of(windows).tolist() == [2, 1, 2]
    assert vocabulary.products_of(windows.remembering(5)).tolist() == [0, 0, 0]


def test_the_season_is_told_only_where_it_was_seen_again(panel: Panel) -> None:
    windows = panel.windows(np.array([0]), np.array([panel.end]))
    assert Vocabulary.of(panel).season_of(windows).tolist() == [1.0]
    assert Vocabulary.of(made(400)).season_of(windows).tolist() == [0.0]


def test_the_same_seed_draws_the_same(panel: Panel) -> None:
    one, other = drawn(panel), drawn(panel)
    for name, value in one.feeds.items():
        np.testing.assert_array_equal(value, other.feeds[name])
    np.testing.assert_array_equal(one.truth, other.truth)


def test_only_origins_whose_whole_horizon_is_known_are_drawn(panel: Panel) -> None:
    batch = drawn(panel)
    assert (batch.counts == 1).all()
    assert (batch.truth > 0).all()
    assert set(batch.feeds["product"].tolist()) <= {0, 1, 2, 3, 4}


def test_some_origins_forget_who_the_product_is(panel: Panel) -> None:
    strangers = float((drawn(panel).feeds["product"] == 0).mean())
    assert 0.08 < strangers < 0.28


def test_recent_days_are_drawn_more_often(panel: Panel) -> None:
    # A quantity names its day, so the mean of the last 112 days lies 56 before the origin.
    origins = np.exp(drawn(panel).feeds["static"][:, 0] + 1) - 1 + 56
    assert np.median(origins) > 1.08 * DAYS / 2


def test_a_truth_far_beyond_the_scale_is_cut(panel: Panel) -> None:
    panel.quantity[:, -28:] = 1e6
    assert drawn(panel).truth.max() == TARGET_LIMIT


def test_more_data_are_trained_on_for_longer(panel: Panel) -> None:
    steps = [Recipe().steps_for(each) for each in (made(100), panel)]
    assert steps[0] < steps[1] < MOST_STEPS
    assert Recipe(steps=7).steps_for(panel) == 7
