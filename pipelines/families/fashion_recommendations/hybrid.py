"""The networks beside the biases, and how much of them held-out customers can use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features import resampling
from features.splits import place
from pipelines.contract import Progress
from pipelines.families.fashion_recommendations.before import Before
from pipelines.families.fashion_recommendations.layers import Network
from pipelines.families.fashion_recommendations.params import Params
from pipelines.families.fashion_recommendations.reviews import STRANGER, Reviews
from pipelines.families.fashion_recommendations.taste import Floats, Inputs, inputs_of

SHARES = np.linspace(0, 1, 11)
"""How much of the networks' answer is tried."""
SPREAD = 2.0
"""Standard errors by which held-out customers must gain before the networks count at all."""
NETWORK_ROWS = 60_000
"""Reviews that the networks are fitted on, drawn where there are more."""


@dataclass(frozen=True)
class Hybrid:
    """What was fitted on n reviews beside their expectation by the biases."""

    networks: Sequence[Network]
    weight: float
    fold: NDArray[np.int64]
    """(n,): the network that has not seen the review's customer."""
    surplus: Floats
    """(n,): that network's answer, times the weight."""
    history: pd.DataFrame
    figures: Sequence[tuple[str, float]]

    def rater(self, review: int, inputs: Inputs) -> Floats:
        """Return by how much ratings exceed what the biases expect, as held out from the review."""
        if not self.weight:
            return np.zeros(len(inputs.item))
        return self.weight * self.networks[int(self.fold[review])](inputs)


def fit_hybrid(
    reviews: Reviews, before: Before, params: Params, seed: int, progress: Progress
) -> Hybrid:
    """Fit the networks on what the biases leave, and weigh them by customers they have not seen."""
    fold = folds_of(reviews, params.folds)
    left = reviews.rating - before.expected
    inputs = inputs_of(before.taste, before.offered)
    empty = pd.DataFrame({"step": [], "metric": [], "value": []})
    measured = [("held_out_rmse_biases", _root_mean(left))]
    nothing = Hybrid((), 0.0, fold, np.zeros_like(left), empty, measured)
    if not inputs.item.any() or len(np.unique(fold)) < params.folds:
        return nothing
    from pipelines.families.fashion_recommendations.network import fit_networks

    drawn = np.zeros(len(left), dtype=bool)
    drawn[np.random.default_rng(seed).permutation(len(left))[:NETWORK_ROWS]] = True
    fitted = fit_networks(inputs, left, fold, drawn, params, seed, progress)
    weight = share_of(left, fitted.held_out, reviews)
    surplus = weight * fitted.held_out
    measured += [("held_out_rmse", _root_mean(left - surplus)), ("network_weight", weight)]
    networks = fitted.networks if weight else ()
    return Hybrid(networks, weight, fold, surplus, fitted.history, measured)


def folds_of(reviews: Reviews, folds: int) -> NDArray[np.int64]:
    """Return a fold for each review: a hash of its customer, of its copies for a stranger."""
    by_name = [int(place(name, "fashion folds") * folds) for name in reviews.customers]
    fold = reviews.copies.astype(np.int64) % folds
    known = reviews.customer != STRANGER
    fold[known] = np.array(by_name, dtype=np.int64)[reviews.customer[known]]
    return fold


def share_of(left: Floats, answer: Floats, reviews: Reviews) -> float:
    """Return how much of `answer` comes nearest to what is `left`; 0 unless beyond noise.

    Noise is the standard error of the gain in squared error, customers being resampled whole.
    """
    errors = [float(np.mean((left - share * answer) ** 2)) for share in SHARES]
    share = float(SHARES[int(np.argmin(errors))])
    gain = (left.astype(np.float64) ** 2) - (left - share * answer).astype(np.float64) ** 2
    strangers = -1 - reviews.copies.astype(np.int64)
    unit = np.where(reviews.customer == STRANGER, strangers, reviews.customer)
    return share if gain.mean() > SPREAD * resampling.plan(unit).error_of_mean(gain) else 0.0


def _root_mean(left: Floats) -> float:
    return float(np.sqrt(np.mean(left.astype(np.float64) ** 2)))
