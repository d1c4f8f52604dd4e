"""What the demo shop sold, day by day: seasons, promotions, closed days, and awkward products."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

import numpy as np
import numpy.typing as npt

from features.demo.catalogue import Variant, variants
from features.demo.listings import PACKED
from features.demo.prices import PriceList
from features.demo.stock import Demand

Numbers = npt.NDArray[np.float64]

FIRST_DAY = date(2024, 5, 13)
LAST_DAY = date(2026, 11, 15)
DAYS = (LAST_DAY - FIRST_DAY).days + 1
PRODUCTS = 60
INTERMITTENT = range(40, 54)
"""Products by rank of demand: these are bought once in several days."""
COLD_DAYS = {54: 5, 55: 9, 56: 13, 57: 24, 58: 40}
DEAD, DEAD_DAYS = 59, 210

# The day of the year on which a department sells most, and by how much more than on average.
SEASONS = {
    "Pinturas": (110, 0.35), "Jardinería": (165, 0.5), "Plomería": (200, 0.2),
    "Iluminación": (345, 0.4), "Construcción": (75, 0.25), "Adhesivos y selladores": (185, 0.3),
    "Baños y grifería": (90, 0.15), "Limpieza": (125, 0.15), "Material eléctrico": (340, 0.15),
}  # fmt: skip
QUIET_SEASON = (60, 0.1)
TRADE_WEEK = (1.15, 1.1, 1.05, 1.05, 1.15, 0.75, 0.0)
HOBBY_WEEK = (0.8, 0.75, 0.8, 0.85, 1.15, 1.85, 0.0)
HOBBY_DEPARTMENTS = {"Pinturas", "Jardinería", "Iluminación", "Limpieza", "Baños y grifería"}


@dataclass(frozen=True)
class History:
    """One product's days: arrays of one length, the first of them `first` days after the start."""

    variant: Variant
    first: int
    quantity: npt.NDArray[np.int64]
    promotion: npt.NDArray[np.bool_]
    price: Numbers

    def days(self) -> Iterator[tuple[date, int, bool, float]]:
        """Yield each day with quantity, promotion and price."""
        for number, quantity in enumerate(self.quantity):
            day = FIRST_DAY + timedelta(days=self.first + number)
            yield day, int(quantity), bool(self.promotion[number]), float(self.price[number])


def is_open(day: date) -> bool:
    """Whether the shop opens: not on Sundays, nor on Mexican holidays."""
    fixed = {(1, 1), (5, 1), (9, 16), (12, 25)}
    first_monday, third_monday = day.day <= 7, 15 <= day.day <= 21
    moved = (day.month == 2 and first_monday) or (day.month in {3, 11} and third_monday)
    return not (
        day.weekday() == 6 or (day.month, day.day) in fixed or (day.weekday() == 0 and moved)
    )


def histories(seed: int = 7) -> list[History]:
    """Return the sales of the shop's best-sellers, of which some are new, rare or dead."""
    demand = Demand(variants(), Random(f"{seed} demand")).best_sellers(PRODUCTS)
    prices = PriceList(Random(f"{seed} sale prices"))
    rng = np.random.default_rng(Random(f"{seed} sales").getrandbits(64))
    calendar = [FIRST_DAY + timedelta(days=number) for number in range(DAYS)]
    opened = np.array([is_open(day) for day in calendar])
    # Weather, paydays and the like: what every product feels on the same day.
    mood = np.exp(rng.normal(0, 0.07, DAYS))
    return [
        _history(rank, variant, prices.price(variant), calendar, opened * mood, rng)
        for rank, variant in enumerate(demand.variants)
    ]


def _history(
    rank: int,
    variant: Variant,
    price: float,
    calendar: list[date],
    shop: Numbers,
    rng: np.random.Generator,
) -> History:
    cuts = _price_cuts(calendar, rng)
    wanted = _level(rank, variant, rng) * shop * _week(variant, calendar, rng)
    wanted *= _year(variant, calendar, rng) * _growth(rng)
    # A cut of a fifth sells half as much again to twice as much, and part of it is bought ahead.
    wanted *= np.exp(rng.uniform(2.0, 4.0) * cuts) * _after(cuts)
    spread = rng.uniform(2, 4) if rank in INTERMITTENT else rng.uniform(8, 25)
    quantity = rng.negative_binomial(spread, spread / (spread + wanted))
    if rank == DEAD:
        quantity[-DEAD_DAYS:] = 0
    first = DAYS - COLD_DAYS[rank] if rank in COLD_DAYS else 0
    prices = np.round(price * 1.04 ** (np.arange(DAYS) // 182 / 2) * (1 - cuts), 2)
    return History(variant, first, quantity[first:], (cuts > 0)[first:], prices[first:])


def _level(rank: int, variant: Variant, rng: np.random.Generator) -> float:
    """Return how many are bought on an average day."""
    if rank in INTERMITTENT:
        return float(rng.uniform(0.12, 0.9))
    level = 26 / (rank + 4) ** 0.45 * rng.lognormal(0, 0.25)
    return float(level * (1.8 if variant.measure in PACKED else 1.0))


def _week(variant: Variant, calendar: list[date], rng: np.random.Generator) -> Numbers:
    usual = HOBBY_WEEK if variant.department in HOBBY_DEPARTMENTS else TRADE_WEEK
    own = np.array(usual) * np.exp(rng.normal(0, 0.08, 7))
    return own[[day.weekday() for day in calendar]]


def _year(variant: Variant, calendar: list[date], rng: np.random.Generator) -> Numbers:
    usual_peak, usual_height = SEASONS.get(variant.department, QUIET_SEASON)
    peak, height = usual_peak + rng.normal(0, 12), usual_height * rng.uniform(0.7, 1.3)
    days = np.array([day.timetuple().tm_yday for day in calendar])
    return np.exp(height * np.cos(2 * np.pi * (days - peak) / 365.25))


def _growth(rng: np.random.Generator) -> Numbers:
    """Return a steady trend: between a tenth less and a quarter more each year."""
    return rng.uniform(0.9, 1.25) ** (np.arange(DAYS) / 365.25)


def _price_cuts(calendar: list[date], rng: np.random.Generator) -> Numbers:
    """Return each day's price cut: offers of one or two weeks, Mondays to Saturdays."""
    cuts = np.zeros(DAYS)
    monday = 7 * int(rng.integers(0, 8))
    while monday < DAYS:
        length = 7 * int(rng.integers(1, 3)) - 1
        cuts[monday : monday + length] = rng.choice([0.1, 0.15, 0.2, 0.25, 0.3])
        monday += length + 1 + 7 * int(rng.integers(4, 11))
    cuts[[day.weekday() == 6 for day in calendar]] = 0.0
    return cuts


def _after(cuts: Numbers) -> Numbers:
    """Return how much of a day's demand is left after what was bought ahead on offer."""
    on_offer = np.convolve(cuts > 0, np.ones(8))[: len(cuts)]
    return np.where((cuts == 0) & (on_offer > 0), 0.88, 1.0)
