"""The hyperparameters of demand forecasts: flat, so that they make a form."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from pipelines.contract import FamilyParams


class Algorithm(StrEnum):
    """What forecasts."""

    LSTM = "lstm"
    SEASONAL_NAIVE = "seasonal_naive"
    SEASONAL_MEAN = "seasonal_mean"


class Params(FamilyParams):
    """Which algorithm forecasts, and how large it is."""

    algorithm: Algorithm = Field(
        Algorithm.LSTM,
        title="Algorithm",
        description=(
            "A network of all products; the last week again (seasonal naive); or the mean of the "
            "same weekdays (seasonal mean)."
        ),
    )
    members: int = Field(
        2,
        ge=1,
        le=8,
        title="Networks averaged",
        description="LSTM: networks of different seeds; each takes the same time to train.",
    )
    steps: int = Field(
        0,
        ge=0,
        le=5000,
        title="Training steps",
        description="LSTM: batches that a network is trained on; 0 lets the size of the data say.",
    )
    units: int = Field(
        64, ge=8, le=256, title="Units", description="LSTM: width of its recurrent layers."
    )
    learning_rate: float = Field(
        3e-3, gt=0, le=0.1, title="Learning rate", description="LSTM: how large its steps begin."
    )
    weeks: int = Field(
        8, ge=1, le=52, title="Weeks averaged", description="Seasonal mean: over how many weeks."
    )
