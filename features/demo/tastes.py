"""Customers of the fashion shop: what they like to look at, and what they like to wear.

Both are planted so that they can be learnt from what is known before a purchase: the one from
pictures alone, the other from what customers write alone. A customer of one visual taste may have
any taste in wearing.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from features.demo.looks import COLOURS, PATTERNS, STYLES
from features.demo.wardrobe import FEELS, Item

VISUAL: tuple[dict[str, float], ...] = (
    {"dark": 1.0, "earth": 0.3, "pastel": -0.9, "warm": -0.6, "plain": 0.9, "flowers": -0.9,
     "minimal": 0.7, "romantic": -0.7},
    {"earth": 0.9, "warm": 0.5, "dark": -0.5, "cool": -0.8, "flowers": 0.9, "plain": -0.6,
     "romantic": 0.5, "sporty": -0.8},
    {"cool": 0.9, "warm": 0.6, "earth": -0.9, "pastel": -0.5, "stripes": 0.8, "checks": -0.6,
     "sporty": 0.9, "elegant": -0.7},
    {"pastel": 1.0, "dark": -1.0, "warm": -0.2, "dots": 0.8, "flowers": 0.5, "zigzag": -0.7,
     "romantic": 0.8, "urban": -0.8},
    {"dark": 0.5, "earth": 0.7, "warm": -0.9, "cool": -0.1, "checks": 0.8, "zigzag": -0.7,
     "elegant": 0.9, "urban": -0.6},
    {"warm": 0.9, "dark": 0.4, "pastel": -0.8, "zigzag": 0.9, "dots": -0.7, "urban": 0.9,
     "minimal": -0.5},
)  # fmt: skip
"""Six ways to look at clothes: stars up or down for colour families, patterns and styles."""
VISUAL_STARS, FELT_STARS = 0.75, 0.85
OWN_MIND = 0.12
"""How far a customer strays from the way of their kind, in stars per trait."""
GENEROSITY, MOOD = 0.30, 0.55
"""Standard deviations of a customer's stars and of a single review's, both beside the taste."""
USUAL_STARS = 3.75
SPANISH_SHARE = 0.7
TRAITS = (*COLOURS, *PATTERNS, *STYLES)


@dataclass(frozen=True)
class Customer:
    """One customer: liking is stars up or down per trait seen and per unit of what is felt."""

    customer_id: str
    language: str
    looks: dict[str, float]
    feels: tuple[float, ...]
    generosity: float

    def seen(self, item: Item) -> float:
        """Return the stars that the item's picture is worth to this customer."""
        look = item.look
        return self.looks[look.family] + self.looks[look.pattern] + self.looks[look.style]

    def felt(self, item: Item) -> float:
        """Return the stars that wearing it is worth to this customer."""
        return sum(care * feel for care, feel in zip(self.feels, item.feels, strict=True))


def customers(count: int, rng: Random) -> list[Customer]:
    """Return `count` customers."""
    return [_customer(number, rng) for number in range(count)]


def _customer(number: int, rng: Random) -> Customer:
    kind = rng.choice(VISUAL)
    looks = {
        trait: VISUAL_STARS * (kind.get(trait, 0.0) + rng.gauss(0, OWN_MIND)) for trait in TRAITS
    }
    heart = rng.randrange(len(FEELS))
    cares = [FELT_STARS * rng.gauss(0, 0.2) for _ in FEELS]
    cares[heart] = FELT_STARS * rng.choice((-1.0, 1.0)) * rng.uniform(0.8, 1.2)
    return Customer(
        customer_id=f"C{20_000 + 13 * number}",
        language="es" if rng.random() < SPANISH_SHARE else "en",
        looks=looks,
        feels=tuple(cares),
        generosity=rng.gauss(0, GENEROSITY),
    )
