"""The hyperparameters of demand forecasts: flat, so that they make a form."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from pipelines.contract import FamilyParams


class Algorithm(StrEnum):
    """What forecasts."""

    LSTM = "lstm"
    BOOSTING = "boosting"
    ETS = "ets"
    THETA = "theta"
    SEASONAL_NAIVE = "seasonal_naive"
    SEASONAL_MEAN = "seasonal_mean"


class Params(FamilyParams):
    """Which algorithm forecasts, and how large it is."""

    algorithm: Algorithm = Field(
        Algorithm.LSTM,
        title="Algorithm",
        description=(
            "One network (LSTM) or one set of trees (boosting) for all products; exponential "
            "smoothing of each (ETS, Theta); the last week again (seasonal naive), or the mean of "
            "the same weekdays."
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
    trees: int = Field(
        300, ge=10, le=5000, title="Trees", description="Boosting: how many trees are added up."
    )
    leaves: int = Field(
        31, ge=2, le=255, title="Leaves", description="Boosting: leaves of each tree."
    )
    shrinkage: float = Field(
        0.05, gt=0, le=1, title="Shrinkage", description="Boosting: how little each tree counts."
    )
    weeks: int = Field(
        8, ge=1, le=52, title="Weeks averaged", description="Seasonal mean: over how many weeks."
    )
