"""Orders that leave the review desk, asked through the whole application."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from asgi_client import AppClient
from domain_stage import DomainStage
from review_stage import MODELS, choose, desk, lines, reviewed

from pipelines.settings import Settings


@pytest.fixture
def stage(make_settings: Callable[..., Settings]) -> Iterator[DomainStage]:
    stage = DomainStage(make_settings(models=MODELS))
    stage.write_catalogue()
    yield stage
    stage.close()


@pytest.fixture
def client(stage: DomainStage) -> Iterator[AppClient]:
    with reviewed(stage) as client:
        yield client


def test_a_message_leaves_as_an_order(stage, client):
    stage.order("m/1", "martillo", "cable")
    stage.predict()
    found = lines(client)
    choose(client, found["martillo"], "accept", 1, quantity=3)

    open_ = client.post("/v1/review/messages/m/1/order", json={"reviewer": "ana"})
    assert open_.status_code == 409
    assert open_.json()["errors"] == [
        {"line_id": found["cable"]["line_id"], "description": "cable"}
    ]

    choose(client, found["cable"], "skip", 2)
    order = client.post("/v1/review/messages/m/1/order", json={"reviewer": "ana"}).json()
    assert [(line["code"], line["quantity"]) for line in order["lines"]] == [("27110001", 3.0)]
    assert order["delivery"] == "none"
    assert desk(client)["messages"] == []
    assert client.get("/v1/review/orders").json() == {"orders": [order], "post_to": None}
    as_csv = client.get(f"/v1/review/orders/{order['order_id']}.csv")
    assert as_csv.headers["content-disposition"].startswith("attachment")
    assert "27110001" in as_csv.text
    assert client.get(f"/v1/review/orders/{order['order_id']}.json").json()["message_id"] == "m/1"
    assert "order" in choose(client, found["martillo"], "undo", 3)["reason"]
    again = client.post(f"/v1/review/orders/{order['order_id']}/delivery")
    assert (again.status_code, again.json()["type"]) == (
        409,
        "urn:contender:problem:nowhere-to-deliver",
    )


def test_a_line_that_comes_to_an_order_is_shown_with_it_and_becomes_another(stage, client):
    stage.order("m1", "martillo")
    stage.predict()
    choose(client, lines(client)["martillo"], "accept", 1)
    first = client.post("/v1/review/messages/m1/order", json={"reviewer": "ana"}).json()
    assert first["part"] == 1

    stage.order("m1", "martillo", "martillo de bola")
    stage.predict()
    (message,) = desk(client)["messages"]
    assert message["orders"] == [first["order_id"]]
    (later,) = message["lines"]
    assert choose(client, later, "accept", 2)["outcome"] == "kept"
    second = client.post("/v1/review/messages/m1/order", json={"reviewer": "ana"}).json()

    assert (second["part"], [line["description"] for line in second["lines"]]) == (
        2,
        ["martillo de bola"],
    )
    assert desk(client)["messages"] == []


def test_progress_counts_what_waits_beyond_the_lines_shown(stage, client, monkeypatch):
    monkeypatch.setattr("serving.review.desk.LINES", 4)
    for number in range(5):
        stage.order(f"m{number}", "martillo", "cable")
    stage.predict()
    shown = desk(client)
    visible = [line for message in shown["messages"] for line in message["lines"]]
    assert len(visible) == 4
    assert (shown["progress"]["lines"], shown["progress"]["beyond"]) == (10, 6)

    choose(client, visible[0], "accept", 1)
    progress = desk(client)["progress"]

    assert (progress["lines"], progress["beyond"], progress["done"]) == (10, 6, 1)


def test_unknown_messages_and_orders_are_not_found(client):
    for path in ("messages/m9/order", "messages/m9/read", "orders/o9/delivery"):
        assert client.post(f"/v1/review/{path}", json={"reviewer": "ana"}).status_code == 404
    assert client.get("/v1/review/orders/o9.csv").status_code == 404
    assert client.get("/v1/review/messages/m9/audio").status_code == 404


def test_a_message_that_nothing_is_ordered_of_is_hidden(stage, client):
    stage.order("m1", "martillo")
    stage.predict()
    assert client.post("/v1/review/messages/m1/read").json() == {"message_id": "m1", "lines": 1}
    assert desk(client)["messages"] == []
