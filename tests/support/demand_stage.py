"""A small shop whose demand is easily foretold: weekly patterns, promotions, a category each."""

from __future__ import annotations

import numpy as np
from domain_stage import contract_of, serve_model
from fastapi import FastAPI

from pipelines.families.demand_forecast.answering import Answering, treated
from pipelines.families.demand_forecast.cold import learnt_blend
from pipelines.families.demand_forecast.confidence import learnt_confidence
from pipelines.families.demand_forecast.family import FAMILY
from pipelines.families.demand_forecast.panel import Panel
from pipelines.families.demand_forecast.pasts import Memory
from pipelines.families.demand_forecast.pointwise import Pointwise
from pipelines.families.demand_forecast.runtime import DemandRuntime
from pipelines.families.demand_forecast.seasonal import SeasonalMean

FIRST = 20_089
"""2025-01-01, as a day."""
PROMOTED_FACTOR = 2.0


def quiet(_share: float, _message: str) -> None:
    """Report to nobody."""


def small_panel(products: int = 24, days: int = 400, seed: int = 7) -> Panel:
    """Return counts with a weekly pattern, closed on one weekday, doubled on promotion days."""
    rng = np.random.default_rng(seed)
    weekdays = np.arange(FIRST, FIRST + days) % 7
    level = rng.uniform(2, 20, products)[:, None]
    week = np.array([1.0, 0.8, 0.8, 0.9, 1.2, 1.6, 0.0])[weekdays]
    promotion = (rng.random((products, days)) < 0.2).astype(np.float32)
    mean = level * week * np.where(promotion > 0, PROMOTED_FACTOR, 1.0)
    opened = np.broadcast_to(weekdays != 6, (products, days)).astype(np.float32)
    return Panel(
        ids=tuple(f"P{number:02d}" for number in range(products)),
        groups=tuple("ab"[number % 2] for number in range(products)),
        first=FIRST,
        quantity=rng.poisson(mean).astype(np.float32),
        promotion=promotion,
        price=np.full((products, days), 9.5, dtype=np.float32),
        open=opened,
        known=np.ones((products, days), dtype=np.float32),
    )


def small_answering(panel: Panel | None = None) -> Answering:
    """Return seasonal means with everything around them, learnt from the small shop."""
    shop = small_panel() if panel is None else panel
    learnt = []

    def rehearse(forecaster) -> None:
        blend = learnt_blend(forecaster, shop)
        scores = learnt_confidence(lambda windows: treated(forecaster, blend, windows), shop)
        learnt.extend([blend, scores])

    fitted = Pointwise(lambda _panel, _progress: SeasonalMean(8)).fit(shop, quiet, rehearse)
    return Answering(fitted, *learnt, Memory(shop))


def serve_demand(app: FastAPI, version: str = "5") -> DemandRuntime:
    """Let `app` answer forecasts, as after a promotion."""
    runtime = DemandRuntime(small_answering())
    contract = contract_of(FAMILY.name, "product_id", "daily_predictions").model_copy(
        update={
            "request_schema": FAMILY.Request.model_json_schema(),
            "response_schema": FAMILY.Response.model_json_schema(),
        }
    )
    serve_model(app, contract, runtime, version)
    return runtime
