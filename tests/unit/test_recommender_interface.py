"""The recommender's interface, asked through the whole application."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from asgi_client import AppClient
from domain_stage import DomainStage, contract_of, serve_model
from recommender_stage import ITEMS, SETTINGS, serve_recommender

from pipelines.families.product_recommendations import asking
from pipelines.families.product_recommendations.layout import ListArrays
from pipelines.settings import Settings
from serving.live.answers import ServedModel
from serving.routers import product_recommendations as interface
from serving.routers.product_recommendations import AnswerCache, Kept

PATH = "/recommend"
POPULAR = ListArrays("popularity", SETTINGS, {})


@pytest.fixture
def stage(make_settings: Callable[..., Settings]) -> Iterator[DomainStage]:
    stage = DomainStage(
        make_settings(models={"product_recommendations": {"source": {"url": "ratings.csv"}}})
    )
    yield stage
    stage.close()


@pytest.fixture
def client(stage: DomainStage) -> Iterator[AppClient]:
    app = stage.app()
    with AppClient(app) as client:
        serve_recommender(app)
        yield client


def test_a_known_user_gets_a_plain_list_without_what_they_know(client):
    response = client.post(PATH, json={"user_id": "1", "top": 3})
    assert response.status_code == 200
    assert response.json() == ["020202", "030303", "040404"]
    assert response.headers["X-Reason"] == "personal"
    assert response.headers["X-Model-Version"] == "5"
    assert response.headers["X-Decision-Id"] == "d5"
    assert response.headers["X-Prediction-Id"]


def test_known_products_may_be_asked_for(client):
    listed = client.post(PATH, json={"user_id": "1", "exclude_seen": False}).json()
    assert sorted(listed) == sorted(ITEMS)
    assert "010101" not in client.post(PATH, json={"user_id": "1"}).json()


@pytest.mark.parametrize("user", ["nobody", "ñandú Ⅷ", 99])
def test_an_unknown_user_gets_what_is_popular(client, user):
    response = client.post(PATH, json={"user_id": user, "top": 2})
    assert response.json() == ["010101", "020202"]
    assert response.headers["X-Reason"] == "popular"


@pytest.mark.parametrize(
    "history", [["050505"], [{"item_id": "050505"}], [{"item_id": "050505", "rating": 5}], [50505]]
)
def test_a_history_is_folded_in_however_it_is_written(client, history):
    response = client.post(PATH, json={"history": history, "top": 2})
    known = history != [50505]
    assert response.json() == (["060606", "010101"] if known else ["010101", "020202"])
    assert response.headers["X-Reason"] == ("folded-in" if known else "popular")


def test_a_users_id_may_be_a_number(client):
    assert client.post(PATH, json={"user_id": 1}).headers["X-Reason"] == "personal"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "«user_id»"),
        ({"user_id": None}, "«user_id»"),
        ({"user_id": " "}, "«user_id»"),
        ({"user_id": ["1"]}, "«user_id»"),
        ({"user_id": "x" * 201}, "200"),
        ({"user_id": "1", "top": 0}, "«top»"),
        ({"user_id": "1", "top": 501}, "«top»"),
        ({"user_id": "1", "top": "10"}, "«top»"),
        ({"user_id": "1", "top": True}, "«top»"),
        ({"user_id": "1", "exclude_seen": "no"}, "«exclude_seen»"),
        ({"user_id": "1", "history": "010101"}, "«history»"),
        ({"user_id": "1", "history": ["010101", None]}, "Elemento 1"),
        ({"user_id": "1", "history": [{"item_id": "010101", "rating": "5"}]}, "«rating»"),
        ({"user_id": "1", "history": ["x"] * 1_001}, "1000"),
        ({"user_id": "1", "history": [{"item_id": "010101", "rating": 9}]}, "no puede responder"),
        (["1"], "objeto"),
    ],
)
def test_what_is_wrong_is_named_in_spanish(client, body, named):
    response = client.post(PATH, json=body)
    assert response.status_code == 422
    assert named in response.json()["error"]
    assert response.json()["detalle"]


def test_a_malformed_body_and_a_wrong_method_are_refused_in_spanish(client):
    malformed = client.post(PATH, content=b"[", headers={"Content-Type": "application/json"})
    wrong = client.get(PATH)
    assert [malformed.status_code, wrong.status_code] == [400, 405]
    assert malformed.json()["error"]
    assert wrong.json()["error"]


def test_before_the_first_champion_clients_are_asked_to_wait(stage):
    with AppClient(stage.app()) as client:
        response = client.post(PATH, json={"user_id": "1"})
    assert response.status_code == 503
    assert "Retry-After" in response.headers


def test_the_same_question_is_answered_from_memory_until_another_version_serves(stage):
    with AppClient(app := stage.app()) as client:
        serve_recommender(app)
        first = client.post(PATH, json={"user_id": "1"})
        again = client.post(PATH, json={"user_id": "1"})
        assert again.json() == first.json()
        assert len(app.state.recommended) == 1
        serve_recommender(app, "6", POPULAR)
        swapped = client.post(PATH, json={"user_id": "1"})
        assert swapped.headers["X-Model-Version"] == "6"
        assert swapped.headers["X-Reason"] == "popular"
        assert len(app.state.recommended) == 1


def test_a_rollback_to_the_same_version_forgets_too():
    cache, kept = AnswerCache(), Kept(b"[]", "popular")
    first = ServedModel("product_recommendations", "5", "d5", 5, "0" * 64)
    back = ServedModel("product_recommendations", "5", "d9", 9, "0" * 64)
    cache.put(first, b"asked", kept)
    assert cache.get(first, b"asked") == kept
    assert cache.get(back, b"asked") is None
    assert cache.get(first, b"asked") is None


def test_the_cache_is_bounded_and_forgets_what_was_not_asked_for_longest():
    cache, served = AnswerCache(2_200), ServedModel("m", "5", "d5", 5, "0" * 64)
    for name in (b"a", b"b", b"a"):
        cache.put(served, name, Kept(name, "popular"))
    cache.get(served, b"a")
    cache.put(served, b"c", Kept(b"c", "popular"))
    assert len(cache) == 2
    assert cache.get(served, b"b") is None
    assert cache.get(served, b"a") is not None
    cache.put(served, b"large", Kept(b"x" * 3_000, "popular"))
    assert len(cache) == 0


class Stranger:
    """A version from elsewhere, which answers a rating, or lists things in its own way."""

    def __init__(self, **row: object) -> None:
        self._row = row

    def predict(self, instances):
        return [[self._row] for _ in instances]

    def close(self) -> None:
        """Nothing is held."""


@pytest.mark.parametrize(
    ("row", "listed"),
    [
        ({"rating": 4.0}, []),
        ({"rating": None, "items": None, "reason": None}, []),
        ({"items": [{"id": "6"}, {"item_id": 7}, "8"], "reason": "because \N{SPARKLES}"}, ["7"]),
    ],
)
def test_a_version_from_elsewhere_is_answered_for_as_far_as_it_goes(stage, row, listed):
    with AppClient(app := stage.app()) as client:
        contract = contract_of("product_recommendations", "user_id", "rating")
        serve_model(app, contract, Stranger(**row), "7")
        response = client.post(PATH, json={"user_id": "1"})
    assert response.status_code == 200
    assert response.json() == listed
    assert response.headers["X-Reason"] == "unknown"


def test_the_interface_and_the_family_agree_on_their_limits():
    assert interface.ID_CHARACTERS == asking.ID_LIMIT_CHARACTERS
    assert interface.HISTORY_LIMIT == asking.HISTORY_LIMIT
    assert (interface.TOP_DEFAULT, interface.TOP_LIMIT) == (asking.TOP_DEFAULT, asking.TOP_LIMIT)


def test_the_document_shows_the_interface_with_an_example(client):
    paths = client.get("/openapi.json").json()["paths"]
    body = paths[PATH]["post"]["requestBody"]["content"]["application/json"]
    assert body["schema"]["example"]["user_id"]
