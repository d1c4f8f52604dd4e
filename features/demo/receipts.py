"""The daily sales as files: a row per product and day, and the last days' order lines."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, time, timedelta
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq

from features.demo.sales import LAST_DAY, History, histories, is_open

DAILY = "demand_forecast.csv"
DAILY_COLUMNS = ("product_id", "date", "quantity", "promotion", "price", "category", "open")
ORDER_LINES = "demand_order_lines.parquet"
ORDER_LINE_DAYS = 90
RETURNED_SHARE = 0.03
LINES = pa.schema(
    {
        "id": pa.int64(),
        "order_id": pa.int64(),
        "product_id": pa.string(),
        "quantity": pa.int32(),
        "price": pa.decimal128(10, 2),
        "ordered_at": pa.timestamp("us"),
    }
)

Line = tuple[datetime, str, int, float]
"""When, what, how many (below zero: brought back), for how much each."""


def write_sales(directory: Path, seed: int = 7) -> dict[str, Path]:
    """Write both files into `directory` and return them by name.

    The same seed gives the same bytes; a file appears whole or not at all. Added up, the order
    lines are the daily quantities of their days.
    """
    sold = histories(seed)
    return {
        "demand_forecast": _write_daily(sold, directory / DAILY),
        "demand_order_lines": _write_lines(sold, directory / ORDER_LINES, Random(f"{seed} lines")),
    }


def _write_daily(sold: Sequence[History], file: Path) -> Path:
    partial = file.with_name(f".{file.name}.partial")
    with partial.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(DAILY_COLUMNS)
        for history in sold:
            writer.writerows(_daily_rows(history))
    return partial.replace(file)


def _daily_rows(history: History) -> Iterator[tuple[object, ...]]:
    variant = history.variant
    for day, quantity, promotion, price in history.days():
        opened = int(is_open(day))
        yield (
            variant.code, day.isoformat(), quantity, int(promotion), f"{price:.2f}",
            variant.department, opened,
        )  # fmt: skip


def _write_lines(sold: Sequence[History], file: Path, rng: Random) -> Path:
    lines = sorted(_lines(sold, rng))
    numbers, order_ids, order = range(1, len(lines) + 1), [], 50_000
    for number in numbers:
        # Some customers buy several things at once, so neighbours in time may share an order.
        order += 1 if number == 1 or rng.random() < 0.6 else 0
        order_ids.append(order)
    times, products, quantities, prices = zip(*lines, strict=True)
    table = pa.table(
        [numbers, order_ids, products, quantities, _decimals(prices), times], schema=LINES
    )
    partial = file.with_name(f".{file.name}.partial")
    pq.write_table(table, partial, compression="zstd")
    return partial.replace(file)


def _decimals(prices: Iterable[float]) -> pa.Array:
    return pa.array([f"{price:.2f}" for price in prices]).cast(pa.decimal128(10, 2))


def _lines(sold: Sequence[History], rng: Random) -> Iterator[Line]:
    since = LAST_DAY - timedelta(days=ORDER_LINE_DAYS - 1)
    for history in sold:
        for day, quantity, _, price in history.days():
            if day < since or quantity == 0:
                continue
            code, left = history.variant.code, quantity
            if rng.random() < RETURNED_SHARE:
                # Bought too many, and brought some back before closing time.
                back = rng.randint(1, 3)
                yield datetime.combine(day, time(18, rng.randrange(60))), code, -back, price
                left += back
            while left:
                taken = min(left, rng.choice((1, 1, 1, 2, 2, 3, 4, 6)))
                left -= taken
                at = time(rng.randrange(8, 18), rng.randrange(60), rng.randrange(60))
                yield datetime.combine(day, at), code, taken, price
