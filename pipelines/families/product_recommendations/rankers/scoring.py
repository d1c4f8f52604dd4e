"""From the items a user liked to a score for every item, and the best of them; numpy only.

The same code scores in training, in the plain form and in the compiled one.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipelines.families.product_recommendations.layout import ListArrays

Scores = NDArray[np.floating]
BLOCKS = 32
TIE_BREAKER = 1e-6
"""How much popularity counts at least: items that nothing else tells apart stand by it."""


class UnknownRanker(ValueError):
    """The lists were made by a ranker that this code does not know."""


class Scorer(Protocol):
    """Scores every item for a user who liked `items` (codes, at least one)."""

    def scores(self, items: NDArray[np.integer]) -> Scores:
        """Return a new array of I numbers."""
        ...


class Neighbours:
    """Sums the kept weights of the liked items' neighbours."""

    def __init__(self, neighbours: NDArray[np.int32], weights: NDArray[np.float32]) -> None:
        self._neighbours, self._weights = neighbours, weights

    def scores(self, items: NDArray[np.integer]) -> Scores:
        """Return the sums; an item that is nobody's neighbour has 0."""
        places = self._neighbours.take(items, 0).ravel()
        weights = self._weights.take(items, 0).ravel()
        return np.asarray(np.bincount(places, weights, len(self._neighbours)), dtype=np.float64)


class Factors:
    """Solves for the user's factors and multiplies them with every item's."""

    def __init__(
        self,
        factors: NDArray[np.float32],
        gram: NDArray[np.float64],
        ridge: float,
        confidence: float,
    ) -> None:
        self._factors, self._confidence = factors, confidence
        self._start = gram + ridge * np.eye(len(gram))

    def scores(self, items: NDArray[np.integer]) -> Scores:
        """Return the products with x, where (G + ridge + (c - 1) Y'Y) x = c Y'1 over `items`."""
        own = self._factors[items].astype(np.float64)
        weighed = self._start + (self._confidence - 1.0) * (own.T @ own)
        user = np.linalg.solve(weighed, self._confidence * own.sum(axis=0))
        # In single precision: at half a million items memory is what takes the time.
        return np.asarray(self._factors @ user.astype(np.float32))


def scorer_of(lists: ListArrays) -> Scorer | None:
    """Return the scorer of a ranker's arrays, None for plain popularity.

    Raises `UnknownRanker`.
    """
    arrays, settings = lists.arrays, lists.settings
    if lists.by == "ease":
        return Neighbours(arrays["neighbours"], arrays["weights"])  # type: ignore[arg-type]
    if lists.by == "als":
        return Factors(
            arrays["factors"],  # type: ignore[arg-type]
            arrays["gram"],  # type: ignore[arg-type]
            settings["ridge"],
            settings["confidence"],
        )
    if lists.by == "popularity":
        return None
    raise UnknownRanker(f"lists by {lists.by!r}; this code knows ease, als and popularity")


def lift_of(popularity: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    """Return what popularity adds to a personal score: it settles ties at the very least."""
    return np.asarray(popularity * np.float32(max(share, TIE_BREAKER)))


def blended(
    scorer: Scorer | None,
    liked: NDArray[np.integer],
    popularity: NDArray[np.float32],
    lift: NDArray[np.float32],
) -> Scores:
    """Return a new array: the personal score plus `lift`, or popularity alone.

    Popularity stands alone without a scorer, and for whoever likes nothing.
    """
    if scorer is None or not len(liked):
        return popularity.copy()
    scores = scorer.scores(liked)
    scores += lift
    return scores


def best(scores: Scores, count: int) -> NDArray[np.intp]:
    """Return the places of the `count` largest finite scores, the first one first.

    Of equal scores the one with the smaller place comes first.
    """
    candidates = np.flatnonzero(scores >= _bound(scores, count))
    found = scores[candidates]
    order = np.argsort(-found, kind="stable")[:count]
    return candidates[order[np.isfinite(found[order])]]


def _bound(scores: Scores, count: int) -> float:
    """Return a number that at least `count` scores reach, and not many more."""
    width = len(scores) // BLOCKS
    if count > width:
        # Too few blocks to tell: what is asked for is a good part of everything.
        return -np.inf
    # Each of the `count` best blocks holds a score as good as the last of their maxima.
    maxima = scores[: width * BLOCKS].reshape(BLOCKS, width).max(axis=0)
    return float(np.partition(maxima, width - count)[width - count])
