"""Customers of the fashion shop: what they like to look at, and what they like to wear.

Both are planted so that they can be learnt from what is known before a purchase: the one from
pictures alone, the other from what customers write alone. A customer of one visual taste may have
any taste in wearing.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from features.demo.wardrobe import FEELS, LINES, Item

LIKINGS: dict[str, dict[str, float]] = {
    "street": {"street": 1.0, "boho": -1.0, "sport": 0.2, "sweet": -0.5},
    "boho": {"boho": 1.0, "sport": -1.0, "sweet": 0.3, "street": -0.3},
    "sport": {"sport": 1.0, "sweet": -1.0, "street": 0.3, "office": -0.3},
    "sweet": {"sweet": 1.0, "office": 0.3, "street": -1.0, "sport": -0.3},
    "office": {"office": 1.0, "boho": 0.3, "street": -0.3, "sport": -1.0},
}
"""Five kinds of customers, and how they like each line of clothes; the others leave them cold."""
VISUAL_STARS, FELT_STARS = 1.6, 0.85
"""Stars between no opinion and a full liking, of what is seen and of what is felt."""
OWN_MIND = 0.12
"""How far a customer strays from the liking of their kind."""
GENEROSITY, MOOD = 0.30, 0.45
"""Standard deviations of a customer's stars and of a single review's, both beside the taste."""
USUAL_STARS = 3.6
SPANISH_SHARE = 0.7


@dataclass(frozen=True)
class Customer:
    """One customer: stars up or down for each line seen and each unit of what is felt."""

    customer_id: str
    language: str
    looks: tuple[float, ...]
    feels: tuple[float, ...]
    generosity: float

    def seen(self, item: Item) -> float:
        """Return the stars that the item's picture is worth to this customer."""
        return sum(liking * share for liking, share in zip(self.looks, item.lines, strict=True))

    def felt(self, item: Item) -> float:
        """Return the stars that wearing it is worth to this customer."""
        return sum(care * feel for care, feel in zip(self.feels, item.feels, strict=True))


def customers(count: int, rng: Random) -> list[Customer]:
    """Return `count` customers."""
    return [_customer(number, rng) for number in range(count)]


def _customer(number: int, rng: Random) -> Customer:
    liking = LIKINGS[rng.choice(list(LIKINGS))]
    looks = (VISUAL_STARS * (liking.get(line, 0.0) + rng.gauss(0, OWN_MIND)) for line in LINES)
    heart = rng.randrange(len(FEELS))
    cares = [FELT_STARS * rng.gauss(0, 0.2) for _ in FEELS]
    cares[heart] = FELT_STARS * rng.choice((-1.0, 1.0)) * rng.uniform(0.8, 1.2)
    return Customer(
        customer_id=f"C{20_000 + 13 * number}",
        language="es" if rng.random() < SPANISH_SHARE else "en",
        looks=tuple(looks),
        feels=tuple(cares),
        generosity=rng.gauss(0, GENEROSITY),
    )
