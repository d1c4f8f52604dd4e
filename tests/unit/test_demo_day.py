"""The simulated day: who asks what, what a clerk confirms, and when it begins at all."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from random import Random

import httpx
import pytest

from cli import first_run
from features.demo.catalogue import variants
from features.demo.stock import Demand
from features.demo.visitors import Crowd, Visit
from flows import demo_day
from flows.deployments import deployments
from pipelines import catalog
from pipelines.orchestration import FlowRun
from pipelines.settings import Settings

TEXTS = ("product_codes", "product_categories")


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Crowd:
    folder: Path = tmp_path_factory.mktemp("shop")
    with (folder / "demand_forecast.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("product_id",), ("a",), ("b",), ("a",), ("",)])
    return Crowd(Demand(variants(), Random(1)), folder)


def test_every_question_is_new_and_says_what_was_meant(crowd: Crowd):
    visits = crowd.wave(TEXTS, Random(1))

    assert Counter(visit.model for visit in visits) == dict.fromkeys(TEXTS, 240)
    assert all(visit.truth for visit in visits)
    texts = {json.dumps(visit.body) for visit in visits}
    assert len(texts) > 450


def test_the_same_seed_gives_the_same_day_and_newcomers_write_otherwise(crowd: Crowd):
    assert crowd.wave(TEXTS, Random(1)) == crowd.wave(TEXTS, Random(1))
    assert crowd.wave(TEXTS, Random(1)) != crowd.wave(TEXTS, Random(1), shifted=True)


def test_planners_ask_about_each_known_product_and_horizon_once(crowd: Crowd):
    visits = crowd.wave(["demand_forecast"], Random(1))

    asked = {(visit.body["productId"], visit.body["forecast_horizon"]) for visit in visits}
    assert len(visits) == len(asked) == 8
    assert {product for product, _ in asked} == {"a", "b"}


def test_a_model_that_no_customer_of_the_demo_asks_is_left_alone(crowd: Crowd):
    assert crowd.wave(["something_else"], Random(1)) == []


class Api:
    """Answers as the API does, and remembers what it was asked."""

    def __init__(self) -> None:
        self.told: list[dict[str, object]] = []
        self.choices: list[dict[str, object]] = []

    def client(self) -> httpx.Client:
        return httpx.Client(base_url="http://api", transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else {}
        if request.url.path.endswith("/feedback"):
            self.told.append(body)
            return httpx.Response(201, json={})
        if request.url.path == "/v1/review/lines":
            return httpx.Response(200, json={"state": "s1", "messages": [{"lines": LINES}]})
        if request.url.path == "/v1/review/choices":
            self.choices += body["choices"]
            outcomes = [{"id": one["id"], "outcome": "kept"} for one in body["choices"]]
            return httpx.Response(200, json={"outcomes": outcomes})
        if "refused" in request.url.path:
            return httpx.Response(422, json={})
        return httpx.Response(200, json={"prediction_ids": ["p1"]})


LINES = [
    {"line_id": "1", "description": "right", "chosen": None, "code": {"value": "7"}},
    {"line_id": "2", "description": "wrong", "chosen": None, "code": {"value": "8"}},
    {"line_id": "3", "description": "done", "chosen": {"code": "7"}, "code": {"value": "7"}},
    {"line_id": "4", "description": "of somebody real", "chosen": None, "code": None},
]


def test_feedback_says_what_was_true_under_the_name_of_the_day():
    api, counts = Api(), demo_day.Counts()
    visits = [Visit.generic("m", {"n": n}, "true") for n in range(200)]
    with api.client() as client:
        demo_day.ask(client, visits, Random(1), counts, sleep=lambda _seconds: None)

    assert counts.asked == 200
    assert 40 < counts.told == len(api.told) < 100
    expected = {"prediction_id": "p1", "actual": "true", "reviewer": demo_day.ACTOR}
    assert all(one == expected for one in api.told)


def test_refused_questions_are_counted_and_the_day_goes_on():
    api, counts = Api(), demo_day.Counts()
    visits = [Visit("m", "/refused", {}, "true"), Visit.generic("m", {})]
    with api.client() as client:
        demo_day.ask(client, visits, Random(1), counts, sleep=lambda _seconds: None)

    assert (counts.asked, counts.refused, counts.told) == (2, 1, 0)


def test_the_clerk_accepts_what_is_right_and_changes_what_is_wrong_and_touches_nothing_else():
    api, counts = Api(), demo_day.Counts()
    with api.client() as client:
        demo_day.confirm(client, {"right": "7", "wrong": "7", "done": "7"}, counts)

    assert counts.confirmed == 2
    assert [(one["line_id"], one["action"], one["code"]) for one in api.choices] == [
        ("1", "accept", "7"),
        ("2", "change", "7"),
    ]


def test_the_clerk_knows_what_the_demo_feed_means():
    assert len(demo_day.meant()) > 100


@pytest.mark.parametrize(("model", "params"), [each[:2] for each in demo_day.CHALLENGERS])
def test_every_challenger_can_be_asked_for(model: str, params: dict[str, object]):
    family = catalog.family(model)

    family.Params.model_validate(params)


DEMO = {"product_codes": {"source": {"url": "var/demo/product_codes.csv"}}}


def _names(settings: Settings) -> set[str]:
    return {f"{one.flow_name}/{one.name}" for one in deployments(settings)}


def test_only_a_demo_shop_that_wants_it_has_the_day(make_settings):
    own = {"product_codes": {"source": {"url": "our.csv"}}}

    assert "demo-day/shop" in _names(make_settings(models=DEMO))
    assert "demo-day/shop" not in _names(make_settings(models=own))
    assert "demo-day/shop" not in _names(make_settings(models=DEMO, demo={"day": False}))


@pytest.mark.parametrize(
    ("champions", "day", "begins"),
    [
        ([{"generation": 1}], True, True),
        ([{"generation": 1}, {"generation": 2}], True, False),
        ([], True, False),
        ([{"generation": 1}], False, False),
    ],
)
def test_it_begins_where_nothing_has_happened_yet(
    make_settings, monkeypatch: pytest.MonkeyPatch, champions, day, begins
):
    started = []

    class Client:
        def __init__(self, _url: str) -> None: ...

        def __enter__(self) -> Client:
            return self

        def __exit__(self, *_error: object) -> None: ...

        def start(self, name: str, *_args: object, **options: object) -> FlowRun:
            started.append((options["flow"], name, options["idempotency_key"]))
            return FlowRun("1", "run", "http://run", "SCHEDULED")

    monkeypatch.setattr(first_run, "champions", lambda _settings: champions)
    monkeypatch.setattr(first_run, "OrchestrationClient", Client)

    first_run.begin_demo_day(make_settings(models=DEMO, demo={"day": day}))

    assert started == ([("demo-day", "shop", "demo-day")] if begins else [])
