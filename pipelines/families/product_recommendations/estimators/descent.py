"""SVD and SVD++ by gradient descent in numba: seconds where Surprise takes minutes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.interactions import Interactions
from pipelines.contract import Progress
from pipelines.families.product_recommendations.estimators.factors import Factors, Measured
from pipelines.families.product_recommendations.estimators.settings import Settings

Floats = NDArray[np.float32]


def fit_descent(
    known: Interactions, settings: Settings, seed: int, progress: Progress, *, implicit: bool
) -> Factors:
    """Fit the model of Surprise's SVD, or SVD++ where what a user chose counts, too.

    What a user's choice of items says is folded into the user's factors.
    """
    from pipelines.families.product_recommendations.estimators.kernels import Rows, State, epoch

    rng = np.random.default_rng(seed)
    users, items, width = len(known.users), len(known.items), settings.factors
    state = State(
        np.zeros(users, np.float32),
        np.zeros(items, np.float32),
        *(
            _drawn(rng, rows, width, settings.spread)
            for rows in (users, items, items if implicit else 0)
        ),
    )
    mean, offsets, by = float(known.rating.mean(dtype=np.float64)), known.offsets, "svd"
    by += "pp" if implicit else ""
    present = np.flatnonzero(np.diff(offsets)).astype(np.int32)
    rate, history = settings.rate, list[Measured]()
    for number in range(1, settings.epochs + 1):
        rows = Rows(rng.permutation(present), offsets, known.item, known.rating)
        error = epoch(rows, state, mean, rate, settings.penalty)
        history.append((number, "training_rmse", float(np.sqrt(error))))
        progress(number / settings.epochs, f"{by}: epoch {number} of {settings.epochs}")
        rate *= settings.fade
    own = state.user + _implied(known, state.implicit) if implicit else state.user
    return Factors(
        by,
        mean,
        state.user_bias,
        state.item_bias,
        own,
        state.item,
        history,
    )


def _drawn(rng: np.random.Generator, rows: int, width: int, spread: float) -> Floats:
    drawn = rng.standard_normal((rows, width), np.float32)
    drawn *= np.float32(spread)
    return drawn


def _implied(known: Interactions, factors: Floats) -> Floats:
    """Return |N(u)|^-1/2 times the sum of the implicit factors of u's items: shape (U, k)."""
    from scipy.sparse import csr_matrix

    counts = np.diff(known.offsets)
    weights = np.repeat(1 / np.sqrt(np.maximum(counts, 1)), counts).astype(np.float32)
    shape = (len(known.users), len(known.items))
    return np.asarray(csr_matrix((weights, known.item, known.offsets), shape) @ factors)
