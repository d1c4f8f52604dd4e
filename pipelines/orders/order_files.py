"""Orders as files that other programs read: JSON, and CSV that no spreadsheet runs as formulas."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict

import orjson

from pipelines.orders.confirmed_orders import ConfirmedOrder
from pipelines.spreadsheets import harmless

COLUMNS = (
    "order_id",
    "message_id",
    "line",
    "code",
    "product_id",
    "product",
    "quantity",
    "price",
    "description",
)
BYTE_ORDER_MARK = "\ufeff"


def as_json(order: ConfirmedOrder) -> bytes:
    """Return an order as it is posted, too: who confirmed what and when, line by line."""
    document = {
        "order_id": order.order_id,
        "message_id": order.message_id,
        "part": order.part,
        "reviewer": order.reviewer,
        "created_at": order.created_at,
        "lines": [asdict(line) for line in order.lines],
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)


def as_csv(order: ConfirmedOrder) -> bytes:
    """Return an order as CSV with a header: commas, UTF-8 with the mark that spreadsheets need.

    Where a text would begin a formula, an apostrophe stands before it, which spreadsheets hide.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for number, line in enumerate(order.lines, start=1):
        cells = (
            order.order_id,
            order.message_id,
            number,
            line.code,
            line.product_id,
            line.product,
            _plain(line.quantity),
            line.price,
            line.description,
        )
        writer.writerow([harmless(cell) for cell in cells])
    return (BYTE_ORDER_MARK + text.getvalue()).encode("utf-8", "replace")


def _plain(quantity: float) -> float | int:
    return int(quantity) if quantity.is_integer() else quantity
