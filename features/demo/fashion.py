"""Writes the demo fashion shop: items with pictures, and what customers said of them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from random import Random

from features.demo.looks import draw
from features.demo.purchases import Review, reviews
from features.demo.tastes import customers
from features.demo.wardrobe import Item, items

Progress = Callable[[float, str], None]

FOLDER, REVIEWS, ITEMS, IMAGES = "fashion", "reviews.csv", "items.csv", "images"
ITEM_COLUMNS = ("item_id", "title", "category", "image")
REVIEW_COLUMNS = (
    "customer_id",
    "item_id",
    "rating",
    "review_title",
    "review_text",
    "reviewed_at",
)
CUSTOMERS = 1_200
UNPICTURED = 3
"""Items without a picture: not everything has been photographed."""


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
        _pictured(item, number, folder / IMAGES)
    listed = _written(folder / ITEMS, ITEM_COLUMNS, _item_rows(wares))
    report(0.5, "asking customers")
    people = customers(CUSTOMERS, Random(f"{seed} customers"))
    written = reviews(wares, people, Random(f"{seed} reviews"))
    reviewed = _written(folder / REVIEWS, REVIEW_COLUMNS, _review_rows(written))
    report(1.0, "the fashion shop is open")
    return {"items": listed, "reviews": reviewed, "images": folder / IMAGES}


def _pictured(item: Item, number: int, folder: Path) -> None:
    partial = folder / f".{item.item_id}.partial"
    draw(item.look, number).save(partial, format="PNG")
    partial.replace(folder / f"{item.item_id}.png")


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
