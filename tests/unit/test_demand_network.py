"""The demand network on a small panel: trained, calibrated, saved, compiled, asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.families.demand_forecast.answering import continued
from pipelines.families.demand_forecast.estimators import Forecast, Forecaster, TooLittleHistory
from pipelines.families.demand_forecast.network.recipe import Recipe
from pipelines.families.demand_forecast.network.served import (
    DECODER,
    ENCODER,
    WHOLE,
    Halves,
    ServedNetwork,
    _session,
    open_network,
)
from pipelines.families.demand_forecast.panel import NOTES, Margin, Panel, Windows

pytestmark = pytest.mark.slow

DAYS, PRODUCTS = 240, 8
RECIPE = Recipe(members=2, steps=30, units=12, batch=64)


def made(seed: int = 7) -> Panel:
    """Eight products of different size; promotion doubles the sales of a weekly season."""
    rng = np.random.default_rng(seed)
    weekly = 1 + 0.6 * np.sin(np.arange(DAYS) * 2 * np.pi / 7)
    promotion = (rng.random((PRODUCTS, DAYS)) < 0.2).astype(np.float32)
    size = np.geomspace(1, 40, PRODUCTS)[:, None]
    quantity = rng.poisson(size * weekly * (1 + promotion)).astype(np.float32)
    return Panel(
        ids=tuple(f"p{number}" for number in range(PRODUCTS)),
        groups=("small",) * 4 + ("large",) * 4,
        first=18_000,
        quantity=quantity,
        promotion=promotion,
        price=np.full((PRODUCTS, DAYS), np.nan, dtype=np.float32),
        open=np.ones((PRODUCTS, DAYS), dtype=np.float32),
        known=np.ones((PRODUCTS, DAYS), dtype=np.float32),
    )


class Fitting:
    """One fit with what it told on the way."""

    def __init__(self, panel: Panel, recipe: Recipe = RECIPE, seed: int = 3) -> None:
        from pipelines.families.demand_forecast.network.forecaster import NetworkEstimator

        self.told: list[tuple[float, str]] = []
        self.rehearsed: list[Forecast] = []
        self._before = panel.windows(np.arange(PRODUCTS), np.full(PRODUCTS, panel.end - 56))
        self.network = NetworkEstimator(recipe, seed).fit(
            panel, lambda share, message: self.told.append((share, message)), self._rehearse
        )

    def _rehearse(self, forecaster: Forecaster) -> None:
        self.rehearsed.append(forecaster.forecast(self._before))


@pytest.fixture(scope="module")
def panel() -> Panel:
    return made()


@pytest.fixture(scope="module")
def fitting(panel: Panel) -> Iterator[Fitting]:
    return Fitting(panel)


@pytest.fixture(scope="module")
def windows(panel: Panel) -> Windows:
    """All products a month before the end, and one stranger of whom nothing is known."""
    rows = np.array([*range(PRODUCTS), 0])
    asked = panel.windows(rows, np.full(len(rows), panel.end - 28))
    stranger = asked.remembering(0)
    known, quantity = asked.known.copy(), asked.quantity.copy()
    known[-1], quantity[-1] = stranger.known[-1], stranger.quantity[-1]
    return replace(asked, ids=(*asked.ids[:-1], "new"), known=known, quantity=quantity)


def same(one: Forecast, other: Forecast, atol: float = 0.0, rtol: float = 0.0) -> None:
    np.testing.assert_allclose(one.point, other.point, atol=atol, rtol=rtol)
    np.testing.assert_allclose(one.quantiles, other.quantiles, atol=atol, rtol=rtol)


def test_the_same_seed_gives_the_same_network(
    panel: Panel, fitting: Fitting, windows: Windows
) -> None:
    same(Fitting(panel).network.forecast(windows), fitting.network.forecast(windows))


def test_saved_and_restored_it_says_the_same(
    fitting: Fitting, windows: Windows, tmp_path: Path
) -> None:
    from pipelines.families.demand_forecast.network.forecaster import restore

    fitting.network.save(tmp_path)
    restored = restore(tmp_path)
    same(restored.forecast(windows), fitting.network.forecast(windows), rtol=1e-6, atol=1e-6)
    assert restored.history.equals(fitting.network.history)


def test_the_compiled_form_agrees_within_a_hundred_thousandth(
    fitting: Fitting, windows: Windows, tmp_path: Path
) -> None:
    fitting.network.compile(tmp_path)
    served = open_network(tmp_path)
    same(served.forecast(windows), fitting.network.forecast(windows), atol=1e-5, rtol=1e-5)
    alone = served.forecast(windows.take(np.array([2])))
    np.testing.assert_allclose(alone.point[0], served.forecast(windows).point[2], rtol=1e-5)


def test_of_the_days_that_are_not_wanted_the_compiled_form_answers_none(
    fitting: Fitting, windows: Windows, tmp_path: Path
) -> None:
    fitting.network.compile(tmp_path)
    served = open_network(tmp_path)
    whole = served.forecast(windows)
    for days in (1, 7, 28):
        part = served.forecast(replace(windows, wanted=days))
        assert part.point.shape == (len(windows), days)
        same(part, Forecast(whole.point[:, :days], whole.quantiles[:, :days]), atol=1e-5)


class Counted:
    """An encoder's session that notes how many pasts it reads."""

    def __init__(self, session: Any) -> None:
        self.session, self.read = session, 0

    def run(self, names: list[str], feeds: dict[str, Any]) -> Any:
        self.read += len(feeds["history"])
        return self.session.run(names, feeds)


@pytest.fixture
def counted(fitting: Fitting, tmp_path: Path) -> tuple[ServedNetwork, Counted]:
    fitting.network.compile(tmp_path)
    knowledge = fitting.network.knowledge
    encoder = Counted(_session(tmp_path / ENCODER))
    halves = Halves(knowledge, encoder, _session(tmp_path / DECODER))  # type: ignore[arg-type]
    return ServedNetwork(knowledge, halves.answer), encoder


def test_a_past_that_comes_again_is_read_once_whatever_is_planned(
    fitting: Fitting, windows: Windows, counted: tuple[ServedNetwork, Counted]
) -> None:
    served, encoder = counted
    kept = replace(windows, margins=(*(Margin() for _ in windows.ids[1:]), None))
    promoted = windows.promotion.copy()
    promoted[::2, windows.history :] = 1.0
    shut = windows.open.copy()
    shut[1::2, windows.history + 2] = 0.0
    plans: list[dict[str, Any]] = [{}, {"promotion": promoted}, {"open": shut}]
    for plan in plans:
        planned = replace(kept, **plan)
        same(served.forecast(planned), fitting.network.forecast(planned), atol=1e-5, rtol=1e-5)
    assert encoder.read == len(windows) + 2
    part = served.forecast(replace(kept.take(np.array([4, 2])), wanted=7))
    whole = served.forecast(kept)
    same(part, Forecast(whole.point[[4, 2], :7], whole.quantiles[[4, 2], :7]), atol=1e-5)


def test_a_past_is_read_anew_for_another_group_and_for_days_that_moved_on(
    fitting: Fitting, windows: Windows, counted: tuple[ServedNetwork, Counted]
) -> None:
    served, encoder = counted
    kept = replace(windows, margins=tuple(Margin() for _ in windows.ids))
    served.forecast(kept)
    for other in (replace(kept, groups=("large",) * len(kept)), kept.remembering(9)):
        same(served.forecast(other), fitting.network.forecast(other), atol=1e-5, rtol=1e-5)
    assert encoder.read == 3 * len(windows) - 4
    longer = kept.padded(2 * kept.horizon)
    same(continued(served, longer), continued(fitting.network, longer), atol=1e-4, rtol=1e-4)


def test_what_is_noted_of_a_past_does_not_grow_with_the_groups_that_are_named() -> None:
    margin = Margin()
    for number in range(100):
        margin.note(("p", f"group {number}"), np.zeros(3))
    assert margin.read(("p", "group 99")) is not None
    assert len(margin._notes) <= NOTES


def test_networks_that_were_compiled_as_one_graph_go_on_answering(
    fitting: Fitting, windows: Windows, tmp_path: Path
) -> None:
    fitting.network.compile(tmp_path)
    (tmp_path / WHOLE).write_bytes(whole_graph(tmp_path).SerializeToString())
    for half in (ENCODER, DECODER):
        (tmp_path / half).unlink()
    served = open_network(tmp_path)
    same(served.forecast(windows), fitting.network.forecast(windows), atol=1e-5, rtol=1e-5)
    assert served.forecast(replace(windows, wanted=7)).point.shape == (len(windows), 7)


def whole_graph(directory: Path) -> Any:
    """Return both halves as the one graph that they were."""
    import onnx

    first, second = (onnx.load(directory / half) for half in (ENCODER, DECODER))
    shared = {"static", "product", "group", "state", ""}
    given = {entry.name for entry in second.graph.input} | {"mean", "quantiles"}
    for node in second.graph.node:
        node.name = f"decoder/{node.name}"
        for names in (node.input, node.output):
            names[:] = [each if each in given | shared else f"decoder/{each}" for each in names]
    for constant in second.graph.initializer:
        constant.name = f"decoder/{constant.name}"
    inputs = [entry for entry in second.graph.input if entry.name not in shared]
    graph = onnx.helper.make_graph(
        [*first.graph.node, *second.graph.node],
        "demand",
        [*first.graph.input, *inputs],
        list(second.graph.output),
        [*first.graph.initializer, *second.graph.initializer],
    )
    return onnx.helper.make_model(
        graph, opset_imports=list(first.opset_import), ir_version=first.ir_version
    )


def test_the_rehearsed_network_has_seen_nothing_of_the_last_days(
    panel: Panel, fitting: Fitting
) -> None:
    other = replace(panel, quantity=panel.quantity.copy())
    other.quantity[:, -28:] = 500.0
    fixed = replace(RECIPE, members=1, mean_share=1.0)
    points = [Fitting(each, fixed).rehearsed for each in (panel, other)]
    assert [len(rehearsals) for rehearsals in points] == [1, 1]
    np.testing.assert_array_equal(points[0][0].point, points[1][0].point)


def test_forecasts_are_finite_never_negative_and_rise(fitting: Fitting, windows: Windows) -> None:
    forecast = fitting.network.forecast(windows)
    assert np.isfinite(forecast.point).all()
    assert (forecast.point >= 0).all()
    assert (forecast.quantiles[:, :, 0] >= 0).all()
    assert (np.diff(forecast.quantiles, axis=2) >= 0).all()


def test_it_forecasts_sizes_weekdays_and_promotions(fitting: Fitting, panel: Panel) -> None:
    rows = np.arange(PRODUCTS)
    origins = np.full(PRODUCTS, panel.end - 28)
    truth, _ = panel.outcomes(rows, origins)
    point = fitting.network.forecast(panel.windows(rows, origins)).point
    level = panel.quantity[:, -140:-28].mean(axis=1, keepdims=True)
    error, flat = (((made - truth) ** 2).mean(axis=1) for made in (point, level))
    assert (error[4:] < 0.7 * flat[4:]).all()


def test_a_planned_promotion_raises_the_forecast(fitting: Fitting, windows: Windows) -> None:
    totals = []
    for planned in (0.0, 1.0):
        promotion = windows.promotion.copy()
        promotion[:, windows.history :] = planned
        forecast = fitting.network.forecast(replace(windows, promotion=promotion))
        totals.append(forecast.point[1:PRODUCTS].sum(axis=1))
    assert (totals[1] > 1.2 * totals[0]).all()


def test_a_short_question_is_answered_as_the_beginning_of_a_long_one(
    fitting: Fitting, panel: Panel
) -> None:
    rows, origins = np.arange(PRODUCTS), np.full(PRODUCTS, panel.end)
    month = fitting.network.forecast(panel.windows(rows, origins))
    week = fitting.network.forecast(panel.windows(rows, origins, horizon=7))
    assert week.quantiles.shape == (PRODUCTS, 7, 5)
    np.testing.assert_allclose(week.point, month.point[:, :7], rtol=1e-5)


def test_no_questions_give_no_answers(fitting: Fitting, windows: Windows) -> None:
    forecast = fitting.network.forecast(windows.take(np.array([], dtype=np.int64)))
    assert forecast.point.shape == (0, 28)
    assert forecast.quantiles.shape == (0, 28, 5)


def test_progress_rises_to_one_and_the_loss_falls(fitting: Fitting) -> None:
    shares = [share for share, _ in fitting.told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    curve = fitting.network.history.query("metric == 'loss_1'")["value"].tolist()
    assert curve[-1] < curve[0]


def test_a_panel_of_a_few_weeks_is_refused_with_what_it_needs(panel: Panel) -> None:
    with pytest.raises(TooLittleHistory, match="84 days"):
        Fitting(panel.until(panel.first + 80))
