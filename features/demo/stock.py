"""The shop's two labelled tables: names with a category, descriptions with a product code.

Labels carry the mistakes that people make: a sibling's code, a neighbouring department.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from features.demo.catalogue import Variant
from features.demo.listings import listing, relisted

NAMED_ROWS = 4_200
CODED_ROWS = 6_000
CODED_VARIANTS = 300
RELISTED_SHARE = 0.06
WRONG_CATEGORY_SHARE = 0.015
SIBLING_CODE_SHARE = 0.03
WRONG_CODE_SHARE = 0.01


@dataclass(frozen=True)
class Item:
    """One row of stock: what it says, what it is, and what somebody took it for."""

    text: str
    variant: Variant
    label: str


class Demand:
    """How much of each variant is sold: a few in masses, most of them seldom."""

    def __init__(self, variants: Sequence[Variant], rng: Random) -> None:
        self.variants = list(variants)
        rng.shuffle(self.variants)
        self._weights = [1 / (rank + 10) ** 1.1 for rank in range(len(self.variants))]

    def best_sellers(self, count: int) -> Demand:
        """Return the demand for the `count` variants sold most."""
        part = Demand((), Random(0))
        part.variants, part._weights = self.variants[:count], self._weights[:count]
        return part

    def bought(self, count: int, rng: Random) -> list[Variant]:
        """Return the variants of `count` sales."""
        return rng.choices(self.variants, self._weights, k=count)

    def drawn(self, count: int, rng: Random) -> list[Variant]:
        """Return `count` sales; every variant is sold at least twice."""
        rest = count - 2 * len(self.variants)
        drawn = [*self.variants, *self.variants, *self.bought(rest, rng)]
        rng.shuffle(drawn)
        return drawn


def named_items(demand: Demand, rows: int, rng: Random) -> Iterator[Item]:
    """Yield product names with the category they were filed under."""
    shared = defaultdict(set)
    for variant in demand.variants:
        shared[variant.head.spanish].add(variant.department)
    departments = sorted({variant.department for variant in demand.variants})
    for variant, text in _texts(demand, rows, rng):
        label = variant.department
        if rng.random() < WRONG_CATEGORY_SHARE:
            # Mistakes happen between departments that sell a thing of that name, where there are.
            others = sorted(shared[variant.head.spanish] - {label}) or departments
            label = rng.choice(others)
        yield Item(text, variant, label)


def coded_items(demand: Demand, rows: int, rng: Random) -> Iterator[Item]:
    """Yield product descriptions with the code somebody gave them."""
    families = defaultdict(list)
    for variant in demand.variants:
        families[variant.family].append(variant.code)
    for variant, text in _texts(demand, rows, rng):
        label, chance = variant.code, rng.random()
        if chance < SIBLING_CODE_SHARE:
            label = rng.choice(families[variant.family])
        elif chance < SIBLING_CODE_SHARE + WRONG_CODE_SHARE:
            label = rng.choice(demand.variants).code
        yield Item(text, variant, label)


def _texts(demand: Demand, rows: int, rng: Random) -> Iterator[tuple[Variant, str]]:
    relisted_rows = int(rows * RELISTED_SHARE)
    written = [
        (variant, listing(variant, rng)) for variant in demand.drawn(rows - relisted_rows, rng)
    ]
    again = [(variant, relisted(text, rng)) for variant, text in rng.sample(written, relisted_rows)]
    together = written + again
    rng.shuffle(together)
    yield from together
