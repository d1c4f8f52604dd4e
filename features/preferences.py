"""What everybody likes: damped means, popularity, and how good a list is. numpy only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.interactions import Interactions

Numbers = NDArray[np.float64]
SWEEPS = 10
RECENT_SHARE = 0.1


@dataclass(frozen=True)
class DampedMeans:
    """A mean with a deviation for each user and each item, in rating points."""

    mean: float
    user: Numbers
    item: Numbers

    def rate(self, user: NDArray[np.integer], item: NDArray[np.integer]) -> Numbers:
        """Return the predictions for pairs of codes, not clipped."""
        return np.asarray(self.mean + self.user[user] + self.item[item])


def damped_means(known: Interactions, damping: float = 5.0, sweeps: int = SWEEPS) -> DampedMeans:
    """Fit the means by alternating sweeps: each is a mean of what the other one leaves.

    Every user and item starts with `damping` ratings of average taste, so one rating says little
    (Koren 2009, "Matrix factorization techniques", the baseline estimates).
    """
    mean = float(known.rating.mean(dtype=np.float64))
    residual = known.rating.astype(np.float64) - mean
    user, item = np.zeros(len(known.users)), np.zeros(len(known.items))
    for _ in range(sweeps):
        item = _damped(known.item, residual - user[known.user], len(item), damping)
        user = _damped(known.user, residual - item[known.item], len(user), damping)
    return DampedMeans(mean, user, item)


def _damped(codes: NDArray[np.int32], values: Numbers, size: int, damping: float) -> Numbers:
    counts = np.bincount(codes, minlength=size)
    # An undamped mean of nothing is 0, too.
    return np.asarray(np.bincount(codes, values, size) / np.maximum(counts + damping, 1e-9))


def popularity(known: Interactions, recent_share: float = RECENT_SHARE) -> NDArray[np.float32]:
    """Return how popular each item is: its share of all interactions plus of the newest ones.

    Where rows have no times its share of all counts alone. Shape (I,).
    """
    size = len(known.items)
    shares = np.bincount(known.item, minlength=size) / max(len(known), 1)
    if len(known) and known.time.any():
        newest = known.time >= np.quantile(known.time, 1 - recent_share)
        shares = shares + np.bincount(known.item[newest], minlength=size) / newest.sum()
    return shares.astype(np.float32)


def most_popular(scores: NDArray[np.floating], count: int) -> NDArray[np.intp]:
    """Return the codes of the `count` largest scores, the largest first, ties by code."""
    return np.argsort(-scores, kind="stable")[:count]


def hits(listed: Sequence[str], liked: set[str], top: int) -> NDArray[np.bool_]:
    """Return which of the first `top` places of a list hold something that was liked.

    An item that is listed twice counts once.
    """
    shown = list(dict.fromkeys(listed[:top]))
    found = np.zeros(top, dtype=bool)
    found[: len(shown)] = [item in liked for item in shown]
    return found


def precision(found: NDArray[np.bool_]) -> float:
    """Return the share of places that hold something liked."""
    return float(found.mean())


def recall(found: NDArray[np.bool_], liked: int) -> float:
    """Return the share of the liked items that are listed."""
    return float(found.sum() / liked)


def ndcg(found: NDArray[np.bool_], liked: int) -> float:
    """Return the binary NDCG: hits weighted by 1 / log2(place + 1), of the best list's sum.

    (Jarvelin and Kekalainen 2002.)
    """
    weights = 1 / np.log2(np.arange(2, len(found) + 2))
    return float(weights[found].sum() / weights[: min(liked, len(found))].sum())
