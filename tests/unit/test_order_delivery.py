"""Orders reach the configured address over real HTTP, by the thread that delivers them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from asgi_client import AppClient
from domain_stage import DomainStage
from pydantic import ValidationError
from waiting import wait_for

from pipelines.settings import Settings


class Shop(ThreadingHTTPServer):
    """Takes orders, and says 503 to the first ones where it is told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Counter)
        self.taken: list[tuple[str, dict]] = []
        self.refusals = 0


class Counter(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        shop = self.server
        assert isinstance(shop, Shop)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        refused = shop.refusals > 0
        shop.refusals -= refused
        if not refused:
            shop.taken.append((self.headers["Idempotency-Key"], body))
        self.send_response(503 if refused else 204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop() as shop:
        thread = threading.Thread(target=shop.serve_forever, args=(0.01,))
        thread.start()
        yield shop
        shop.shutdown()
        thread.join()


@pytest.fixture
def client(make_settings: Callable[..., Settings], shop: Shop) -> Iterator[AppClient]:
    address = f"http://clerk:secret@127.0.0.1:{shop.server_port}/orders"
    stage = DomainStage(make_settings(orders={"post_to": address}))
    stage.order("m1", "martillo")
    with AppClient(stage.app()) as client:
        yield client
    stage.close()


def confirm(client: AppClient) -> dict:
    (message,) = client.get("/v1/review/lines").json()["messages"]
    choice = {
        "id": "choice-0001",
        "line_id": message["lines"][0]["line_id"],
        "action": "change",
        "code": "27110001",
        "at": "2026-11-21T10:00:00Z",
    }
    client.post("/v1/review/choices", json={"reviewer": "ana", "choices": [choice]})
    return client.post("/v1/review/messages/m1/order", json={"reviewer": "ana"}).json()


def until(client: AppClient, reached: Callable[[dict], bool]) -> dict:
    def order() -> dict | None:
        found = client.get("/v1/review/orders").json()["orders"][0]
        return found if reached(found) else None

    return wait_for(order)


def test_a_confirmed_order_is_posted_at_once(client, shop):
    order = confirm(client)
    assert order["delivery"] == "waiting"

    sent = until(client, lambda order: order["delivery"] == "sent")

    assert sent["attempts"] == 1
    ((key, body),) = shop.taken
    assert (key, body["message_id"]) == (order["order_id"], "m1")
    assert body["lines"][0]["code"] == "27110001"


def test_an_order_that_was_not_taken_says_so_and_is_posted_again_when_asked(client, shop):
    shop.refusals = 1
    order = confirm(client)
    waiting = until(client, lambda order: order["error"] is not None)
    assert (waiting["delivery"], waiting["attempts"]) == ("waiting", 1)
    assert waiting["error"].endswith("/orders answered 503")

    client.post(f"/v1/review/orders/{order['order_id']}/delivery")

    until(client, lambda order: order["delivery"] == "sent")
    assert [key for key, _ in shop.taken] == [order["order_id"]]


def test_the_address_is_shown_without_its_password(client, shop):
    shown = client.get("/v1/review/orders").json()["post_to"]
    assert shown == f"http://127.0.0.1:{shop.server_port}/orders"


@pytest.mark.parametrize("address", ["ftp://shop.example", "shop.example/orders", "http://"])
def test_an_address_of_another_kind_is_refused(make_settings, address):
    with pytest.raises(ValidationError, match="post_to"):
        make_settings(orders={"post_to": address})
