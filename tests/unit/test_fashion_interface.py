"""The fashion shop's interface, asked through the whole application."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from asgi_client import AppClient
from domain_stage import DomainStage, contract_of, serve_model
from fashion_stage import PNG, serve_fashion, write_shop

from pipelines.contract import Row
from pipelines.families.fashion_recommendations.family import FAMILY
from pipelines.settings import Settings

ASKED = "/recommendation"
IMAGES = "/recommendation/images"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shop(tmp_path_factory.mktemp("fashion") / "shop")


@pytest.fixture
def client(shop: Path, make_settings: Callable[..., Settings]) -> Iterator[AppClient]:
    source = {"source": {"url": str(shop)}}
    stage = DomainStage(make_settings(models={"fashion_recommendations": source}))
    with AppClient(app := stage.app()) as client:
        serve_fashion(app, shop)
        yield client
    stage.close()


def test_a_known_customer_gets_what_they_have_not_reviewed_yet(client):
    response = client.get(f"{ASKED}?customer_id=ana&top=5")
    body = response.json()
    assert response.status_code == 200
    assert (body["customer_id"], body["version"], body["decision_id"]) == ("ana", "5", "d5")
    shown = body["recommendations"]
    assert {item["item_id"] for item in shown} == {"m3", "m4", "m5"}
    assert set(shown[0]) == {"item_id", "score", "title", "image", "reason"}
    assert [item["score"] for item in shown] == sorted((i["score"] for i in shown), reverse=True)
    assert body["prediction_id"]
    assert body["request_id"] == response.headers["x-request-id"]


@pytest.mark.parametrize("query", ["", "?customer_id=", "?customer_id=nobody"])
def test_an_unknown_customer_gets_popular_items_that_are_labelled_so(client, query):
    body = client.get(ASKED + query).json()
    assert body["reason"] == "popular"
    assert body["recommendations"][0]["item_id"] == "m1"
    assert {item["reason"] for item in body["recommendations"]} == {"popular"}


def test_an_item_without_a_review_is_in_the_catalogue(client):
    listed = client.get(f"{ASKED}?customer_id=eva&top=500").json()["recommendations"]
    assert "m5" in {item["item_id"] for item in listed}


@pytest.mark.parametrize("top", ["1", "3"])
def test_top_says_how_many(client, top):
    assert len(client.get(f"{ASKED}?top={top}").json()["recommendations"]) == int(top)


@pytest.mark.parametrize("top", ["0", "-1", "501", "many", "2.5", "1_0", "٣", "9" * 5000])
def test_another_top_is_refused_by_name(client, top):
    response = client.get(ASKED, params={"top": top})
    assert response.status_code == 422
    assert "«top»" in response.json()["error"]


@pytest.mark.parametrize("customer", ["x" * 201, "a\0b"])
def test_an_unfitting_customer_is_refused_by_name(client, customer):
    response = client.get(ASKED, params={"customer_id": customer})
    assert response.status_code == 422
    assert "«customer_id»" in response.json()["error"]


def test_the_picture_of_a_recommendation_is_served(client):
    shown = client.get(f"{ASKED}?top=500").json()["recommendations"]
    images = {item["item_id"]: item["image"] for item in shown}
    assert images["m3"] == f"{IMAGES}/images/azul%20claro.png"
    assert images["m4"] is None
    response = client.get(images["m3"])
    assert response.status_code == 200
    assert response.content == PNG
    assert response.headers["content-type"] == "image/png"
    assert response.headers["cache-control"] == "public, max-age=3600"
    assert response.headers["x-content-type-options"] == "nosniff"


def test_a_picture_on_another_machine_is_linked_to_where_it_is(
    tmp_path: Path, make_settings: Callable[..., Settings]
) -> None:
    shop, there = write_shop(tmp_path / "shop"), "https://cdn.example/m3.png?w=200&h=1"
    items = (shop.parent / "items.csv").read_text().replace("images/azul claro.png", there)
    (shop.parent / "items.csv").write_text(items)
    stage = DomainStage(make_settings(models={"fashion_recommendations": {"source": {"url": "x"}}}))
    with AppClient(app := stage.app()) as client:
        serve_fashion(app, shop)
        listed = client.get(f"{ASKED}?top=500").json()["recommendations"]
    stage.close()
    images = {item["item_id"]: item["image"] for item in listed}
    assert (images["m3"], images["m1"]) == (there, f"{IMAGES}/images/m1.png")


def test_a_picture_that_the_client_has_is_not_sent_again(client):
    first = client.get(f"{IMAGES}/images/m1.png")
    again = client.get(f"{IMAGES}/images/m1.png", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "../secret.png",
        "%2e%2e/secret.png",
        "images/..%2f..%2fsecret.png",
        "%2fetc%2fpasswd",
        "notes.txt",
        "reviews.csv",
        "images",
        "images/absent.png",
        "images/m1.png%00.txt",
        "link.png",
        ".hidden/m1.png",
        "x" * 5000,
    ],
)
def test_nothing_but_the_sources_own_pictures_is_served(client, shop, path):
    link = shop.parent / "link.png"
    if not link.is_symlink():
        link.symlink_to(shop.parent.parent / "secret.png")
    hidden = shop.parent / ".hidden"
    hidden.mkdir(exist_ok=True)
    (hidden / "m1.png").write_bytes(PNG)
    response = client.get(f"{IMAGES}/{path}")
    assert response.status_code == 404
    assert b"secret" not in response.content.replace(b"secret.png", b"")
    assert response.json()["error"]


def test_a_source_that_is_no_file_has_no_pictures(make_settings: Callable[..., Settings]):
    source = {"source": {"url": "postgresql://shop.example/db?table=reviews"}}
    stage = DomainStage(make_settings(models={"fashion_recommendations": source}))
    with AppClient(stage.app()) as client:
        assert client.get(f"{IMAGES}/images/m1.png").status_code == 404
    stage.close()


class Foreign:
    """A version from elsewhere, which answers what it likes."""

    def __init__(self, row: Row) -> None:
        self._row = row

    def predict(self, instances: Sequence[Mapping[str, object]]) -> list[list[Row]]:
        return [[self._row] for _ in instances]

    def close(self) -> None:
        """Hold nothing."""


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        ({"rating": 4.5}, []),
        ({"rating": None, "items": None}, []),
        ({"rating": None, "items": ["m1", {"title": "nameless"}, {"item_id": "m2"}]}, ["m2"]),
    ],
)
def test_a_version_from_elsewhere_is_shown_as_far_as_it_answers_lists(
    make_settings: Callable[..., Settings], row: Row, shown: list[str]
) -> None:
    stage = DomainStage(make_settings(models={"fashion_recommendations": {"source": {"url": "x"}}}))
    with AppClient(app := stage.app()) as client:
        contract = contract_of("fashion_recommendations", "customer_id", "rating")
        schema = {"request_schema": FAMILY.Request.model_json_schema()}
        serve_model(app, contract.model_copy(update=schema), Foreign(row), "5")
        response = client.get(f"{ASKED}?customer_id=ana")
    stage.close()
    assert response.status_code == 200
    assert [item["item_id"] for item in response.json()["recommendations"]] == shown


def test_before_the_first_champion_waiting_is_advised(make_settings: Callable[..., Settings]):
    models = {"fashion_recommendations": {"source": {"url": "reviews.csv"}}}
    stage = DomainStage(make_settings(models=models))
    with AppClient(stage.app()) as client:
        response = client.get(ASKED)
    stage.close()
    assert response.status_code == 503
    assert response.headers["retry-after"]
    assert response.json()["error"]
