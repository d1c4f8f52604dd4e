"""Who buys what in the fashion shop, when, and how many stars they give it."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

import numpy as np
from numpy.typing import NDArray

from features.demo.opinions import Opinion, opinion
from features.demo.tastes import MOOD, USUAL_STARS, Customer
from features.demo.wardrobe import LAST_DAY, Item

TYPICAL_REVIEWS, MOST_REVIEWS = 10.0, 40
COLD_ITEMS = 12
COPIED_SHARE = 0.04
OPENED_AT = datetime(2024, 11, 18, 7, tzinfo=UTC)
EYE_APPEAL = 0.5
"""How much more a star of liking the picture makes people buy: people buy what they like."""


@dataclass(frozen=True)
class Review:
    """One written review."""

    customer: Customer
    item: Item
    rating: int
    opinion: Opinion
    at: datetime


def reviews(wares: Sequence[Item], people: Sequence[Customer], rng: Random) -> list[Review]:
    """Return what all customers wrote, the oldest first.

    The last items stay without a word, as new ones do. Some reviews are copied to the other dyes
    of their model.
    """
    known = wares[:-COLD_ITEMS]
    demand = np.array([item.demand for item in known])
    first_day = np.array([item.first_day for item in known])
    lines = np.array([item.lines for item in known])
    variants = defaultdict(list)
    for item in known:
        variants[item.model].append(item)
    written: list[Review] = []
    for customer in people:
        appeal = demand * np.exp(EYE_APPEAL * (lines * customer.looks).sum(axis=1))
        for place, day in _bought(appeal, first_day, rng):
            written += _said(customer, known[place], variants, day, rng)
    return sorted(written, key=lambda r: (r.at, r.customer.customer_id, r.item.item_id))


def _bought(
    appeal: NDArray[np.float64], first_day: NDArray[np.int64], rng: Random
) -> Iterator[tuple[int, int]]:
    """Yield the items that one customer buys, each once, with the day."""
    count = min(MOST_REVIEWS, max(1, round(TYPICAL_REVIEWS * rng.lognormvariate(0, 0.6))))
    joined = rng.randrange(LAST_DAY * 2 // 3)
    left = appeal.copy()
    for day in sorted(rng.randrange(joined, LAST_DAY) for _ in range(count)):
        shares = np.cumsum(np.where(first_day <= day, left, 0.0))
        place = bisect_right(shares, rng.random() * shares[-1])
        left[place] = 0.0
        yield place, day


def _said(
    customer: Customer, item: Item, variants: Mapping[int, Sequence[Item]], day: int, rng: Random
) -> Iterator[Review]:
    taste = customer.generosity + customer.seen(item) + customer.felt(item)
    stars = USUAL_STARS + taste + item.quality + rng.gauss(0, MOOD)
    rating = min(5, max(1, round(stars)))
    at = OPENED_AT + timedelta(days=day, seconds=rng.randrange(16 * 3600))
    said = opinion(customer, item, rating, rng)
    yield Review(customer, item, rating, said, at)
    if rng.random() < COPIED_SHARE:
        for other in variants[item.model]:
            if other is not item and other.first_day <= day:
                yield Review(customer, other, rating, said, at + timedelta(seconds=1))
