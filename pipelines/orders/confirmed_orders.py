"""Messages that a person confirmed as orders: kept once each, and how far their delivery is."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import orjson
from sqlalchemy import func, insert, select, update

from pipelines import changes
from pipelines.store import confirmed_orders as table

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Row

    from pipelines.store import Store

SUBJECT = "orders"
CHUNK = 500
Delivery = Literal["none", "waiting", "sent", "failed"]


class UnknownOrder(LookupError):
    """No order has that id."""


@dataclass(frozen=True)
class OrderedLine:
    """A line as it leaves: what was written, and what a person says it stands for."""

    line_id: str
    description: str
    quantity: float
    code: str
    product: str | None
    product_id: str | None
    price: float | None


@dataclass(frozen=True)
class ConfirmedOrder:
    """One order; `error` is what went wrong at the last attempt to deliver it.

    `part` is 1, or more where lines were added to a message that was an order already.
    """

    order_id: str
    message_id: str
    reviewer: str
    created_at: str
    lines: tuple[OrderedLine, ...]
    delivery: Delivery
    attempts: int
    next_attempt_at: float | None
    delivered_at: str | None
    error: str | None
    part: int = 1


class ConfirmedOrders:
    """The orders of a store; `clock` is in UTC."""

    def __init__(
        self, store: Store, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store = store
        self._clock = clock

    def confirm(
        self,
        message_id: str,
        lines: Sequence[OrderedLine],
        *,
        reviewer: str,
        deliver: bool,
        part: int = 1,
    ) -> ConfirmedOrder:
        """Keep a part of a message as an order; on disk when this returns.

        A part is one order for ever: confirmed once more, the first one is returned.
        """
        which = (table.c.message_id == message_id) & (table.c.part == part)
        with self._store.write() as connection:
            if not connection.scalar(select(table.c.number).where(which)):
                number = int(connection.scalar(select(func.max(table.c.number))) or 0) + 1
                now = self._clock()
                connection.execute(
                    insert(table).values(
                        number=number,
                        order_id=f"o{number:06d}-{secrets.token_hex(3)}",
                        message_id=message_id,
                        part=part,
                        reviewer=reviewer,
                        lines=orjson.dumps([asdict(line) for line in lines]).decode(),
                        created_at=now.isoformat(),
                        delivery="waiting" if deliver else "none",
                        attempts=0,
                        next_attempt_at=now.timestamp() if deliver else None,
                    )
                )
                changes.moved(connection, SUBJECT)
        return self._select(which)[0]

    def get(self, order_id: str) -> ConfirmedOrder:
        """Return an order. Raises `UnknownOrder`."""
        found = self._select(table.c.order_id == order_id)
        if not found:
            raise UnknownOrder(f"no order is called {order_id!r}")
        return found[0]

    def of_message(self, message_id: str) -> ConfirmedOrder | None:
        """Return the order that a message became, if it did; of several the latest."""
        found = self._select(table.c.message_id == message_id, 1)
        return found[0] if found else None

    def of_messages(self, message_ids: Sequence[str]) -> dict[str, list[str]]:
        """Return the ids of the orders that messages became, the first ones first."""
        found: dict[str, list[str]] = {}
        with self._store.read() as connection:
            for start in range(0, len(message_ids), CHUNK):
                which = table.c.message_id.in_(message_ids[start : start + CHUNK])
                query = select(table.c.message_id, table.c.order_id).where(which)
                for message_id, order_id in connection.execute(query.order_by(table.c.number)):
                    found.setdefault(message_id, []).append(order_id)
        return found

    def latest(self, limit: int) -> list[ConfirmedOrder]:
        """Return orders, the newest first."""
        return self._select(table.c.number > 0, limit)

    def deliver(self, order_id: str) -> ConfirmedOrder:
        """Have an order delivered now, whatever became of it before. Raises `UnknownOrder`."""
        self.get(order_id)
        self._set(order_id, delivery="waiting", next_attempt_at=self._clock().timestamp())
        return self.get(order_id)

    def take(self, lease_seconds: float) -> ConfirmedOrder | None:
        """Return an order that is due, and keep it from others for as long as the lease."""
        now = self._clock().timestamp()
        due = (table.c.delivery == "waiting") & (table.c.next_attempt_at <= now)
        first = select(table.c.order_id).where(due).order_by(table.c.next_attempt_at).limit(1)
        with self._store.read() as connection:
            if connection.scalar(first) is None:
                return None  # asked often, and seldom is there one: no write lock for that
        with self._store.write() as connection:
            order_id = connection.scalar(first)
            if order_id is None:
                return None
            values = {"next_attempt_at": now + lease_seconds, "attempts": table.c.attempts + 1}
            connection.execute(update(table).where(table.c.order_id == order_id).values(values))
        return self.get(order_id)

    def delivered(self, order_id: str) -> None:
        """Say that an order has arrived."""
        now = self._clock().isoformat()
        self._set(order_id, delivery="sent", next_attempt_at=None, delivered_at=now, error=None)

    def missed(self, order: ConfirmedOrder, error: str, again_in_seconds: float | None) -> None:
        """Say why an attempt failed; tried again after that time, or not at all.

        `order` is as it was taken: where somebody has taken or delivered it since, that counts.
        """
        again = again_in_seconds is not None
        self._set(
            order.order_id,
            (table.c.delivery == "waiting") & (table.c.attempts == order.attempts),
            delivery="waiting" if again else "failed",
            next_attempt_at=self._clock().timestamp() + (again_in_seconds or 0) if again else None,
            error=error,
        )

    def _set(
        self, order_id: str, where: ColumnElement[bool] | None = None, **values: object
    ) -> None:
        which = table.c.order_id == order_id
        with self._store.write() as connection:
            some = which if where is None else which & where
            connection.execute(update(table).where(some).values(**values))
            changes.moved(connection, SUBJECT)

    def _select(self, which: ColumnElement[bool], limit: int | None = None) -> list[ConfirmedOrder]:
        query = select(table).where(which).order_by(table.c.number.desc()).limit(limit)
        with self._store.read() as connection:
            return [_restored(row) for row in connection.execute(query)]


def _restored(row: Row[tuple[object, ...]]) -> ConfirmedOrder:
    return ConfirmedOrder(
        order_id=row.order_id,
        message_id=row.message_id,
        reviewer=row.reviewer,
        created_at=row.created_at,
        lines=tuple(OrderedLine(**line) for line in orjson.loads(row.lines)),
        delivery=row.delivery,
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        delivered_at=row.delivered_at,
        error=row.error,
        part=row.part,
    )
