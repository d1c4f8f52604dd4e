"""What the console's playgrounds ask, through the whole application."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta

import orjson
import pytest
from asgi_client import AppClient
from domain_stage import Categoriser, DomainStage, contract_of, serve_model
from waiting import wait_for

from features.sales_history import ToldDays
from pipelines.orders.stored_sales import Stored
from pipelines.settings import Settings
from serving.playground import fitting, text_column

MODELS = {
    "product_categories": {"source": {"url": "categories.csv"}},
    "fashion_recommendations": {"source": {"url": "reviews.csv"}},
    "demand_forecast": {"source": {"url": "sales.csv"}},
}


class Sure(Categoriser):
    """Is sure of a hammer, and of nothing else."""

    def _row(self, _number: int, name: str) -> dict[str, object]:
        sure = 0.9 if "martillo" in name.lower() else 0.3
        tool = {"category": "Herramienta", "confidence": sure}
        paint = {"category": "Pintura", "confidence": 1 - sure}
        ranked = [tool, paint] if sure > 0.5 else [paint, tool]
        return {**ranked[0], "alternatives": ranked}


class Forecaster:
    """Answers a day for each day of history that it is told."""

    def __init__(self) -> None:
        self.asked: list[Mapping[str, object]] = []

    def predict(self, instances: Sequence[Mapping[str, object]]) -> list[list[dict[str, object]]]:
        self.asked += instances
        return [[{"daily_predictions": [{"predicted_quantity": 1.0}]}] for _ in instances]

    def close(self) -> None:
        """Nothing is held."""


class Sales:
    """Stored sales of one product, in place of a file of them."""

    def __init__(self) -> None:
        first = date(2026, 11, 1)
        days = [
            {"date": (first + timedelta(days=n)).isoformat(), "quantity": float(n),
             "promotion": 0.0, "open": n != 0}
            for n in range(10)
        ]  # fmt: skip
        self.stored = Stored(ToldDays(days), "Tools", {"fingerprint": "f"})

    def of(self, product_id: str) -> object:
        return self.stored if product_id == "27110001" else None

    def products(self) -> dict[str, str]:
        return {"27110001": "Tools", "nowhere": "Paint"}


@pytest.fixture
def stage(make_settings: Callable[..., Settings]) -> Iterator[DomainStage]:
    stage = DomainStage(make_settings(models=MODELS))
    stage.write_catalogue()
    yield stage
    stage.close()


@pytest.fixture
def client(stage: DomainStage) -> Iterator[AppClient]:
    app = stage.app()
    with AppClient(app) as client:
        app.state.sales = Sales()
        wait_for(lambda: app.state.order_desk.shelf.assortment is not None)
        yield client


def test_customers_are_listed_as_their_training_kept_them(stage: DomainStage, client: AppClient):
    names = ["C9", "C1", "C12"]
    file = stage.settings.var / "catalogue" / "fashion_recommendations.entities.jsonl"
    file.write_bytes(b"".join(orjson.dumps(name) + b"\n" for name in names))

    found = client.get("/v1/playground/fashion_recommendations/entities?q=c1&limit=1").json()

    assert found["total"] == 2
    assert found["entities"] == [{"id": "C1", "note": None}]


def test_products_with_sales_are_named_by_the_catalogue(client: AppClient):
    found = client.get("/v1/playground/demand_forecast/entities").json()

    assert found["entities"] == [
        {"id": "27110001", "note": "Martillo de uña 16 oz"},
        {"id": "nowhere", "note": "Paint"},
    ]


def test_a_model_whose_questions_name_nobody_knows_nobody(client: AppClient):
    assert client.get("/v1/playground/product_categories/entities").json()["total"] == 0


def test_an_unknown_model_is_refused(client: AppClient):
    assert client.get("/v1/playground/nothing/entities").status_code == 404


def test_the_word_that_makes_the_answer_weighs_most(client: AppClient):
    serve_model(client.app, contract_of("product_categories", "name", "category"), Sure(), "5")

    asked = {"text": "Martillo de bola", "answer": "Herramienta"}
    found = client.post("/v1/playground/product_categories/words", json=asked).json()

    assert found["model"]["version"] == "5"
    weights = {one["text"]: one["weight"] for one in found["drivers"]}
    assert weights["Martillo"] > 2
    assert weights["de"] == weights["bola"] == 0


def test_words_of_a_model_without_a_champion_are_refused(client: AppClient):
    asked = {"text": "x", "answer": "y"}
    answer = client.post("/v1/playground/product_categories/words", json=asked)

    assert answer.status_code == 503


def test_sales_come_with_the_products_name_the_latest_last(client: AppClient):
    found = client.get("/v1/playground/sales/27110001?days=2").json()

    assert found["name"].startswith("Martillo")
    assert [day["date"] for day in found["days"]] == ["2026-11-09", "2026-11-10"]
    assert found["days"][0]["price"] is None


def test_a_product_without_sales_is_refused(client: AppClient):
    assert client.get("/v1/playground/sales/none").status_code == 404
    assert client.post("/v1/playground/sales/none/forecast", json={}).status_code == 404


def test_a_plan_is_asked_together_with_the_stored_days(client: AppClient):
    forecaster = Forecaster()
    contract = contract_of("demand_forecast", "product_id", "daily_predictions")
    serve_model(client.app, contract, forecaster, "2")
    plan = [{"date": "2026-11-11", "promotion": True}]

    answer = client.post(
        "/v1/playground/sales/27110001/forecast", json={"horizon": 3, "future": plan}
    ).json()

    assert answer["model"]["version"] == "2"
    assert answer["prediction_ids"]
    (asked,) = forecaster.asked
    assert asked["future"] == plan
    assert asked["horizon"] == 3
    assert (len(asked["history"]), asked["category"]) == (10, "Tools")
    counted = client.get("/metrics").text
    assert 'predictions_total{model="demand_forecast",version="2"} 1.0' in counted


def test_codes_are_named_in_their_order_and_unknown_ones_stay_codes(client: AppClient):
    found = client.get("/v1/playground/products?code=zz&code=39120003").json()["products"]

    assert [(one["code"], one["description"]) for one in found] == [
        ("zz", None),
        ("39120003", "Cable eléctrico calibre 12"),
    ]


def test_those_whose_id_begins_with_the_query_come_first():
    known = {"a9": "of b", "b1": None, "c2": "B side"}

    total, found = fitting(known, "B", 5)

    assert total == 3
    assert [one.id for one in found] == ["b1", "a9", "c2"]


@pytest.mark.parametrize(
    ("schema", "column"),
    [
        ({"properties": {"name": {"type": "string"}}, "required": ["name"]}, "name"),
        ({"properties": {"name": {"type": "string"}, "top": {}}, "required": ["name"]}, None),
        ({"properties": {"age": {"type": "integer"}}, "required": ["age"]}, None),
        ({}, None),
    ],
)
def test_a_request_is_one_text_only_where_it_is_nothing_else(schema, column):
    assert text_column(schema) == column
