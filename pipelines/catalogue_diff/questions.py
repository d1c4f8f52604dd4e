"""Which questions both versions are asked: of the catalogue, and those the API was asked lately."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import select

from pipelines.catalogue_diff.document import Kind
from pipelines.catalogue_diff.entities import remembered
from pipelines.catalogue_diff.sales import Sales, of_products, sales_of
from pipelines.contract import ModelFamily, Row
from pipelines.orders import product_catalogue, stored_sales
from pipelines.orders.product_catalogue import Product
from pipelines.rollouts.losses import ITEMS, compared
from pipelines.store import predictions
from pipelines.versions.answers import instances_of

if TYPE_CHECKING:
    import pandas as pd

    from features.sales_history import SalesHistory
    from pipelines.store import Store

LOGGED = 20_000
"""Newest logged answers from which is counted how often a question was asked."""
HISTORY = "history"
"""The request column that a product's stored days go into."""


@dataclass(frozen=True)
class Question:
    """One question by its `name`; `row` is where its stored days are, which are sent along."""

    name: str
    instance: Row
    sales: float | None = None
    asked: int = 0
    row: int | None = None


@dataclass(frozen=True)
class Home:
    """What is known beside the versions: products and their sales, customers, and the logged
    questions."""

    products: tuple[Product, ...] = ()
    history: SalesHistory | None = None
    sales: Sales = field(default_factory=Sales)
    entities: tuple[str, ...] = ()
    logged: tuple[Row, ...] = ()


def read_home(var: Path, store: Store, model: str) -> Home:
    """Read what lies in a home. Raises `CatalogueUnreadable` or `SQLAlchemyError`."""
    try:
        products = product_catalogue.read(product_catalogue.catalogue_file(var)).products
    except FileNotFoundError:
        products = ()
    folder = stored_sales.sales_folder(var)
    pointer = stored_sales.pointer_in(folder)
    history = stored_sales.stored_history(folder, pointer) if pointer else None
    sales = sales_of(history, products)
    return Home(products, history, sales, remembered(var, model), _logged(store, model))


def kind_of(family: ModelFamily) -> tuple[Kind, str]:
    """Return what a family answers, by its response; of forecasts also the key of a day's number.

    A list of numbers is a forecast, whose total counts.
    """
    schema = family.Response.model_json_schema(mode="serialization")
    if family.entity is not None and ITEMS in family.Response.model_fields:
        return "list", ""
    metric, path = compared(schema, family.target)
    _, _, inside = path.partition(".")
    if metric == "squared_error":
        return ("forecast" if inside else "number"), inside
    return "label", ""


def questions_of(
    family: ModelFamily, kind: Kind, home: Home, requests: pd.DataFrame
) -> list[Question]:
    """Return every known question, those first that sell most and are asked most often.

    What the test set asks about stands in where the catalogue knows nothing; its true answers are
    not told here. Among equals the order is that of the catalogue, of customers the busiest first.
    """
    column = family.entity if kind in {"list", "forecast"} else family.label_text
    if column is None:
        found = _whole(home.logged) or _whole(instances_of(requests))
    else:
        found = _by_column(family, column, home, requests)
    return _ranked(found)


def _by_column(
    family: ModelFamily, column: str, home: Home, requests: pd.DataFrame
) -> list[Question]:
    asked = Counter(_texts(home.logged, column))
    sold = _catalogue(family, column, home)
    names = dict.fromkeys([*sold, *asked])
    if not names or (column == family.entity and not sold):
        names |= dict.fromkeys(_texts(instances_of(requests[[column]]), column))
    rows = _rows(family, home) if column == family.entity else {}
    return [
        Question(name, {column: name}, sold.get(name), asked[name], rows.get(name))
        for name in names
    ]


def _catalogue(family: ModelFamily, column: str, home: Home) -> dict[str, float | None]:
    """Return the products or customers that a family is asked about, with what is known to have
    been sold of them."""
    if column == family.catalogue_text:
        texts: dict[str, float | None] = {each.description: None for each in home.products}
        return texts | of_products(home.sales, home.products)
    if column == family.entity:
        names = [*_rows(family, home)] or home.entities
        return {name: home.sales.of.get(name) for name in names}
    return {}


def _rows(family: ModelFamily, home: Home) -> dict[str, int]:
    """Return where each product's stored days are, for a family that is told them."""
    if home.history is None or family.name != stored_sales.MODEL:
        return {}
    return {name: row for row, name in enumerate(home.history.ids)}


def _whole(instances: Iterable[Row]) -> list[Question]:
    texts = Counter(orjson.dumps(each, option=orjson.OPT_SORT_KEYS).decode() for each in instances)
    return [Question(text, orjson.loads(text), None, count) for text, count in texts.items()]


def _ranked(found: list[Question]) -> list[Question]:
    sold = sum(each.sales or 0.0 for each in found) or 1.0
    asked = sum(each.asked for each in found) or 1
    return sorted(found, key=lambda each: -((each.sales or 0.0) / sold + each.asked / asked))


def _texts(instances: Iterable[Row], column: str) -> list[str]:
    return [each[column] for each in instances if isinstance(each.get(column), str)]  # type: ignore[misc]


def _logged(store: Store, model: str) -> tuple[Row, ...]:
    query = (
        select(predictions.c.instance)
        .where(predictions.c.model == model)
        .order_by(predictions.c.created_at.desc())
        .limit(LOGGED)
    )
    with store.read() as connection:
        return tuple(orjson.loads(row.instance) for row in connection.execute(query))
