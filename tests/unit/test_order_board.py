"""The board never lets a request wait for the store once it knows something."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from pipelines.orders.order_lines import IncomingLine, OrderLines
from pipelines.store import Store
from serving.review.order_board import OrderBoard
from serving.slots.shelf import Shelf

pytestmark = pytest.mark.both_databases


class MoodyStore(Store):
    """A store that can be slow to read, or away."""

    def __init__(self, store: Store) -> None:
        super().__init__(store.engine)
        self.open = threading.Event()
        self.open.set()
        self.away = False
        self.reading = 0

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Read, when this store is in the mood for it."""
        self.reading += 1
        self.open.wait(120)
        try:
            if self.away:
                raise OperationalError("select", {}, ConnectionError("gone"))
            with super().read() as connection:
                yield connection
        finally:
            self.reading -= 1


@pytest.fixture
def moody(store: Store) -> MoodyStore:
    return MoodyStore(store)


@pytest.fixture
def board(moody: MoodyStore, tmp_path: Path) -> OrderBoard:
    return OrderBoard(moody, Shelf(tmp_path / "none.jsonl"), patience_seconds=0.05)


def order(store: Store, message_id: str) -> None:
    lines = OrderLines(store)
    line = IncomingLine(message_id, 0, "martillo", 1.0)
    lines.add([line])
    lines.predicted({line.line_id: {"code": "27", "confidence": 0.5}})


def test_a_slow_store_costs_no_more_than_the_patience(
    store: Store, moody: MoodyStore, board: OrderBoard
) -> None:
    async def asked() -> tuple[int, int, float]:
        order(store, "m1")
        before = await board.current()
        order(store, "m2")
        moody.open.clear()
        start = time.perf_counter()
        during = await board.current()
        waited = time.perf_counter() - start
        moody.open.set()
        await board.stop()
        return len(before.entries), len(during.entries), waited

    before, during, waited = asyncio.run(asked())
    assert (before, during) == (1, 1)
    assert waited < 60


def test_after_a_slow_moment_the_board_is_new_again(
    store: Store, moody: MoodyStore, board: OrderBoard
) -> None:
    async def asked() -> int:
        await board.current()
        order(store, "m1")
        moody.open.clear()
        await board.current()
        moody.open.set()
        await asyncio.to_thread(board.renewed)
        newest = len((await board.current()).entries)
        await board.stop()
        return newest

    assert asyncio.run(asked()) == 1


def test_once_it_has_stopped_nothing_is_read_any_more(
    store: Store, moody: MoodyStore, board: OrderBoard
) -> None:
    async def asked() -> int:
        await board.current()
        moody.open.clear()
        await board.current()
        asyncio.get_running_loop().call_later(0.2, moody.open.set)
        await board.stop()
        return moody.reading

    assert asyncio.run(asked()) == 0


def test_a_store_that_is_away_leaves_the_last_board(
    store: Store, moody: MoodyStore, board: OrderBoard
) -> None:
    order(store, "m1")
    known = board.renewed()
    moody.away = True
    assert asyncio.run(board.current()) is known


def test_before_the_first_board_a_store_that_is_away_is_an_error(
    moody: MoodyStore, board: OrderBoard
) -> None:
    moody.away = True
    with pytest.raises(OperationalError):
        asyncio.run(board.current())


def test_nothing_is_read_again_while_nothing_has_changed(store: Store, board: OrderBoard) -> None:
    order(store, "m1")
    assert board.renewed() is board.renewed()
    order(store, "m2")
    assert len(board.renewed().entries) == 2
