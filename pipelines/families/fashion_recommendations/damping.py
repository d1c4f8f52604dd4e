"""How much evidence a bias needs: tried on what each review's biases would have been before it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.preferences import SWEEPS
from pipelines.families.fashion_recommendations.reviews import STRANGER, Numbers, Reviews
from pipelines.families.fashion_recommendations.taste import Damping

CHOICES = (2.0, 5.0, 10.0, 20.0, 1e6)
"""Reviews of average that an item or a customer starts with; the last one: no bias at all."""


def best_damping(reviews: Reviews) -> Damping:
    """Return the damping under which biases were nearest to the reviews that they had not seen."""
    _, first = np.unique(reviews.copies, return_index=True)
    single = np.zeros(len(reviews), dtype=bool)
    single[first] = True
    once = reviews.where(single)
    choices = [Damping(item=item, customer=customer) for item in CHOICES for customer in CHOICES]
    return min(choices, key=lambda choice: _squared_error(once, choice))


def customer_bias(reviews: Reviews, mean: float, damping: Damping) -> Numbers:
    """Return each known customer's damped bias, beside that of the items, by alternating sweeps."""
    known = reviews.customer != STRANGER
    who, size = reviews.customer[known], _items(reviews)
    residual = reviews.rating.astype(np.float64) - mean
    customer, own = np.zeros(len(reviews.customers)), np.zeros(len(reviews))
    per_item = np.bincount(reviews.item, minlength=size) + damping.item
    per_customer = np.bincount(who, minlength=len(customer)) + damping.customer
    for _ in range(SWEEPS):
        own[known] = customer[who]
        item = np.bincount(reviews.item, residual - own, size) / per_item
        left = np.bincount(who, (residual - item[reviews.item])[known], len(customer))
        customer = left / per_customer
    return customer


def _squared_error(reviews: Reviews, damping: Damping) -> float:
    """Return the mean squared error of each review's expectation without the review itself."""
    known = reviews.customer != STRANGER
    mean = float(reviews.rating.mean(dtype=np.float64))
    surplus = reviews.rating.astype(np.float64) - mean
    deviation = surplus.copy()
    surplus[known] -= customer_bias(reviews, mean, damping)[reviews.customer[known]]
    counts = np.bincount(reviews.item, minlength=_items(reviews))[reviews.item]
    sums = np.bincount(reviews.item, surplus, _items(reviews))[reviews.item]
    deviation -= (sums - surplus) / (counts - 1 + damping.item)
    error = deviation.copy()
    error[known] -= _own_bias(reviews.customer[known], deviation[known], reviews.timed, damping)
    return float((error**2).mean())


def _own_bias(who: NDArray[np.int32], deviation: Numbers, timed: bool, damping: Damping) -> Numbers:
    """Return each row's customer bias by the rows before it; by the others without times."""
    starts = np.searchsorted(who, who)
    if timed:
        running = np.concatenate([[0.0], np.cumsum(deviation)])
        before = np.arange(len(who))
        gained = running[before] - running[starts]
        return np.asarray(gained / (before - starts + damping.customer))
    counts, sums = np.bincount(who)[who], np.bincount(who, deviation)[who]
    return np.asarray((sums - deviation) / (counts - 1 + damping.customer))


def _items(reviews: Reviews) -> int:
    return len(reviews.items.ids)
