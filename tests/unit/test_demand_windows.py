"""The features of the demand network: what they may look at, and what they may not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipelines.families.demand_forecast.panel import Panel, Windows
from pipelines.families.demand_forecast.windows import LOOK_BACK, SHAPES, Inputs, inputs

DAYS, PRODUCTS = 700, 6


@pytest.fixture
def panel(rng: np.random.Generator) -> Panel:
    """Six products, weekly season, every fifth day promoted; the last begins late."""
    weekly = 5 + 4 * np.sin(np.arange(DAYS) * 2 * np.pi / 7)
    promotion = (np.arange(DAYS) % 5 == 0) * np.ones((PRODUCTS, 1))
    quantity = rng.poisson(weekly * (1 + promotion)).astype(np.float32)
    known = np.ones((PRODUCTS, DAYS), dtype=np.float32)
    known[-1, : DAYS - 48] = 0
    return Panel(
        ids=tuple(f"p{number}" for number in range(PRODUCTS)),
        groups=("a", "a", "a", "b", "b", ""),
        first=17_000,
        quantity=quantity * known,
        promotion=promotion.astype(np.float32),
        price=np.full((PRODUCTS, DAYS), np.nan, dtype=np.float32),
        open=np.ones((PRODUCTS, DAYS), dtype=np.float32),
        known=known,
    )


@pytest.fixture
def windows(panel: Panel) -> Windows:
    return panel.windows(np.arange(PRODUCTS), np.full(PRODUCTS, panel.end - 28))


def told(windows: Windows, season: float = 1.0) -> Inputs:
    return inputs(windows, np.full(len(windows), season, dtype=np.float32))


def arrays(given: Inputs) -> list[np.ndarray]:
    return [given.history, given.static, given.future, given.base, given.scale]


def test_inputs_have_the_shapes_that_the_network_is_fed(windows: Windows) -> None:
    numbers = np.zeros(PRODUCTS, dtype=np.int32)
    feeds = told(windows).feeds(numbers, numbers)
    assert {name: value.shape[1:] for name, value in feeds.items()} == SHAPES
    assert {value.dtype.name for value in feeds.values()} == {"float32", "int32"}


def test_no_row_looks_at_another(windows: Windows) -> None:
    together = arrays(told(windows))
    for row in range(PRODUCTS):
        alone = arrays(told(windows.take(np.array([row]))))
        for one, many in zip(alone, together, strict=True):
            np.testing.assert_array_equal(one[0], many[row])


def test_an_unknown_day_counts_as_if_it_had_not_been(windows: Windows) -> None:
    kept = np.arange(LOOK_BACK) >= LOOK_BACK - 30
    short = replace(windows, known=windows.known * kept, quantity=windows.quantity * kept)
    shouting = replace(short, quantity=np.where(kept, windows.quantity, np.float32(1e6)))
    for one, other in zip(arrays(told(short)), arrays(told(shouting)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_closed_day_does_not_lower_the_scale(windows: Windows) -> None:
    shut = windows.open.copy()
    shut[:, LOOK_BACK - 60 : LOOK_BACK - 10] = 0
    closed = told(replace(windows, open=shut, quantity=windows.quantity * shut[:, :LOOK_BACK]))
    np.testing.assert_allclose(closed.scale[:-1], told(windows).scale[:-1], rtol=0.2)


def test_without_season_the_day_of_the_year_is_not_told(windows: Windows) -> None:
    later = replace(windows, origin=windows.origin + 70)
    for one, other in zip(arrays(told(windows, 0.0)), arrays(told(later, 0.0)), strict=True):
        month = slice(14, 15)
        if one.ndim == 3 and one.shape[1] == 28:
            one, other = np.delete(one, month, axis=2), np.delete(other, month, axis=2)  # noqa: PLW2901
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(told(windows).future, told(later).future)


def test_the_seasonal_mean_expects_more_of_a_promoted_day(windows: Windows) -> None:
    planned = windows.promotion.copy()
    planned[:, LOOK_BACK:] = 0
    without = told(replace(windows, promotion=planned)).base
    planned[:, LOOK_BACK:] = 1
    promoted = told(replace(windows, promotion=planned)).base
    assert (promoted.mean(axis=1) > 1.1 * without.mean(axis=1)).all()


@pytest.mark.parametrize("days", [0, 1, 5])
def test_series_with_hardly_any_days_give_finite_inputs(windows: Windows, days: int) -> None:
    for array in arrays(told(windows.remembering(days))):
        assert np.isfinite(array).all()


def test_a_lowered_price_is_told_relative_to_the_usual_one(windows: Windows) -> None:
    price = np.full_like(windows.price, 8.0)
    price[:, LOOK_BACK:] = 4.0
    future = told(replace(windows, price=price)).future
    np.testing.assert_allclose(future[:, :, 3], np.log(0.5), rtol=1e-5)
    assert not told(windows).future[:, :, 3].any()


def test_the_anchor_is_what_softplus_turns_into_the_seasonal_mean(windows: Windows) -> None:
    given = told(windows)
    np.testing.assert_allclose(np.log1p(np.exp(given.anchor)), given.base, rtol=1e-4)
