"""Which questions both versions are asked: of the catalogue, and those the API was asked lately."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
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
LOGGED_CHARACTERS = 64_000_000
"""Newest logged answers, and how much of them, from which is counted how often a question was
asked: one may tell years of sales."""
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
    """What is known beside the versions: products and their sales, customers, and how often the
    API was asked what, by the value of the column that a question is about, or as JSON."""

    products: tuple[Product, ...] = ()
    history: SalesHistory | None = None
    sales: Sales = field(default_factory=Sales)
    entities: tuple[str, ...] = ()
    asked: Counter[str] = field(default_factory=Counter)


def read_home(var: Path, store: Store, family: ModelFamily) -> Home:
    """Read what a home knows of a family's questions.

    Raises `CatalogueUnreadable` or `SQLAlchemyError`.
    """
    try:
        products = product_catalogue.read(product_catalogue.catalogue_file(var)).products
    except FileNotFoundError:
        products = ()
    folder = stored_sales.sales_folder(var)
    pointer = stored_sales.pointer_in(folder)
    history = stored_sales.stored_history(folder, pointer) if pointer else None
    sales = sales_of(history, products)
    asked = Counter(_logged(store, family.name, _column(family)))
    return Home(products, history, sales, remembered(var, family.name), asked)


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


def questions_of(family: ModelFamily, home: Home, requests: pd.DataFrame) -> list[Question]:
    """Return every known question, those first that sell most and are asked most often.

    What the test set asks about stands in where the catalogue knows nothing; its true answers are
    not told here. Among equals the order is that of the catalogue, of customers the busiest first.
    """
    column = _column(family)
    if column is not None:
        return _ranked(_by_column(family, column, home, requests))
    known = home.asked or Counter(map(_text, instances_of(requests)))
    return _ranked(
        [Question(text, orjson.loads(text), None, count) for text, count in known.items()]
    )


def _column(family: ModelFamily) -> str | None:
    """Return the one column that makes a question of a family, None where it takes several."""
    required = {name for name, each in family.Request.model_fields.items() if each.is_required()}
    column = family.label_text or family.entity
    return column if column is not None and required <= {column} else None


def _by_column(
    family: ModelFamily, column: str, home: Home, requests: pd.DataFrame
) -> list[Question]:
    sold = _catalogue(family, column, home)
    names = dict.fromkeys([*sold, *home.asked])
    if not names or (column == family.entity and not sold):
        tested = _values(instances_of(requests[[column]]), column)
        names |= dict.fromkeys(tested)
    rows = _rows(family, home) if column == family.entity else {}
    return [
        Question(name, {column: name}, sold.get(name), home.asked[name], rows.get(name))
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


def _ranked(found: list[Question]) -> list[Question]:
    sold = sum(each.sales or 0.0 for each in found) or 1.0
    asked = sum(each.asked for each in found) or 1
    return sorted(found, key=lambda each: -((each.sales or 0.0) / sold + each.asked / asked))


def _values(instances: Iterable[Row], column: str) -> Iterator[str]:
    return (str(each[column]) for each in instances if isinstance(each.get(column), str))


def _text(instance: Row) -> str:
    return orjson.dumps(instance, option=orjson.OPT_SORT_KEYS).decode()


def _logged(store: Store, model: str, column: str | None) -> Iterator[str]:
    query = (
        select(predictions.c.instance)
        .where(predictions.c.model == model)
        .order_by(predictions.c.created_at.desc())
        .limit(LOGGED)
        .execution_options(yield_per=500)
    )
    read = 0
    with store.read() as connection:
        for row in connection.execute(query):
            instance = orjson.loads(row.instance)
            yield from [_text(instance)] if column is None else _values([instance], column)
            read += len(row.instance)
            if read > LOGGED_CHARACTERS:
                return
