"""Writes the demo shop to a folder: a source for each model, an order feed, and pictures."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from random import Random

from features.demo.catalogue import Variant, variants
from features.demo.fashion import write_fashion
from features.demo.orders import OrderLine, order_lines
from features.demo.pictures import write_picture
from features.demo.prices import PriceList
from features.demo.ratings import COLUMNS as RATING_COLUMNS
from features.demo.ratings import rating_rows
from features.demo.receipts import write_sales
from features.demo.recordings import can_speak, write_recording
from features.demo.stock import (
    CODED_ROWS,
    CODED_VARIANTS,
    NAMED_ROWS,
    Demand,
    Item,
    coded_items,
    named_items,
)

Progress = Callable[[float, str], None]

CATEGORIES, CODES, RATINGS, ORDERS, IMAGES, RECORDINGS = (
    "product_categories.csv",
    "product_codes.csv",
    "product_recommendations.csv",
    "orders.jsonl",
    "images",
    "recordings",
)
RECORDED = 8
RECORDED_EVERY = 3
"""Of the newest messages, which a reviewer meets first, every third was left by telephone."""


def write_demo(directory: Path, seed: int = 7, progress: Progress | None = None) -> dict[str, Path]:
    """Write the shop's files into `directory` and return them by name.

    The same seed gives the same bytes. A file appears whole or not at all, and the pictures that
    a table names are there before the table.
    """
    report = progress or _silent
    directory.mkdir(parents=True, exist_ok=True)
    everything = variants()
    demand = Demand(everything, Random(f"{seed} demand"))
    coded = demand.best_sellers(CODED_VARIANTS)
    report(0.0, "drawing pictures")
    images = _write_pictures(coded.variants, directory / IMAGES)
    report(0.3, "filling the shelves")
    named = _written(
        directory / CATEGORIES,
        ("name", "category"),
        ((item.text, item.label) for item in named_items(demand, NAMED_ROWS, _rng(seed, "named"))),
    )
    report(0.35, "labelling with product codes")
    codes = _written(
        directory / CODES,
        ("description", "code", "product_id", "image", "price"),
        _coded_rows(coded_items(coded, CODED_ROWS, _rng(seed, "coded")), _rng(seed, "prices")),
    )
    report(0.4, "taking orders")
    orders = _write_orders(coded, directory / ORDERS, _rng(seed, "orders"))
    report(0.45, "asking what customers think")
    ratings = _written(
        directory / RATINGS, RATING_COLUMNS, rating_rows(coded.variants, _rng(seed, "ratings"))
    )
    report(0.5, "adding up sales")
    sales = write_sales(directory, seed)
    fashion = write_fashion(directory, seed, lambda share, what: report(0.6 + 0.4 * share, what))
    report(1.0, "the shop is open")
    return {
        "product_categories": named,
        "product_codes": codes,
        "orders": orders,
        "images": images,
        "product_recommendations": ratings,
        "fashion_recommendations": fashion["reviews"],
        **sales,
    }


def _rng(seed: int, purpose: str) -> Random:
    # One generator each, so that a longer table leaves the others as they are.
    return Random(f"{seed} {purpose}")


def _silent(_share: float, _what: str) -> None:
    """Report to nobody."""


def _write_pictures(sold: Sequence[Variant], directory: Path) -> Path:
    directory.mkdir(exist_ok=True)
    for variant in {variant.family: variant for variant in sold}.values():
        write_picture(variant, directory)
    return directory


def _coded_rows(items: Iterable[Item], rng: Random) -> Iterable[tuple[str, str, str, str, str]]:
    prices = PriceList(rng)
    for number, item in enumerate(items, start=1):
        # Old stock has no article number, and not every product has been photographed.
        product_id = f"{100_000 + 7 * number}" if rng.random() < 0.97 else ""
        image = f"{IMAGES}/{item.variant.family}.png" if rng.random() < 0.9 else ""
        yield item.text, item.label, product_id, image, f"{prices.price(item.variant):.2f}"


def _write_orders(demand: Demand, file: Path, rng: Random) -> Path:
    lines = list(order_lines(demand, rng))
    recordings = _recorded(lines, file.parent)
    records = [
        {
            "message_id": line.message_id,
            "received_at": line.received_at.isoformat(),
            "description": line.description,
            "quantity": line.quantity,
            **({"audio": recordings[line.message_id]} if line.message_id in recordings else {}),
        }
        for line in lines
    ]
    text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    partial = file.with_name(f".{file.name}.partial")
    partial.write_text(text, encoding="utf-8")
    return partial.replace(file)


def _recorded(lines: Sequence[OrderLine], directory: Path) -> dict[str, str]:
    """Return the recordings of the messages that have one, by message, as the feed names them."""
    if not can_speak():
        return {}
    messages: dict[str, list[OrderLine]] = {}
    for line in lines:
        messages.setdefault(line.message_id, []).append(line)
    found = {}
    for message_id in [*messages][-1::-RECORDED_EVERY][:RECORDED]:
        some, name = messages[message_id], f"{RECORDINGS}/{message_id}.wav"
        wishes = [line.description for line in some]
        if write_recording(directory / name, wishes, some[0].language):
            found[message_id] = name
    return found


def _written(file: Path, names: Sequence[str], rows: Iterable[Sequence[str]]) -> Path:
    partial = file.with_name(f".{file.name}.partial")
    with partial.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)
    return partial.replace(file)
