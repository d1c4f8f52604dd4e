"""Every review as it was before it was written: what fitting may know of it.

Of the customer the earlier reviews (all others where there are no times), never a copy of the
review itself nor another one of the same item. Of the item what other customers wrote.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from features.interactions import Interactions
from features.preferences import popularity
from pipelines.families.fashion_recommendations.damping import customer_bias
from pipelines.families.fashion_recommendations.memory import Arrays, Facts, Memory
from pipelines.families.fashion_recommendations.reviews import STRANGER, Reviews
from pipelines.families.fashion_recommendations.taste import (
    Damping,
    Floats,
    Offered,
    Past,
    Taste,
    taste_of,
)

Part = TypeVar("Part", Taste, Offered)

BLOCK = 512
"""Reviews of one customer that are looked back from together: a shop may write thousands of its
counter sales down as one customer's."""


@dataclass(frozen=True)
class Before:
    """n reviews, each with its customer's taste and its item's standing before it."""

    taste: Taste
    offered: Offered
    expected: Floats
    """(n,): the average, the item's and the customer's bias; not clipped."""


def remembered(reviews: Reviews, looks: Floats, words: Floats, damping: Damping) -> Memory:
    """Return the memory of all the reviews; `looks` is I x k, `words` one row a review."""
    known = reviews.customer != STRANGER
    mean = float(reviews.rating.mean(dtype=np.float64))
    surplus = reviews.rating - mean
    surplus[known] -= customer_bias(reviews, mean, damping)[reviews.customer[known]]
    said, size = reviews.said.astype(np.float32), len(reviews.items.ids)
    item_words = np.zeros((size, words.shape[1]), np.float32)
    np.add.at(item_words, reviews.item, words)
    counts = np.bincount(reviews.customer[known], minlength=len(reviews.customers))
    arrays = Arrays(
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        row_item=reviews.item[known],
        row_rating=reviews.rating[known],
        row_surplus=surplus[known].astype(np.float32),
        row_words=words[known],
        row_said=said[known],
        item_surplus=np.bincount(reviews.item, surplus, size).astype(np.float32),
        item_reviews=np.bincount(reviews.item, minlength=size).astype(np.float32),
        item_words=item_words,
        item_said=np.bincount(reviews.item, said, size).astype(np.float32),
        looks=looks.astype(np.float32),
        popularity=_popularity(reviews),
    )
    return Memory(_facts(reviews, mean, damping), arrays)


def before_each(reviews: Reviews, words: Floats, memory: Memory) -> Before:
    """Return the state before each review, in their order; `memory` remembers just these."""
    first = int((reviews.customer == STRANGER).sum())
    parts = [_strangers(reviews, words, memory, first)] if first else []
    offsets = memory.arrays.offsets + first
    for customer in range(len(memory.facts.customers)):
        rows = slice(int(offsets[customer]), int(offsets[customer + 1]))
        standing = memory.standing(customer)
        for start in range(rows.start, rows.stop, BLOCK):
            asked = slice(start, min(start + BLOCK, rows.stop))
            past = memory.past(standing, earlier(reviews, rows, asked))
            items = standing.items[asked.start - rows.start : asked.stop - rows.start]
            parts.append((taste_of(past, memory.facts.damping), standing.offered.at(items)))
    taste = _stacked(Taste, [part[0] for part in parts])
    offered = _stacked(Offered, [part[1] for part in parts])
    return Before(taste, offered, expectation(memory.facts.mean, taste, offered))


def expectation(mean: float, taste: Taste, offered: Offered) -> Floats:
    """Return what the biases alone expect, not clipped."""
    return np.asarray(mean + offered.bias + taste.bias)


def earlier(reviews: Reviews, rows: slice, asked: slice) -> NDArray[np.bool_]:
    """Return which of a customer's reviews `rows` may be known before each of those `asked`."""
    other = reviews.copies[asked, np.newaxis] != reviews.copies[rows]
    other &= reviews.item[asked, np.newaxis] != reviews.item[rows]
    if reviews.timed:
        other &= reviews.time[asked, np.newaxis] > reviews.time[rows]
    return np.asarray(other)


def _strangers(
    reviews: Reviews, words: Floats, memory: Memory, count: int
) -> tuple[Taste, Offered]:
    """Return the reviews of unknown customers: nobody's taste, and the items without each."""
    a, damping, item = memory.arrays, memory.facts.damping, reviews.item[:count]
    said = reviews.said[:count].astype(np.float64)
    surplus = reviews.rating[:count] - memory.facts.mean
    others = a.item_reviews[item] - 1
    heard = a.item_said[item] - said + damping.wording
    offered = Offered(
        looks=a.looks[item],
        wordings=(a.item_words[item] - words[:count]) / heard[:, np.newaxis],
        bias=(a.item_surplus[item] - surplus) / (others + damping.item),
        reviews=others,
    )
    return taste_of(no_past(count, a.looks.shape[1], words.shape[1]), damping), offered


def no_past(customers: int, looks: int, words: int) -> Past:
    """Return the past of customers who have none."""
    flat = np.zeros((customers, 0))
    deep = np.zeros((customers, 0, words))
    looked = np.zeros((customers, 0, looks))
    return Past(flat.astype(bool), flat, looked, deep, deep)


def _stacked(kind: type[Part], parts: Sequence[Part]) -> Part:
    names = [field.name for field in fields(kind)]
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    return kind(**columns)


def _popularity(reviews: Reviews) -> Floats:
    rows = (reviews.customer, reviews.item, reviews.rating, reviews.time)
    return popularity(Interactions(reviews.customers, reviews.items.ids, *rows, reviews.scale))


def _facts(reviews: Reviews, mean: float, damping: Damping) -> Facts:
    about = reviews.items
    return Facts(
        customers=list(reviews.customers),
        items=list(about.ids),
        titles=list(about.titles),
        images=list(about.images),
        mean=mean,
        low=reviews.scale.low,
        high=reviews.scale.high,
        damping=damping,
    )
