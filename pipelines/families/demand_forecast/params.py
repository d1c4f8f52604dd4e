"""The hyperparameters of demand forecasts: flat, so that they make a form."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from pipelines.contract import FamilyParams


class Algorithm(StrEnum):
    """What forecasts."""

    SEASONAL_NAIVE = "seasonal_naive"
    SEASONAL_MEAN = "seasonal_mean"


class Params(FamilyParams):
    """Which algorithm forecasts, and how large it is."""

    algorithm: Algorithm = Field(
        Algorithm.SEASONAL_MEAN,
        title="Algorithm",
        description="Seasonal naive repeats the last week; the seasonal mean averages weekdays.",
    )
    weeks: int = Field(
        8, ge=1, le=52, title="Weeks averaged", description="Of the seasonal mean: how many weeks."
    )
