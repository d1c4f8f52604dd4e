"""Fits what ranks a list: which item was bought and liked, among others that could have been."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pipelines.families.fashion_recommendations.before import Before
from pipelines.families.fashion_recommendations.lists import SIGNALS, Ranker, signals_of
from pipelines.families.fashion_recommendations.memory import Memory
from pipelines.families.fashion_recommendations.reviews import STRANGER, Reviews
from pipelines.families.fashion_recommendations.taste import Inputs, Taste, inputs_of

Floats = NDArray[np.floating]
Rater = Callable[[int, Inputs], Floats]
"""By the place of a review and inputs: by how much ratings exceed what the biases expect."""

CHOICES = 2_000
"""Reviews that the weights are fitted on; four weights need no more."""
FEWEST_CHOICES = 150
OTHERS = 300
"""Items drawn beside the one that was chosen."""
TOP = 10
SPREAD = 1.0
"""Standard errors by which the held-out lists must be better before popularity gives way."""
PENALTY = 1e-3


def fit_ranker(
    reviews: Reviews, before: Before, memory: Memory, rater: Rater, seed: int
) -> tuple[Ranker, list[tuple[str, float]]]:
    """Return the ranker, and the held-out NDCG@10 of it and of popularity alone.

    A conditional logit (McFadden 1974) over the liked item and drawn others, fitted on some of
    the customers. It ships where it ranks the others' choices better than popularity does.
    """
    rng = np.random.default_rng(seed)
    size = len(memory.facts.items)
    liked = (reviews.customer != STRANGER) & (reviews.rating >= reviews.scale.relevant)
    places = np.flatnonzero(liked & (before.taste.reviews > 0))
    longest = int(np.diff(memory.arrays.offsets).max(initial=0))
    if size - longest <= TOP or len(places) < FEWEST_CHOICES:
        return Ranker(), []
    chosen = np.sort(rng.permutation(places)[:CHOICES])
    signals = np.stack([_choice(int(p), reviews, before, memory, rater, rng) for p in chosen])
    held = reviews.customer[chosen] % 2 == 0
    plain = np.array([1.0, 0, 0, 0])
    weights = _logit(signals[~held])
    gain = _ndcg(signals[held], weights) - _ndcg(signals[held], plain)
    measured = [
        ("list_choice_ndcg_at_10", float(_ndcg(signals[held], weights).mean())),
        ("list_choice_ndcg_at_10_popularity", float(_ndcg(signals[held], plain).mean())),
    ]
    if gain.mean() <= SPREAD * gain.std() / np.sqrt(len(gain)):
        return Ranker(), measured
    found = _logit(signals)
    return Ranker((float(found[0]), float(found[1]), float(found[2]), float(found[3]))), measured


def _choice(
    place: int,
    reviews: Reviews,
    before: Before,
    memory: Memory,
    rater: Rater,
    rng: np.random.Generator,
) -> Floats:
    """Return the signals of the chosen item and of others, (1 + OTHERS, 4), the chosen first."""
    size, chosen = len(memory.facts.items), int(reviews.item[place])
    standing = memory.standing(int(reviews.customer[place]))
    # What they have already is left out, as it is of their lists: it is alike and not for sale.
    others = rng.choice(np.setdiff1d(np.arange(size), standing.items), OTHERS)
    items = np.concatenate([[chosen], others])
    offered = standing.offered.at(items)
    taste = Taste(**{name: rows[place : place + 1] for name, rows in vars(before.taste).items()})
    inputs = inputs_of(taste, offered)
    expected = offered.bias + rater(place, inputs)
    return signals_of(memory.arrays.popularity[items], expected, inputs)


def _logit(signals: Floats) -> NDArray[np.float64]:
    """Return the weights under which the first of each set (n, 1 + others, 4) is likeliest."""
    from scipy.optimize import minimize

    scale = np.maximum(signals.reshape(-1, len(SIGNALS)).std(axis=0), 1e-6).astype(np.float64)
    x = signals / scale

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = x @ weights
        scores -= scores.max(axis=1, keepdims=True)
        shares = np.exp(scores)
        total = shares.sum(axis=1, keepdims=True)
        likely = np.log(total[:, 0]) - scores[:, 0]
        slope = np.einsum("nc,ncs->ns", shares / total, x) - x[:, 0]
        penalty = PENALTY * float(weights @ weights)
        return float(likely.mean()) + penalty, slope.mean(axis=0) + 2 * PENALTY * weights

    found = minimize(loss, np.zeros(len(SIGNALS)), jac=True, method="L-BFGS-B")
    return np.asarray(found.x / scale)


def _ndcg(signals: Floats, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 / log2(place + 1) of the chosen item in each set, 0 beyond the tenth place."""
    scores = signals @ weights
    place = 1 + (scores[:, 1:] >= scores[:, :1]).sum(axis=1)
    return np.where(place <= TOP, 1 / np.log2(place + 1.0), 0.0)
