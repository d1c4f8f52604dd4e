"""What the demo shop's customers rated: trades with their tastes, a few regulars, many one-timers.

Customers buy what their trade needs, best-sellers more often, and new products only from the day
they arrived. How they rate hangs on the product, on how strict they are, and on what their trade
likes. A rating again later, a row entered twice and a number off the scale happen as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

import numpy as np
from numpy.typing import NDArray

from features.demo.catalogue import Variant

COLUMNS = ("user_id", "item_id", "rating", "timestamp")
REGULARS, ONCE = 1_200, 300
RATINGS = 25_000
LAST_AT = int(datetime(2026, 11, 20, 20, 0, tzinfo=UTC).timestamp())
DAY = 86_400
OPEN_DAYS = 730
TRADES = 10
LIKES = 3
"""Dimensions of taste: what the trades value in a product, each in another measure."""
NEW_SHARE = 0.15
AGAIN_SHARE, TWICE_SHARE = 0.01, 0.01
OFF_SCALE = ("0", "6", "9", "55", "-1", "0", "7", "45", "10", "0", "6", "8")

Numbers = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Shelf:
    """I products: how much they sell, when they came (seconds), and what they are like."""

    logarithm: Numbers
    arrived: Numbers
    quality: Numbers
    traits: Numbers
    """I x LIKES."""
    trades: Numbers
    """TRADES x I: how much more than others a trade needs each product, as a logarithm."""


@dataclass(frozen=True)
class Customers:
    """U customers: how many ratings they give, between when (seconds), and as what."""

    count: Codes
    first: Numbers
    last: Numbers
    trade: Codes
    strictness: Numbers
    likes: Numbers
    """U x LIKES."""


def rating_rows(sold: Sequence[Variant], rng: Random) -> list[tuple[str, str, str, str]]:
    """Return the rows of `COLUMNS`, oldest first; `sold` has the best-sellers first.

    An item's id is its product code; times are Unix seconds.
    """
    draw = np.random.default_rng(rng.getrandbits(64))
    shelf, customers = _shelf(sold, draw), _customers(draw)
    users, items = _bought(shelf, customers, draw)
    times = _times(shelf, customers, users, items, draw)
    ratings = _rated(shelf, customers, users, items, draw)
    codes = [variant.code for variant in sold]
    rows = [
        (f"u{user + 1}", codes[item], f"{rating:.0f}", f"{time:.0f}")
        for user, item, rating, time in zip(
            users.tolist(), items.tolist(), ratings.tolist(), times.tolist(), strict=True
        )
    ]
    return _as_entered(rows, rng)


def _shelf(sold: Sequence[Variant], draw: np.random.Generator) -> Shelf:
    count = len(sold)
    departments = np.unique([variant.department for variant in sold], return_inverse=True)[1]
    kinds = np.unique([variant.family for variant in sold], return_inverse=True)[1]
    needs = draw.gumbel(0.0, 0.9, (TRADES, departments.max() + 1))[:, departments]
    needs += draw.normal(0.0, 0.9, (TRADES, kinds.max() + 1))[:, kinds]
    new = draw.random(count) < NEW_SHARE
    return Shelf(
        logarithm=-0.8 * np.log(np.arange(count) + 10.0) + 0.8 * new,
        arrived=LAST_AT - DAY * np.where(new, draw.uniform(20, 400, count), OPEN_DAYS),
        quality=draw.normal(0.0, 0.35, count),
        traits=draw.normal(0.0, 0.35, (kinds.max() + 1, LIKES))[kinds]
        + draw.normal(0.0, 0.25, (count, LIKES)),
        trades=needs,
    )


def _customers(draw: np.random.Generator) -> Customers:
    # Activity falls off with rank, as everywhere: a few dozen customers rate half of everything.
    share = 1.0 / (np.arange(REGULARS) + 40.0) ** 0.9
    regular = np.maximum(2, np.round(share / share.sum() * (RATINGS - ONCE)))
    count = np.concatenate([regular, np.ones(ONCE)]).astype(np.int64)
    everybody = len(count)
    first = LAST_AT - DAY * draw.uniform(5, OPEN_DAYS, everybody)
    stayed = DAY * (2.0 + 25.0 * count) * draw.lognormal(0.0, 0.5, everybody)
    trade = draw.integers(0, TRADES, everybody)
    of_trade = draw.normal(0.0, 1.0, (TRADES, LIKES))
    return Customers(
        count=count,
        first=first,
        last=np.minimum(first + stayed, LAST_AT),
        trade=trade,
        strictness=draw.normal(0.0, 0.3, everybody),
        likes=of_trade[trade] + draw.normal(0.0, 0.4, (everybody, LIKES)),
    )


def _bought(shelf: Shelf, customers: Customers, draw: np.random.Generator) -> tuple[Codes, Codes]:
    """Draw each customer's products without repetition, by the Gumbel-max trick."""
    wanted = shelf.logarithm + 1.2 * shelf.trades[customers.trade]
    wanted[shelf.arrived > customers.last[:, None]] = -np.inf
    order = np.argsort(-(wanted + draw.gumbel(0.0, 1.0, wanted.shape)), axis=1)
    there = np.isfinite(wanted).sum(axis=1)
    taken = np.arange(order.shape[1]) < np.minimum(customers.count, there)[:, None]
    users, places = np.nonzero(taken)
    return users, order[users, places]


def _times(
    shelf: Shelf, customers: Customers, users: Codes, items: Codes, draw: np.random.Generator
) -> Numbers:
    first = np.maximum(customers.first[users], shelf.arrived[items])
    found: Numbers = np.floor(first + (customers.last[users] - first) * draw.random(len(users)))
    return found


def _rated(
    shelf: Shelf, customers: Customers, users: Codes, items: Codes, draw: np.random.Generator
) -> Numbers:
    liking = (customers.likes[users] * shelf.traits[items]).sum(axis=1)
    felt = 3.8 + shelf.quality[items] + customers.strictness[users] + liking
    noisy: Numbers = np.round(felt + draw.normal(0.0, 0.6, len(users)))
    return noisy.clip(1.0, 5.0)


def _as_entered(
    rows: list[tuple[str, str, str, str]], rng: Random
) -> list[tuple[str, str, str, str]]:
    """Return the rows as they are found in the file: with slips, sorted by time."""
    again = [
        (
            user,
            item,
            str(rng.randint(1, 5)),
            str(min(int(time) + DAY * rng.randint(1, 60), LAST_AT)),
        )
        for user, item, _, time in rng.sample(rows, int(len(rows) * AGAIN_SHARE))
    ]
    twice = rng.sample(rows, int(len(rows) * TWICE_SHARE))
    slips = [
        (user, item, wrong, time)
        for wrong, (user, item, _, time) in zip(
            OFF_SCALE, rng.sample(rows, len(OFF_SCALE)), strict=True
        )
    ]
    return sorted([*rows, *again, *twice, *slips], key=lambda row: (int(row[3]), row))
