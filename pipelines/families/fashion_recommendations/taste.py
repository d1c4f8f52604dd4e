"""A customer's taste before a purchase, and what it says about an item. numpy only.

The same functions make the inputs of the network in training (many customers, each as they were
before one review) and in serving (one customer, every item), so the two cannot differ. b
customers, h past reviews each, n items, k numbers of a look, m numbers of a wording.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
"""Double precision, but for the arrays at rest: the order of sums must not show in an answer."""
Flags = NDArray[np.bool_]

LONGEST_PAST = 64
"""Past reviews that are looked at, the newest ones."""


@dataclass(frozen=True)
class Damping:
    """How much evidence outweighs the average, in reviews."""

    item: float = 5.0
    customer: float = 5.0
    looks: float = 4.0
    """Ridge of the taste in looks, and in wordings: the length of a look is 1 on average."""
    words: float = 4.0
    wording: float = 1.0
    """Reviews of average wording that each item starts with."""


@dataclass(frozen=True)
class Past:
    """What b customers had reviewed before; the places that `held` denies hold nothing."""

    held: Flags
    """(b, h)"""
    deviation: Floats
    """(b, h): each rating less the average and what others thought of the item."""
    looks: Floats
    """(b, h, k): how the items look; zeros without a picture."""
    wordings: Floats
    """(b, h, m): what other customers wrote of the items."""
    own: Floats
    """(b, h, m): what the customer wrote; zeros without words."""


@dataclass(frozen=True)
class Taste:
    """What b customers like, learnt from their past alone."""

    reviews: Floats
    """(b,): how many past reviews there are."""
    bias: Floats
    """(b,): how much above the others they rate, damped."""
    looks: Floats
    """(b, k): the direction in which looks please them; ridge regression on their past."""
    wordings: Floats
    """(b, m): the same for what others write of an item."""
    praise: Floats
    """(b, m): their own words, each review weighted by how satisfied it was."""
    talk: Floats
    """(b, m): their own words, plainly averaged."""
    usual_look: Floats
    """(b, k): the average look of what they bought."""
    usual_wording: Floats
    """(b, m): the average wording of what they bought."""


@dataclass(frozen=True)
class Offered:
    """Items as they stand before b customers: arrays of (b, ...), or of one row for all."""

    looks: Floats
    wordings: Floats
    bias: Floats
    reviews: Floats
    """How many other customers have reviewed each."""

    def at(self, items: Sequence[int] | NDArray[np.integer]) -> Offered:
        """Return some of the items, in their order."""
        return Offered(
            self.looks[items], self.wordings[items], self.bias[items], self.reviews[items]
        )


def taste_of(past: Past, damping: Damping) -> Taste:
    """Return the taste that the past shows; that of a customer without a past is all zeros."""
    held = past.held.astype(np.float64)
    count = held.sum(axis=1)
    bias = (past.deviation * held).sum(axis=1) / (count + damping.customer)
    surprise = (past.deviation - bias[:, np.newaxis]) * held
    shrunk = 1 / (count + 1)
    looks, wordings = past.looks * held[..., np.newaxis], past.wordings * held[..., np.newaxis]
    own = past.own * held[..., np.newaxis]
    return Taste(
        reviews=count,
        bias=bias,
        looks=_ridge(looks, surprise, damping.looks),
        wordings=_ridge(wordings, surprise, damping.words),
        praise=_weighted(own, surprise) * shrunk[:, np.newaxis],
        talk=own.sum(axis=1) * shrunk[:, np.newaxis],
        usual_look=looks.sum(axis=1) * shrunk[:, np.newaxis],
        usual_wording=wordings.sum(axis=1) * shrunk[:, np.newaxis],
    )


def _weighted(rows: Floats, weights: Floats) -> Floats:
    return np.asarray((weights[:, np.newaxis, :] @ rows)[:, 0, :])


def _ridge(rows: Floats, target: Floats, ridge: float) -> Floats:
    """Return the coefficients (b, k) of ridge regressions of `target` (b, h) on `rows` (b, h, k).

    In the dual form, since few customers have more reviews than a look has numbers.
    """
    gram = rows @ rows.transpose(0, 2, 1)
    gram += ridge * np.eye(rows.shape[1])
    dual = np.linalg.solve(gram, target[..., np.newaxis])[..., 0]
    return _weighted(rows, dual)


def affinities(taste: Taste, offered: Offered) -> Floats:
    """Return (n, 6): how the item's look and wording meet the taste, as sums over directions."""
    return np.stack(
        [
            (taste.looks * offered.looks).sum(axis=1),
            (taste.wordings * offered.wordings).sum(axis=1),
            (taste.praise * offered.wordings).sum(axis=1),
            (taste.talk * offered.wordings).sum(axis=1),
            (taste.usual_look * offered.looks).sum(axis=1),
            (taste.usual_wording * offered.wordings).sum(axis=1),
        ],
        axis=1,
    )


@dataclass(frozen=True)
class Inputs:
    """What the network sees of n items before a customer."""

    customer: Floats
    """(n or 1, 3m + k): the taste; one row stands for all."""
    item: Floats
    """(n, k + m): how the items look and what is written of them."""
    context: Floats
    """(n, 10): affinities, biases and how much is known."""


def inputs_of(taste: Taste, offered: Offered) -> Inputs:
    """Return the network's inputs; `taste` has a row for each item, or one for all of them."""
    n = len(offered.bias)
    known = np.stack([taste.bias, np.log1p(taste.reviews)], axis=1)
    return Inputs(
        customer=np.concatenate([taste.looks, taste.wordings, taste.praise, taste.talk], axis=1),
        item=np.concatenate([offered.looks, offered.wordings], axis=1),
        context=np.concatenate(
            [
                affinities(taste, offered),
                np.broadcast_to(known, (n, 2)),
                offered.bias[:, np.newaxis],
                np.log1p(offered.reviews)[:, np.newaxis],
            ],
            axis=1,
        ),
    )
