"""The settings that are shipped for each rating model, and what a user puts in their place.

Chosen on an inner tenth of MovieLens 100K's first training fold, and kept for everything else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipelines.families.product_recommendations.params import Params, RatingModel

LARGE_ROWS = 2_000_000


@dataclass(frozen=True)
class Settings:
    """Of gradient descent or alternating least squares."""

    factors: int
    epochs: int
    rate: float
    """Step of the first epoch; 0 for models that take none."""
    penalty: float
    fade: float = 1.0
    """What the step is multiplied by after each epoch."""
    spread: float = 0.01
    """Standard deviation of the factors that are drawn to begin with."""


SHIPPED = {
    RatingModel.SVD: Settings(factors=50, epochs=80, rate=0.006, penalty=0.08),
    RatingModel.SVDPP: Settings(factors=100, epochs=30, rate=0.007, penalty=0.06, fade=0.97),
    RatingModel.SPARK_ALS: Settings(factors=10, epochs=10, rate=0.0, penalty=0.1),
}
LARGE = {
    RatingModel.SVD: Settings(factors=16, epochs=20, rate=0.01, penalty=0.08),
    RatingModel.SVDPP: Settings(factors=16, epochs=15, rate=0.01, penalty=0.06, fade=0.93),
}
"""Above `LARGE_ROWS`, where each epoch takes seconds."""


def settings_for(params: Params, rows: int) -> Settings:
    """Return the shipped settings for a model and a size, with what the user has given."""
    shipped = SHIPPED[params.ratings]
    if rows > LARGE_ROWS:
        shipped = LARGE.get(params.ratings, shipped)
    return replace(
        shipped,
        factors=params.factors or shipped.factors,
        epochs=params.epochs or shipped.epochs,
        rate=params.learning_rate or shipped.rate,
        penalty=params.penalty or shipped.penalty,
    )
