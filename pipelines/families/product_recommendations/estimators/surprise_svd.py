"""SVD by scikit-surprise, its factors taken out as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from features.interactions import Interactions
from pipelines.families.product_recommendations.estimators.factors import Factors
from pipelines.families.product_recommendations.estimators.settings import Settings

if TYPE_CHECKING:
    from surprise import Trainset


def fit_surprise(known: Interactions, settings: Settings, seed: int) -> Factors:
    """Fit `surprise.SVD`; its trainset takes some 300 bytes a rating, its time one core."""
    from surprise import SVD

    model = SVD(
        n_factors=settings.factors,
        n_epochs=settings.epochs,
        lr_all=settings.rate,
        reg_all=settings.penalty,
        init_std_dev=settings.spread,
        random_state=seed,
    )
    trainset = trainset_of(known)
    model.fit(trainset)
    return Factors(
        "svd",
        float(trainset.global_mean),
        np.asarray(model.bu),
        np.asarray(model.bi),
        np.asarray(model.pu),
        np.asarray(model.qi),
    )


def trainset_of(known: Interactions) -> Trainset:
    """Return Surprise's trainset, whose inner ids are our codes and whose raw ids our texts."""
    from surprise import Trainset

    by_user: dict[int, list[tuple[int, float]]] = {}
    by_item: dict[int, list[tuple[int, float]]] = {}
    rows = zip(known.user.tolist(), known.item.tolist(), known.rating.tolist(), strict=True)
    for user, item, rating in rows:
        by_user.setdefault(user, []).append((item, rating))
        by_item.setdefault(item, []).append((user, rating))
    return Trainset(
        by_user,
        by_item,
        len(known.users),
        len(known.items),
        len(known),
        (known.scale.low, known.scale.high),
        {text: code for code, text in enumerate(known.users)},
        {text: code for code, text in enumerate(known.items)},
    )
