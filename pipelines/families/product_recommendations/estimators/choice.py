"""Which rating model ships: the one that was asked for, unless held-out rows say that means do.

With one to three ratings a user no factor model beats two damped means by more than 0.002, and
most lose to them; with twenty and more they win clearly. So it is measured, every time.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from features.interactions import Interactions
from pipelines.contract import Progress
from pipelines.families.product_recommendations.estimators.factors import (
    Factors,
    Measured,
    centred,
    fit_means,
    rescaled,
)
from pipelines.families.product_recommendations.estimators.settings import (
    Settings,
    settings_for,
)
from pipelines.families.product_recommendations.params import Params, RatingModel

if TYPE_CHECKING:
    from collections.abc import Iterator

SURPRISE_ROWS = 300_000
"""Up to so many ratings Surprise itself fits SVD: it takes 300 bytes and 2 us an epoch for each."""
ENOUGH_HELD_OUT = 1_000
CROSS_VALIDATED_ROWS = 50_000
FOLDS = 5
DECIDING_ROWS = 2_000_000
SETTINGS_HIGH = 5.0
WORTHWHILE = 0.002
"""RMSE, on a scale of five points, by which a model has to beat the means."""

Mask = NDArray[np.bool_]


def fit_ratings(
    known: Interactions, held_out: Mask, params: Params, seed: int, progress: Progress
) -> Factors:
    """Decide on held-out rows, then fit what won on all of them."""
    means = fit_means(known, params.damping)
    if params.ratings is RatingModel.MEANS:
        return means
    if not params.means_may_win:
        return estimated(known, params, seed, progress)
    judged = list[Measured]()
    if not _beats_means(known, held_out, params, seed, progress, judged):
        progress(1.0, "damped means are as good: they ship")
        return replace(means, history=judged)
    fitted = estimated(known, params, seed, lambda done, what: progress(0.4 + 0.6 * done, what))
    return replace(fitted, history=[*judged, *fitted.history])


def estimated(
    known: Interactions,
    params: Params,
    seed: int,
    progress: Progress,
    *,
    settings: Settings | None = None,
    library: bool = True,
) -> Factors:
    """Fit the model that `params` names; `library` allows Surprise where the rows are few.

    `settings` are those for so many rows unless they are given. They were chosen on a scale up to
    five, so ratings on any other are brought to it and the predictions back.
    """
    settings = settings or settings_for(params, len(known))
    points = known.scale.high / SETTINGS_HIGH
    known = replace(known, rating=known.rating / np.float32(points))
    return rescaled(_fitted(known, settings, params, seed, progress, library), points)


def _fitted(
    known: Interactions,
    settings: Settings,
    params: Params,
    seed: int,
    progress: Progress,
    library: bool,
) -> Factors:
    if params.ratings is RatingModel.SPARK_ALS:
        from pipelines.families.product_recommendations.estimators.spark_als import fit_spark

        return centred(fit_spark(known, settings, params, seed, progress), known)
    if params.ratings is RatingModel.SVD and library and len(known) <= SURPRISE_ROWS:
        from pipelines.families.product_recommendations.estimators.surprise_svd import fit_surprise

        progress(0.0, "Surprise fits SVD")
        return centred(fit_surprise(known, settings, seed), known)
    from pipelines.families.product_recommendations.estimators.descent import fit_descent

    implicit = params.ratings is RatingModel.SVDPP
    return centred(fit_descent(known, settings, seed, progress, implicit=implicit), known)


def _beats_means(
    known: Interactions,
    held_out: Mask,
    params: Params,
    seed: int,
    progress: Progress,
    judged: list[Measured],
) -> bool:
    """Return whether the model beats the means by what is worthwhile and beyond noise."""
    settings = settings_for(params, len(known))  # a sample is judged as the whole is fitted
    known, held_out = _sampled(known, held_out, seed)
    cheap = params.ratings is not RatingModel.SPARK_ALS
    masks = list(_held_out(known, held_out, seed, cheap))
    errors = list[NDArray[np.float64]]()
    for number, mask in enumerate(masks):
        rest, asked = known.where(~mask), known.where(mask)
        rivals = (
            fit_means(rest, params.damping),
            # The same model as Surprise's, in a tenth of its time.
            estimated(rest, params, seed, _silent, settings=settings, library=False),
        )
        errors.append(np.array([_squared_errors(rival, asked) for rival in rivals]))
        progress(0.4 * (number + 1) / len(masks), "holding the model against damped means")
    squared = np.concatenate(errors, axis=1)
    means, model = np.sqrt(squared.mean(axis=1))
    judged += [(0, "held_out_rmse_means", float(means)), (0, "held_out_rmse_model", float(model))]
    gained = squared[0] - squared[1]
    scale = (known.scale.high - known.scale.low) / 4
    beyond_noise = gained.mean() > gained.std() / np.sqrt(len(gained))
    return bool(beyond_noise and means - model > WORTHWHILE * scale)


def _sampled(known: Interactions, held_out: Mask, seed: int) -> tuple[Interactions, Mask]:
    """Return all of some users' rows where there are many: they decide as well as everybody."""
    share = DECIDING_ROWS / max(len(known), 1)
    if share >= 1:
        return known, held_out
    asked = np.random.default_rng(seed).random(len(known.users)) < share
    return known.of_users(asked), held_out[asked[known.user]]


def _held_out(known: Interactions, held_out: Mask, seed: int, cheap: bool) -> Iterator[Mask]:
    """Return masks to hold out, one after another.

    The validation rows where they are enough; otherwise every row once where the rows are few
    and a fit is `cheap`, and a fifth of them elsewhere.
    """
    if held_out.sum() >= ENOUGH_HELD_OUT:
        yield held_out
        return
    fold = np.random.default_rng(seed).integers(FOLDS, size=len(known))
    for number in range(FOLDS if cheap and len(known) <= CROSS_VALIDATED_ROWS else 1):
        yield fold == number


def _squared_errors(factors: Factors, asked: Interactions) -> NDArray[np.float64]:
    rated = np.clip(factors.rate(asked.user, asked.item), asked.scale.low, asked.scale.high)
    return np.asarray((rated - asked.rating) ** 2)


def _silent(_done: float, _what: str) -> None:
    """Report to nobody."""
