"""What each product sold lately, from the stored sales: the weight of a change in its answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipelines.catalogue_diff.document import SalesUnit
from pipelines.orders.product_catalogue import Product

if TYPE_CHECKING:
    from features.sales_history import SalesHistory

DAYS = 90
"""Days of sales that count, up to the newest stored one."""
BLOCK = 10_000
"""Products whose days are held at a time."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Sales:
    """Sales of the last `DAYS` days by product; money where every product that sold has a price,
    else pieces, for the two cannot be added up."""

    of: Mapping[str, float] = field(default_factory=dict)
    unit: SalesUnit | None = None


def sales_of(history: SalesHistory | None, products: Sequence[Product] = ()) -> Sales:
    """Return the sales of a stored history; prices that it lacks are the catalogue's."""
    if history is None or not history.ids:
        return Sales()
    listed = _listed_prices(products, history.ids)
    usual = np.array([listed.get(name, np.nan) for name in history.ids])
    pieces, money = (
        np.concatenate(column) for column in zip(*_blocks(history, usual), strict=True)
    )
    known = not np.isnan(money[pieces > 0]).any()
    values = np.where(pieces > 0, money, 0.0) if known else pieces
    sold = dict(zip(history.ids, np.round(values, 2).tolist(), strict=True))
    return Sales(sold, "money" if known else "pieces")


def _blocks(history: SalesHistory, listed: Floats) -> Iterator[tuple[Floats, Floats]]:
    """Yield pieces and money of some products at a time; NaN where no price is known.

    A day without a price has the mean of the others, or the catalogue's where there is none.
    """
    for start in range(0, len(history.ids), BLOCK):
        rows = slice(start, start + BLOCK)
        quantity = np.asarray(history.quantity[rows, -DAYS:], dtype=np.float64)
        price = np.asarray(history.price[rows, -DAYS:], dtype=np.float64)
        told = ~np.isnan(price)
        mean = np.where(told, price, 0.0).sum(axis=1) / np.maximum(told.sum(axis=1), 1)
        usual = np.where(told.any(axis=1), mean, listed[rows])
        money = (quantity * np.where(told, price, usual[:, None])).sum(axis=1)
        yield np.maximum(quantity.sum(axis=1), 0.0), np.maximum(money, 0.0)


def of_products(sales: Sales, products: Sequence[Product]) -> dict[str, float]:
    """Return what the product of each description sold.

    Sales name products by article number or by code, whichever fits more of them. Where several
    descriptions stand for one, each has an equal share, so that the sum is what was sold.
    """
    keys = _keys(products, sales.of)
    sharing = Counter(key for key in keys if key is not None)
    found: dict[str, float] = {}
    for product, key in zip(products, keys, strict=True):
        if key is not None and key in sales.of:
            share = sales.of[key] / sharing[key]
            found[product.description] = found.get(product.description, 0.0) + share
    return {description: round(value, 2) for description, value in found.items()}


def _keys(products: Sequence[Product], names: Iterable[str]) -> list[str | None]:
    sold = set(names)
    numbers = [product.product_id for product in products]
    codes: list[str | None] = [product.code for product in products]
    return numbers if len(sold & set(numbers)) > len(sold & set(codes)) else codes


def _listed_prices(products: Sequence[Product], names: Iterable[str]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for product, key in zip(products, _keys(products, names), strict=True):
        if key is not None and product.price is not None:
            found.setdefault(key, []).append(product.price)
    return {key: sum(prices) / len(prices) for key, prices in found.items()}
