"""Lines that a feed adds to a message that was ordered: reviewed and ordered by themselves."""

from __future__ import annotations

from contextlib import closing

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from pipelines.labels import Labels
from pipelines.migrations.upgrade import configuration
from pipelines.orders import waiting
from pipelines.orders.choices import Choice, Choices
from pipelines.orders.choosing import Choosing, Outcome
from pipelines.orders.confirmed_orders import ConfirmedOrder, ConfirmedOrders
from pipelines.orders.confirming import Confirming, LinesOpen, NothingOrdered
from pipelines.orders.order_files import as_json
from pipelines.orders.order_lines import IncomingLine, OrderLine, OrderLines
from pipelines.schema_version import VERSION_TABLE, versions
from pipelines.store import Store, confirmed_orders, feed_lines, metadata, open_store

pytestmark = pytest.mark.both_databases


class Desk:
    """A clerk's desk with one message of two lines."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.lines = OrderLines(store)
        self.choices = Choices(store)
        self.orders = ConfirmedOrders(store)
        labels = Labels(store)
        self.choosing = Choosing(store, labels, self.choices, self.orders, lambda: None)
        self.confirming = Confirming(store, self.lines, self.choices, self.orders, deliver=False)
        self.arrives("martillo", "cable")
        self._number = 0

    def arrives(self, *texts: str, message: str = "m1") -> None:
        """Take in the message as the feed has it now."""
        self.lines.add(
            [IncomingLine(message, place, text, 1.0) for place, text in enumerate(texts)]
        )

    def line(self, text: str) -> OrderLine:
        return next(each for each in self.lines.message("m1") if each.description == text)

    def does(self, action: str, line: OrderLine, code: str | None = None) -> Outcome:
        self._number += 1
        name, now = f"choice-{self._number}", "2026-11-21T10:00:00+00:00"
        choice = Choice(name, line.line_id, action, code, line.quantity, "ana", {}, now)
        return self.choosing.take(choice, line)

    def accepts(self, *texts: str) -> None:
        for each in texts:
            assert self.does("accept", self.line(each), f"code of {each}").outcome == "kept"

    def confirms(self) -> ConfirmedOrder:
        return self.confirming.confirm("m1", "ana", lambda *_: None)


@pytest.fixture
def desk(store: Store) -> Desk:
    desk = Desk(store)
    desk.accepts("martillo")
    assert desk.does("skip", desk.line("cable")).outcome == "kept"
    return desk


def descriptions(order: ConfirmedOrder) -> list[str]:
    return [line.description for line in order.lines]


def test_a_line_that_came_later_is_an_order_of_its_own_and_the_first_one_stays(desk):
    first = desk.confirms()
    desk.arrives("martillo", "cable", "tornillo")

    assert [line.description for line in desk.lines.latest(10)] == ["tornillo"]
    with pytest.raises(LinesOpen) as caught:
        desk.confirms()
    assert [line.description for line in caught.value.lines] == ["tornillo"]
    desk.accepts("tornillo")
    second = desk.confirms()

    assert descriptions(second) == ["tornillo"]
    assert (first.part, second.part) == (1, 2)
    assert desk.orders.get(first.order_id) == first
    assert desk.orders.of_messages(["m1", "m2"]) == {"m1": [first.order_id, second.order_id]}
    assert desk.lines.latest(10) == []
    assert b'"part": 2' in as_json(second)


def test_confirmed_once_more_a_message_is_the_order_that_it_became_last(desk):
    desk.confirms()
    desk.arrives("martillo", "cable", "tornillo")
    desk.accepts("tornillo")

    assert desk.confirms() == desk.confirms()
    assert len(desk.orders.latest(10)) == 2


def test_what_went_with_the_first_order_is_settled_also_what_was_skipped(desk):
    stale = {name: desk.line(name) for name in ("martillo", "cable")}
    order = desk.confirms()
    desk.arrives("martillo", "cable", "tornillo")

    for line in stale.values():
        refused = desk.does("accept", line, "another")
        assert refused == Outcome("refused", f"its message is order {order.order_id} already")
    assert desk.does("accept", desk.line("tornillo"), "A").outcome == "kept"


def test_a_later_line_that_is_skipped_makes_no_order(desk):
    desk.confirms()
    desk.arrives("martillo", "cable", "tornillo")
    desk.does("skip", desk.line("tornillo"))

    with pytest.raises(NothingOrdered):
        desk.confirms()


def test_a_line_added_to_a_hidden_message_is_ordered_without_what_was_hidden(store):
    desk = Desk(store)
    desk.lines.mark_read("m1")
    desk.arrives("martillo", "cable", "tornillo")
    desk.accepts("tornillo")

    assert descriptions(desk.confirms()) == ["tornillo"]


def test_two_orders_never_are_the_same_part_of_a_message(desk, store):
    desk.confirms()
    with store.read() as connection:
        row = dict(connection.execute(select(confirmed_orders)).mappings().one())
    with pytest.raises(IntegrityError), store.write() as connection:
        connection.execute(insert(confirmed_orders), {**row, "number": 9, "order_id": "o9"})


def test_all_lines_that_wait_are_counted_and_no_others(desk):
    desk.arrives(*(f"tuerca {number}" for number in range(30)), message="m2")
    assert waiting.count(desk.store) == 30

    desk.confirms()
    other = desk.lines.message("m2")
    desk.does("accept", other[0], "A")
    desk.does("skip", other[1])
    desk.does("accept", other[2], "A")
    desk.does("undo", other[2])
    assert waiting.count(desk.store) == 28

    desk.lines.mark_read("m2")
    assert waiting.count(desk.store) == 0


def test_the_lines_that_wait_are_found_without_reading_those_of_years(desk):
    explain = {"sqlite": "EXPLAIN QUERY PLAN ", "postgresql": "EXPLAIN "}
    query = select(feed_lines.c.received_at).where(feed_lines.c.read.is_(False))
    engine = desk.store.engine
    shown = str(query.order_by(feed_lines.c.received_at.desc()).compile(engine))
    with desk.store.write() as connection:
        if engine.dialect.name == "postgresql":  # of so few rows it would read them all
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = connection.execute(text(explain[engine.dialect.name] + shown)).fetchall()
    assert "feed_that_waits" in str(plan)


def test_an_order_of_an_earlier_release_is_the_first_part_of_its_message(store_address):
    from alembic import command

    with closing(open_store(store_address)) as store, store.engine.begin() as connection:
        metadata.drop_all(connection)
        versions.drop(connection)
        command.upgrade(configuration(connection, VERSION_TABLE), "0003")
        told = "number, order_id, message_id, reviewer, lines, created_at, delivery, attempts"
        values = "1, 'o1', 'm1', 'ana', '[]', '2026-11-21T10:00:00+00:00', 'none', 0"
        connection.execute(text(f"INSERT INTO confirmed_orders ({told}) VALUES ({values})"))

    with closing(open_store(store_address)) as store:
        orders = ConfirmedOrders(store)
        first = orders.of_message("m1")
        second = orders.confirm("m1", [], reviewer="ana", deliver=False, part=2)
        assert (first.order_id, first.part, second.part) == ("o1", 1, 2)
        assert orders.confirm("m1", [], reviewer="ana", deliver=False, part=2) == second
