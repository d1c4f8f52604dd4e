"""What the documented schemas accept and refuse, the fast path accepts and refuses: both ways."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema_rs
import pytest
from asgi_client import AppClient
from demand_stage import serve_demand
from domain_stage import DomainStage, serve_categoriser
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from recommender_stage import serve_recommender

from pipelines.settings import Settings
from serving.spanish import TEXTS

MODELS = ("product_categories", "product_recommendations", "demand_forecast")
SEMANTIC = TEXTS["request-refused"]
"""What a model says of values whose shape was right."""

TEXT = st.text(max_size=8) | st.sampled_from(["", " ", "\x1c", "\0", "a\0", "x" * 201, "ñ\u2028"])
NUMBERS = st.integers(-(2**63), 2**64) | st.sampled_from([0, 1, 7.0, 7.5, 365, 366, 500, 501, -3])
SCALARS = st.none() | st.booleans() | NUMBERS | TEXT
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
)


def documents(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return objects whose fields are mostly as meant, with others beside; or anything at all."""
    meant = {name: value | JSON for name, value in fields.items()}
    whole = st.fixed_dictionaries({}, optional={**meant, "other": JSON})
    return whole | st.fixed_dictionaries(fields) | JSON


DAYS = documents(
    date=st.dates().map(str),
    quantity=NUMBERS,
    promotion=st.booleans(),
    open=st.none(),
    price=NUMBERS,
)
CATEGORISER = documents(
    product_list=st.lists(TEXT, max_size=3),
    model_name=st.sampled_from(["product_categories", "", None, "another"]),
)
RECOMMENDER = documents(
    user_id=TEXT,
    top=NUMBERS,
    exclude_seen=st.booleans() | st.none(),
    history=st.lists(TEXT | documents(item_id=TEXT, rating=NUMBERS), max_size=3),
)
PLANNER = documents(
    productId=TEXT,
    historicalData=st.lists(DAYS, max_size=3) | st.none(),
    features=documents(seasonality=JSON, promotion_active=st.booleans()) | st.none(),
    forecast_horizon=NUMBERS,
)
GENERIC = documents(instances=st.lists(documents(name=TEXT), max_size=3))

quick = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DomainStage]:
    home = tmp_path_factory.mktemp("home")
    models = {name: {"source": {"url": "rows.csv"}} for name in MODELS}
    url = f"sqlite:///{home / 'var' / 'contender.db'}"
    stage = DomainStage(Settings.model_validate({"home": home, "store_url": url, "models": models}))
    yield stage
    stage.close()


@pytest.fixture(scope="module")
def client(stage: DomainStage) -> Iterator[AppClient]:
    app = stage.app()
    with AppClient(app) as client:
        serve_categoriser(app)
        serve_recommender(app)
        serve_demand(app)
        yield client


@pytest.fixture(scope="module")
def documented(client: AppClient) -> Callable[[str], jsonschema_rs.Validator]:
    openapi = client.get("/openapi.json").json()

    def schema_of(path: str) -> jsonschema_rs.Validator:
        content = openapi["paths"][path]["post"]["requestBody"]["content"]
        schema = {**content["application/json"]["schema"], "components": openapi["components"]}
        return jsonschema_rs.Draft202012Validator(schema)

    return schema_of


def taken(client: AppClient, path: str, body: object) -> bool:
    """Return whether the shape of `body` was right, whatever the model says of its values."""
    response = client.post(
        path, content=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    if response.status_code == 200:
        return True
    assert response.status_code in (400, 404, 422), response.text
    return response.json().get("error") == SEMANTIC


@quick
@given(body=CATEGORISER)
@example(body={"product_list": []})
def test_the_categoriser_takes_what_its_schema_says(client, documented, body):
    path = "/v1/categorizer/inference"
    assert taken(client, path, body) == documented(path).is_valid(body)


@quick
@given(body=RECOMMENDER)
@example(body={"user_id": None, "history": []})
@example(body={"user_id": 7.0, "top": 3.0})
@example(body={"user_id": "", "history": ["010101"]})
def test_the_recommender_takes_what_its_schema_says(client, documented, body):
    assert taken(client, "/recommend", body) == documented("/recommend").is_valid(body)


@quick
@given(body=PLANNER)
@example(body={"productId": "P01", "historicalData": None})
@example(body={"productId": "P01", "forecast_horizon": 0})
def test_the_planner_takes_what_its_schema_says(client, documented, body):
    assert taken(client, "/api/v1/predict", body) == documented("/api/v1/predict").is_valid(body)


@quick
@given(body=GENERIC)
@example(body={"instances": []})
@example(body={"instances": [{}]})
@example(body={"instances": [7]})
def test_the_generic_interface_takes_what_its_schema_and_the_contract_say(client, documented, body):
    path = "/v1/models/{name}/predict"
    contract = client.app.state.services.slots.contract("product_categories")
    row = jsonschema_rs.Draft202012Validator(contract.request_schema)
    shaped = documented(path).is_valid(body)
    meant = shaped and all(row.is_valid(instance) for instance in body["instances"])
    assert taken(client, path.replace("{name}", "product_categories"), body) == meant
