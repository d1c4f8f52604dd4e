"""What is remembered of customers, items and reviews, as arrays. numpy only; serving reads it.

C customers, I items, R reviews by known customers, k numbers of a look, m of a wording.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from pipelines.families.fashion_recommendations.taste import (
    LONGEST_PAST,
    Damping,
    Floats,
    Offered,
    Past,
)

FACTS_FILE = "memory.json"
NAMES = ("customers", "items", "titles", "images")
PIECE = 5_000
"""Names on one line of their file."""
MAPPED_BYTES = 65_536
"""Smaller arrays are read: an empty one cannot be mapped, and a mapping costs a page."""


@dataclass(frozen=True)
class Facts:
    """Names and numbers beside the arrays."""

    customers: Sequence[str]
    items: Sequence[str]
    titles: Sequence[str | None]
    images: Sequence[str | None]
    mean: float
    low: float
    high: float
    damping: Damping


@dataclass(frozen=True)
class Arrays:
    """Everything that is counted; customer c's reviews stand at offsets[c]:offsets[c + 1]."""

    offsets: NDArray[np.int64]
    """C + 1"""
    row_item: NDArray[np.int32]
    """R, each customer's by time"""
    row_rating: Floats
    """R"""
    row_surplus: Floats
    """R: the rating less the average and the customer's bias."""
    row_words: Floats
    """R x m: what was written; zeros without words."""
    row_said: Floats
    """R: 1 where there are words."""
    item_surplus: Floats
    """I: the sum over all reviews, those of unknown customers among them."""
    item_reviews: Floats
    """I"""
    item_words: Floats
    """I x m: the sum of the wordings."""
    item_said: Floats
    """I: reviews with words."""
    looks: Floats
    """I x k: zeros without a picture."""
    popularity: Floats
    """I"""


@dataclass(frozen=True)
class Standing:
    """The catalogue as it stands before one customer, whose own reviews are taken out of it."""

    offered: Offered
    items: NDArray[np.int32]
    """What the customer has reviewed, by time."""
    ratings: Floats
    words: Floats
    """The customer's own, one row a review."""


class Memory:
    """Answers what is known of a customer and of the items without that customer's own words."""

    def __init__(self, facts: Facts, arrays: Arrays) -> None:
        self.facts, self.arrays = facts, arrays

    @cached_property
    def customer(self) -> dict[str, int]:
        """The code of each customer."""
        return {name: code for code, name in enumerate(self.facts.customers)}

    @cached_property
    def item(self) -> dict[str, int]:
        """The code of each item."""
        return {name: code for code, name in enumerate(self.facts.items)}

    @cached_property
    def _everybody(self) -> Offered:
        a, damping = self.arrays, self.facts.damping
        return Offered(
            looks=a.looks.astype(np.float64),
            wordings=a.item_words / (a.item_said + damping.wording).astype(np.float64)[:, None],
            bias=a.item_surplus / (a.item_reviews.astype(np.float64) + damping.item),
            reviews=a.item_reviews.astype(np.float64),
        )

    def standing(self, customer: int | None) -> Standing:
        """Return the catalogue before a customer; None for one who is not known."""
        a, plain = self.arrays, self._everybody
        if customer is None:
            nothing = np.zeros((0, a.row_words.shape[1]))
            empty = np.zeros(0)
            return Standing(plain, np.zeros(0, np.int32), empty, nothing)
        rows = slice(int(a.offsets[customer]), int(a.offsets[customer + 1]))
        items, words = np.asarray(a.row_item[rows]), a.row_words[rows].astype(np.float64)
        offered = self._without(items, a.row_surplus[rows], words, a.row_said[rows])
        return Standing(offered, items, a.row_rating[rows].astype(np.float64), words)

    def _without(
        self, items: NDArray[np.int32], surplus: Floats, words: Floats, said: Floats
    ) -> Offered:
        a, plain, damping = self.arrays, self._everybody, self.facts.damping
        own, place = np.unique(items, return_inverse=True)
        count = np.bincount(place, minlength=len(own))
        mine = np.zeros((len(own), words.shape[1]))
        np.add.at(mine, place, words)
        spoken = np.bincount(place, said, len(own))
        given = np.bincount(place, surplus, len(own))
        wordings, bias, reviews = plain.wordings.copy(), plain.bias.copy(), plain.reviews.copy()
        heard = a.item_said[own] - spoken + damping.wording
        wordings[own] = (a.item_words[own] - mine) / heard[:, np.newaxis]
        reviews[own] -= count
        bias[own] = (a.item_surplus[own] - given) / (reviews[own] + damping.item)
        return Offered(plain.looks, wordings, bias, reviews)

    def past(self, standing: Standing, kept: NDArray[np.bool_]) -> Past:
        """Return the past that the rows (b, n) of a mask over the customer's n reviews allow."""
        width = min(int(kept.sum(axis=1).max(initial=0)), LONGEST_PAST)
        # The newest allowed ones: the stable sort puts them last, in their order.
        places = np.argsort(kept, axis=1, kind="stable")[:, kept.shape[1] - width :]
        held = np.take_along_axis(kept, places, axis=1)
        items = standing.items[places]
        expected = self.facts.mean + standing.offered.bias[items]
        return Past(
            held=held,
            deviation=standing.ratings[places] - expected,
            looks=standing.offered.looks[items],
            wordings=standing.offered.wordings[items],
            own=standing.words[places],
        )

    def save(self, directory: Path) -> None:
        """Write the facts as JSON, names apart, and each array as a file of its name."""
        told = asdict(self.facts)
        for name in NAMES:
            _write_names(directory / f"{name}.jsonl", told.pop(name))
        (directory / FACTS_FILE).write_bytes(orjson.dumps(told))
        for field in fields(Arrays):
            array = getattr(self.arrays, field.name)
            np.save(directory / f"{field.name}.npy", array, allow_pickle=False)

    @classmethod
    def open(cls, directory: Path) -> Memory:
        """Read what `save` wrote; large arrays are mapped, so workers share their pages."""
        told = orjson.loads((directory / FACTS_FILE).read_bytes())
        told["damping"] = Damping(**told["damping"])
        # Versions of old have their names among the facts.
        for name in NAMES:
            if name not in told:
                told[name] = _names(directory / f"{name}.jsonl")
        facts = Facts(**told)
        arrays = {field.name: _opened(directory / f"{field.name}.npy") for field in fields(Arrays)}
        return cls(facts, Arrays(**arrays))


def _write_names(file: Path, names: Sequence[str | None]) -> None:
    lines = [orjson.dumps(names[at : at + PIECE]) for at in range(0, len(names), PIECE)]
    file.write_bytes(b"\n".join(lines))


def _names(file: Path) -> list[str | None]:
    """Read names piece by piece, so that no other thread waits for all of them."""
    names: list[str | None] = []
    with file.open("rb") as stream:
        for line in stream:
            names += orjson.loads(line)
    return names


def _opened(file: Path) -> NDArray[Any]:
    mapped = file.stat().st_size > MAPPED_BYTES
    # A plain view of the map: every step on a memmap costs microseconds.
    return np.asarray(np.load(file, mmap_mode="r" if mapped else None, allow_pickle=False))
