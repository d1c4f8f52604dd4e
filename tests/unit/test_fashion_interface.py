"""The fashion shop's interface, asked through the whole application."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from asgi_client import AppClient
from domain_stage import DomainStage
from fashion_stage import PNG, serve_fashion, write_shop

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


def test_before_the_first_champion_waiting_is_advised(make_settings: Callable[..., Settings]):
    models = {"fashion_recommendations": {"source": {"url": "reviews.csv"}}}
    stage = DomainStage(make_settings(models=models))
    with AppClient(stage.app()) as client:
        response = client.get(ASKED)
    stage.close()
    assert response.status_code == 503
    assert response.headers["retry-after"]
    assert response.json()["error"]
