"""Messages confirmed as orders, the files they leave as, and the outbox that posts them."""

from __future__ import annotations

import csv
import io
import json
import re
import threading
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.orders import outbox
from pipelines.orders.choices import Choice, Choices
from pipelines.orders.confirmed_orders import ConfirmedOrder, ConfirmedOrders, OrderedLine
from pipelines.orders.confirming import Confirming, LinesOpen, NothingOrdered, UnknownMessage
from pipelines.orders.order_files import BYTE_ORDER_MARK, as_csv, as_json
from pipelines.orders.order_lines import IncomingLine, OrderLines
from pipelines.orders.outbox import Outbox, pause
from pipelines.orders.product_catalogue import Product
from pipelines.store import Store

pytestmark = pytest.mark.both_databases
LINE = OrderedLine("l1", "martillo", 2.0, "A", "Martillo de uña", "P-1", 120.0)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def orders(store: Store, clock: Clock) -> ConfirmedOrders:
    return ConfirmedOrders(store, clock=clock)


@pytest.fixture
def confirming(store: Store, orders: ConfirmedOrders) -> Confirming:
    lines = OrderLines(store)
    lines.add([IncomingLine("m1", 0, "martillo", 2.0), IncomingLine("m1", 1, "cable", 1.0)])
    return Confirming(store, lines, Choices(store), orders, deliver=False)


def choose(confirming: Confirming, place: int, code: str | None, quantity: float = 1.0) -> None:
    line = confirming.lines.message("m1")[place]
    action = "accept" if code else "skip"
    confirming.choices.keep(
        Choice(f"c{place}", line.line_id, action, code, quantity, "ana", {}, "2026-11-21T10:00:00Z")
    )


def product_of(code: str, _description: str) -> Product | None:
    return Product(code, "Martillo de uña", "P-1", None, 120.0) if code == "A" else None


def confirm(confirming: Confirming) -> ConfirmedOrder:
    return confirming.confirm("m1", "ana", product_of)


def test_a_message_is_an_order_when_every_line_was_chosen_or_skipped(confirming):
    with pytest.raises(LinesOpen) as caught:
        confirm(confirming)
    assert [line.description for line in caught.value.lines] == ["martillo", "cable"]

    choose(confirming, 0, "A", quantity=5.0)
    choose(confirming, 1, None)
    order = confirm(confirming)

    assert [(line.code, line.quantity, line.product) for line in order.lines] == [
        ("A", 5.0, "Martillo de uña")
    ]
    assert confirming.lines.latest(10) == []  # it has left the desk


def test_a_message_is_one_order_for_ever(confirming):
    choose(confirming, 0, "A")
    choose(confirming, 1, "B")
    assert confirm(confirming) == confirm(confirming)
    assert len(confirming.orders.latest(10)) == 1


def test_a_message_of_skipped_lines_alone_is_no_order(confirming):
    choose(confirming, 0, None)
    choose(confirming, 1, None)
    with pytest.raises(NothingOrdered):
        confirm(confirming)


def test_an_unknown_message_is_said_to_be_unknown(confirming):
    with pytest.raises(UnknownMessage):
        confirming.confirm("m9", "ana", product_of)


def test_as_csv_an_order_is_read_back_line_by_line(orders):
    order = orders.confirm("m1", [LINE], reviewer="ana", deliver=False)

    text = as_csv(order).decode("utf-8")
    (row,) = csv.DictReader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK)))

    assert text.startswith(BYTE_ORDER_MARK)
    assert row["order_id"] == order.order_id
    assert (row["code"], row["quantity"], row["price"]) == ("A", "2", "120.0")
    assert row["product"] == "Martillo de uña"


@given(st.text(alphabet="a ;\t\n\r\"'=-,", max_size=12))
def test_no_cell_begins_a_formula_where_the_spreadsheet_parts_cells_by_semicolons(text):
    line = replace(LINE, description=f"martillo{text}")
    order = ConfirmedOrder("o1", "m1", "ana", "now", (line,), "none", 0, None, None, None)
    body = as_csv(order).decode().removeprefix(BYTE_ORDER_MARK).split("\r\n", 1)[1]
    for cell in re.split(r"[;\t\r\n]", body):
        assert not cell.lstrip(' "').startswith(("=", "+", "-", "@"))


def test_what_a_late_attempt_says_does_not_undo_a_delivery(orders, clock):
    orders.confirm("m1", [LINE], reviewer="ana", deliver=True)
    late = orders.take(lease_seconds=60)
    clock.pass_by(61)
    again = orders.take(lease_seconds=60)
    orders.missed(late, "does not answer", None)
    assert orders.get(again.order_id).delivery == "waiting"

    orders.delivered(again.order_id)
    orders.missed(again, "does not answer", 5.0)
    assert orders.get(again.order_id).delivery == "sent"
    assert orders.take(lease_seconds=60) is None


class Endless(BaseHTTPRequestHandler):
    """Takes whatever is posted, and never ends its answer."""

    def do_POST(self) -> None:
        """Say 201, and go on."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.end_headers()
        with suppress(OSError):
            while True:
                self.wfile.write(b"x" * 65_536)

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


def test_an_address_whose_answer_never_ends_has_taken_the_order():
    with ThreadingHTTPServer(("127.0.0.1", 0), Endless) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/orders"
        assert outbox.over_http(url, b"{}", {"Content-Type": "application/json"}) == 201
        server.shutdown()


def test_as_json_an_order_says_who_confirmed_what(orders):
    order = orders.confirm("m1", [LINE], reviewer="ana", deliver=False)
    document = json.loads(as_json(order))
    assert document["reviewer"] == "ana"
    assert document["lines"][0]["code"] == "A"


def test_an_order_is_posted_until_it_has_arrived(orders, clock):
    answers = [httpx.ConnectError("down"), 503, 201]
    posted = []

    def post(url: str, content: bytes, headers: dict[str, str]) -> int:
        posted.append((url, json.loads(content)["message_id"], headers["Idempotency-Key"]))
        answer = answers[len(posted) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer

    order = orders.confirm("m1", [LINE], reviewer="ana", deliver=True)
    box = Outbox(orders, "http://user:secret@shop.example/orders", post)

    assert box.deliver_one()
    waiting = orders.get(order.order_id)
    assert (waiting.delivery, waiting.attempts) == ("waiting", 1)
    assert waiting.error == "http://shop.example/orders does not answer: ConnectError"
    assert not box.deliver_one()  # not yet
    clock.pass_by(pause(1))
    assert box.deliver_one()
    assert orders.get(order.order_id).error == "http://shop.example/orders answered 503"
    clock.pass_by(pause(2))
    assert box.deliver_one()

    arrived = orders.get(order.order_id)
    assert (arrived.delivery, arrived.attempts, arrived.error) == ("sent", 3, None)
    assert {key for _, _, key in posted} == {order.order_id}
    clock.pass_by(1e6)
    assert not box.deliver_one()


def test_what_is_refused_for_good_waits_for_a_person(orders, clock):
    order = orders.confirm("m1", [LINE], reviewer="ana", deliver=True)
    statuses = [422, 200]
    box = Outbox(orders, "http://shop.example", lambda *_: statuses.pop(0))

    box.deliver_one()
    assert orders.get(order.order_id).delivery == "failed"
    clock.pass_by(1e6)
    assert not box.deliver_one()

    orders.deliver(order.order_id)
    assert box.deliver_one()
    assert orders.get(order.order_id).delivery == "sent"


def test_what_never_arrives_is_given_up_after_some_hours(orders, clock):
    order = orders.confirm("m1", [LINE], reviewer="ana", deliver=True)
    box = Outbox(orders, "http://shop.example", lambda *_: 500)
    waited = 0.0
    while orders.get(order.order_id).delivery == "waiting":
        assert box.deliver_one()
        step = pause(orders.get(order.order_id).attempts)
        clock.pass_by(step)
        waited += step
    assert orders.get(order.order_id).attempts == outbox.ATTEMPTS
    assert 8 * 3600 < waited < 14 * 3600


def test_an_order_that_somebody_delivers_is_left_to_him_until_he_is_dead(orders, clock):
    orders.confirm("m1", [LINE], reviewer="ana", deliver=True)
    assert orders.take(lease_seconds=60) is not None
    assert orders.take(lease_seconds=60) is None
    clock.pass_by(61)
    taken = orders.take(lease_seconds=60)
    assert taken is not None
    assert taken.attempts == 2


def test_without_an_address_nothing_waits_to_be_posted(orders):
    orders.confirm("m1", [LINE], reviewer="ana", deliver=False)
    assert orders.take(lease_seconds=60) is None
