"""Writes the demo fashion shop: items with pictures, and what customers said of them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import numpy as np

from features.demo.looks import draw
from features.demo.opinions import Opinion, opinion
from features.demo.tastes import MOOD, USUAL_STARS, Customer, customers
from features.demo.wardrobe import LAST_DAY, Item, items

Progress = Callable[[float, str], None]

FOLDER, REVIEWS, ITEMS, IMAGES = "fashion", "reviews.csv", "items.csv", "images"
CUSTOMERS = 1_200
TYPICAL_REVIEWS = 9.5
COLD_ITEMS = 12
UNPICTURED = 3
COPIED_SHARE = 0.04
OPENED_AT = datetime(2024, 11, 18, 7, tzinfo=UTC)
EYE_APPEAL = 0.9
"""How much more a star of liking the picture makes it likely that an item is bought."""


@dataclass(frozen=True)
class Review:
    """One written review."""

    customer: Customer
    item: Item
    rating: int
    opinion: Opinion
    at: datetime


def write_fashion(
    directory: Path, seed: int = 7, progress: Progress | None = None
) -> dict[str, Path]:
    """Write `fashion/` into `directory`, and return its files by name.

    The same seed gives the same bytes; a file appears whole or not at all, and the pictures that
    the table of items names are there before it.
    """
    report = progress or _silent
    folder = directory / FOLDER
    (folder / IMAGES).mkdir(parents=True, exist_ok=True)
    wares = items(Random(f"{seed} wardrobe"))
    report(0.0, "drawing clothes")
    for number, item in enumerate(wares[UNPICTURED:]):
        draw(item.look, number).save(folder / IMAGES / f"{item.item_id}.png")
    listed = _written(folder / ITEMS, ("item_id", "title", "category", "image"), _item_rows(wares))
    report(0.5, "asking customers")
    people = customers(CUSTOMERS, Random(f"{seed} customers"))
    written = sorted(
        reviews(wares, people, seed),
        key=lambda review: (review.at, review.customer.customer_id, review.item.item_id),
    )
    reviewed = _written(folder / REVIEWS, REVIEW_COLUMNS, _review_rows(written))
    report(1.0, "the fashion shop is open")
    return {"items": listed, "reviews": reviewed, "images": folder / IMAGES}


REVIEW_COLUMNS = (
    "customer_id", "item_id", "rating", "review_title", "review_text", "reviewed_at",
)  # fmt: skip


def reviews(wares: Sequence[Item], people: Sequence[Customer], seed: int) -> Iterator[Review]:
    """Yield what all customers wrote; the last items stay without a word, as new ones do."""
    known = wares[:-COLD_ITEMS]
    demand = np.array([item.demand for item in known])
    first_day = np.array([item.first_day for item in known])
    variants: dict[int, list[Item]] = {}
    for item in known:
        variants.setdefault(item.model, []).append(item)
    rng, draws = Random(f"{seed} reviews"), np.random.default_rng(seed)
    for customer in people:
        appeal = np.exp([EYE_APPEAL * customer.seen(item) for item in known]) * demand
        for place, day in _bought(appeal, first_day, rng, draws):
            yield from _said(customer, known[place], variants, day, rng)


def _bought(
    appeal: np.ndarray, first_day: np.ndarray, rng: Random, draws: np.random.Generator
) -> Iterator[tuple[int, int]]:
    """Yield the items that one customer buys, each once, with the day."""
    count = min(40, max(1, round(TYPICAL_REVIEWS * rng.lognormvariate(0, 0.6))))
    joined = rng.randrange(LAST_DAY * 2 // 3)
    days = sorted(rng.randrange(joined, LAST_DAY) for _ in range(count))
    left = appeal.copy()
    for day in days:
        shares = np.cumsum(np.where(first_day <= day, left, 0.0))
        place = int(np.searchsorted(shares, draws.random() * shares[-1], side="right"))
        left[place] = 0.0
        yield place, day


def _said(
    customer: Customer, item: Item, variants: dict[int, list[Item]], day: int, rng: Random
) -> Iterator[Review]:
    stars = (
        USUAL_STARS
        + customer.generosity
        + item.quality
        + customer.seen(item)
        + customer.felt(item)
        + rng.gauss(0, MOOD)
    )
    rating = min(5, max(1, round(stars)))
    at = OPENED_AT + timedelta(days=day, seconds=rng.randrange(16 * 3600))
    said = opinion(customer, item, rating, rng)
    yield Review(customer, item, rating, said, at)
    if rng.random() < COPIED_SHARE:
        for other in variants[item.model]:
            if other is not item and other.first_day <= day:
                yield Review(customer, other, rating, said, at + timedelta(seconds=1))


def _item_rows(wares: Sequence[Item]) -> Iterable[tuple[str, ...]]:
    for number, item in enumerate(wares):
        image = f"{IMAGES}/{item.item_id}.png" if number >= UNPICTURED else ""
        yield item.item_id, item.title, item.look.garment, image


def _review_rows(written: Iterable[Review]) -> Iterable[tuple[str, ...]]:
    for review in written:
        yield (
            review.customer.customer_id,
            review.item.item_id,
            str(review.rating),
            review.opinion.title,
            review.opinion.text,
            review.at.isoformat(),
        )


def _written(file: Path, names: Sequence[str], rows: Iterable[Sequence[str]]) -> Path:
    partial = file.with_name(f".{file.name}.partial")
    with partial.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)
    return partial.replace(file)


def _silent(_share: float, _what: str) -> None:
    """Report to nobody."""
