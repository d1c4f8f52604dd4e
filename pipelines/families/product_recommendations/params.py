"""The hyperparameters of product recommendations: flat, so that they make a form."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from pipelines.families.product_recommendations.list_params import ListParams


class RatingModel(StrEnum):
    """What predicts ratings."""

    SVD = "svd"
    SVDPP = "svdpp"
    MEANS = "means"
    SPARK_ALS = "spark_als"


class Params(ListParams):
    """SVD for the ratings unless damped means are as good; the lists have their own ranker.

    A number left at 0 is the one that is shipped for the chosen model.
    """

    ratings: RatingModel = Field(
        RatingModel.SVD,
        title="Ratings",
        description=(
            "SVD (scikit-surprise, above 300,000 ratings the same model in numba), SVD++ (better "
            "where users rate much), damped means, or ALS on Apache Spark."
        ),
    )
    means_may_win: bool = Field(
        True,
        title="Means may win",
        description="Ship damped means where held-out rows say that the model is no better.",
    )
    factors: int = Field(
        0, ge=0, le=500, title="Factors", description="Width of the rating model; 0: as shipped."
    )
    epochs: int = Field(
        0, ge=0, le=500, title="Epochs", description="Passes over the ratings; 0: as shipped."
    )
    learning_rate: float = Field(
        0.0, ge=0, le=1, title="Learning rate", description="Step of SVD and SVD++; 0: as shipped."
    )
    penalty: float = Field(
        0.0,
        ge=0,
        le=10,
        title="Penalty",
        description="L2 penalty of the rating model's parameters; 0: as shipped.",
    )
    damping: float = Field(
        5.0,
        ge=0,
        le=1000,
        title="Damping",
        description="Ratings of average taste that each user and item starts with in the means.",
    )
