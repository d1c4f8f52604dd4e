"""The simulated day: who asks what, what a clerk confirms, and when it begins at all."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Container
from pathlib import Path
from random import Random

import httpx
import pytest

from features.demo.catalogue import variants
from features.demo.stock import Demand
from features.demo.visitors import Crowd, Visit
from flows import demo_day
from flows.deployments import deployments
from pipelines import catalog
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


def customer(
    client: httpx.Client, counts: demo_day.Counts, slept: list[float] | None = None
) -> demo_day.Customer:
    return demo_day.Customer(client, counts, [].append if slept is None else slept.append)


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
        demo_day.ask(customer(client, counts), visits, Random(1))

    assert counts.asked == 200
    assert 40 < counts.told == len(api.told) < 100
    expected = {"prediction_id": "p1", "actual": "true", "reviewer": demo_day.ACTOR}
    assert all(one == expected for one in api.told)


def test_refused_questions_are_counted_and_the_day_goes_on():
    api, counts = Api(), demo_day.Counts()
    visits = [Visit("m", "/refused", {}, "true"), Visit.generic("m", {})]
    with api.client() as client:
        demo_day.ask(customer(client, counts), visits, Random(1))

    assert (counts.asked, counts.refused, counts.told) == (2, 1, 0)


def test_the_clerk_accepts_what_is_right_and_changes_what_is_wrong_and_touches_nothing_else():
    api, counts = Api(), demo_day.Counts()
    with api.client() as client:
        meant = {"right": "7", "wrong": "7", "done": "7"}
        demo_day.confirm(customer(client, counts), meant)

    assert counts.confirmed == 2
    assert [(one["line_id"], one["action"], one["code"]) for one in api.choices] == [
        ("1", "accept", "7"),
        ("2", "change", "7"),
    ]


class Restarting(Api):
    """Drops the connections whose number is in `away`."""

    def __init__(self, away: Container[int]) -> None:
        super().__init__()
        self.away = away
        self.tried = 0

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.tried += 1
        if self.tried in self.away:
            raise httpx.ConnectError("connection refused", request=request)
        return super()._answer(request)


def test_the_day_waits_for_an_api_that_is_restarted_and_loses_nothing():
    api, counts, slept = Restarting({1, 2, 3}), demo_day.Counts(), []
    with api.client() as client:
        visitor = customer(client, counts, slept)
        demo_day.ask(visitor, [Visit.generic("m", {})], Random(1))
        api.away = {5, 6, 8}
        demo_day.confirm(visitor, {"right": "7", "wrong": "7"})

    assert (counts.asked, counts.lost, counts.confirmed) == (1, 0, 2)
    assert sum(slept) > 5 + 1


def test_what_gets_no_answer_is_counted_and_the_day_goes_on():
    tries = len(demo_day.PAUSES_SECONDS) + 1
    api, counts = Restarting(range(1, tries + 1)), demo_day.Counts()
    with api.client() as client:
        demo_day.ask(customer(client, counts), [Visit.generic("m", {})] * 3, Random(1))
        api.away = range(api.tried + 1, api.tried + tries + 1)
        demo_day.confirm(customer(client, counts), {"right": "7"})

    assert (counts.asked, counts.refused, counts.lost, counts.confirmed) == (3, 0, 2, 0)


def test_a_day_without_any_api_ends_instead_of_lasting_for_hours():
    counts = demo_day.Counts()
    visits = [Visit.generic("m", {})] * 1_000
    with (
        Restarting(range(1_000_000)).client() as client,
        pytest.raises(demo_day.ApiGone, match="connection refused"),
    ):
        demo_day.ask(customer(client, counts), visits, Random(1))

    assert counts.lost == demo_day.LOST_AT_MOST


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
