"""Four real sets of daily sales as panels, rolling windows of them, and the usual scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from features.sales_history import history_of
from pipelines.families.demand_forecast.bounds import honest
from pipelines.families.demand_forecast.estimators import LEVELS, Forecast, Forecaster
from pipelines.families.demand_forecast.panel import HORIZON, Panel, Windows

TRAINED_DAYS = 56
"""Days since its first sale that a product needs to be scored."""


@dataclass(frozen=True)
class Held:
    """One rolling window: what may be trained on, what is asked, and what came true."""

    panel: Panel
    windows: Windows
    truth: np.ndarray
    counts: np.ndarray
    steps: np.ndarray
    """Mean squared step from day to day in training, for each product: RMSSE's denominator."""


@dataclass(frozen=True)
class Score:
    """Figures over all products and days of one window that count."""

    rmsse: float
    rmse: float
    wape: float
    covered_80: float
    covered_95: float
    weighted_quantile_loss: float


def store_item_demand(folder: Path) -> Panel:
    """Return the 200 series of stores 1 to 4; without promotions."""
    rows = pd.read_csv(folder / "store_item_demand" / "train.csv.gz")
    rows = rows[rows["store"] <= 4]
    store = rows["store"].astype(str)
    names = store + "-" + rows["item"].astype(str).str.zfill(2)
    return _panel(rows.assign(product_id=names, quantity=rows["sales"], category="store " + store))


def m5_foods(folder: Path) -> Panel:
    """Return 200 Walmart foods; days of food stamps (SNAP) are told as promotions."""
    place = folder / "m5_foods3_tx3"
    days = pd.read_csv(place / "calendar.csv.gz").set_index("d")
    wide = pd.read_csv(place / "sales.csv.gz").set_index("item_id").filter(regex=r"^d_\d+$")
    rows = wide.rename_axis(columns="d").stack().rename("quantity").reset_index()
    rows = rows.join(days[["date", "snap_TX"]], on="d")
    return _panel(rows.rename(columns={"item_id": "product_id", "snap_TX": "promotion"}))


def complete_journey(folder: Path) -> Panel:
    """Return 250 groceries of one year with promotions; closed at Christmas."""
    place = folder / "complete_journey_daily"
    rows = pd.read_csv(place / "sales.csv.gz")
    goods = pd.read_csv(place / "products.csv.gz").set_index("product_id")
    rows = rows.join(goods["department"].rename("category"), on="product_id")
    return _panel(rows.rename(columns={"units": "quantity", "promo": "promotion"}))


def pasta(folder: Path) -> Panel:
    """Return 73 products of a grocer's pasta in five years, with promotions and closed days."""
    rows = pd.read_csv(folder / "pasta_promo_sales" / "sales.csv.gz")
    names = {"units": "quantity", "promo": "promotion", "brand": "category"}
    return _panel(rows.rename(columns=names))


READERS: Mapping[str, Callable[[Path], Panel]] = {
    "store_item_demand": store_item_demand,
    "m5_foods3_tx3": m5_foods,
    "complete_journey_daily": complete_journey,
    "pasta_promo_sales": pasta,
}


def _panel(rows: pd.DataFrame) -> Panel:
    names = ["product_id", "date", "quantity", "promotion", "category"]
    known = rows.assign(
        product_id=rows["product_id"].astype(str), date=pd.to_datetime(rows["date"], utc=True)
    )
    return Panel(**vars(history_of(known[[name for name in names if name in known]])))


def held_out(panel: Panel, window: int) -> Held:
    """Return the panel before rolling window `window` (0: the last 28 days) and its truth."""
    origin = panel.end - HORIZON * (window + 1)
    trained = panel.known[:, : origin - panel.first].sum(axis=1)
    rows = np.flatnonzero(trained >= TRAINED_DAYS)
    origins = np.full(len(rows), origin)
    truth, counts = panel.outcomes(rows, origins)
    return Held(
        panel.until(origin),
        panel.windows(rows, origins),
        truth.astype(np.float64),
        counts,
        np.array([_mean_squared_step(panel, row, origin) for row in rows]),
    )


def _mean_squared_step(panel: Panel, row: int, origin: int) -> float:
    known = panel.known[row, : origin - panel.first] > 0
    sales = panel.quantity[row, : origin - panel.first][known].astype(np.float64)
    return float((np.diff(sales) ** 2).mean())


def asked(held: Held, forecaster: Forecaster) -> Forecast:
    """Return what a forecaster says of the held-out days, as it would be answered."""
    return honest(held.windows, forecaster.forecast(held.windows))


def scored(held: Held, forecast: Forecast) -> Score:
    """Score a forecast of the held-out days; days without business do not count."""
    days = held.counts.sum(axis=1)
    squared = (held.truth - forecast.point) ** 2 * held.counts
    counted = held.counts > 0
    truth, quantiles = held.truth[counted], forecast.quantiles[counted]
    missed = truth[:, None] - quantiles
    pinball = np.maximum(LEVELS * missed, (LEVELS - 1) * missed).mean(axis=1)

    def inside(low: int, high: int) -> float:
        return float(((truth >= quantiles[:, low]) & (truth <= quantiles[:, high])).mean())

    return Score(
        rmsse=float(np.sqrt(squared.sum(axis=1) / days / held.steps).mean()),
        rmse=float(np.sqrt(squared.sum() / days.sum())),
        wape=float(np.abs(truth - forecast.point[counted]).sum() / truth.sum()),
        covered_80=inside(1, 3),
        covered_95=inside(0, 4),
        weighted_quantile_loss=float(2 * pinball.sum() / truth.sum()),
    )
