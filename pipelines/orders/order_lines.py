"""Incoming order lines at rest: what was asked for, what was predicted, what has been read.

A line's id is made of its content, so reading the same feed again adds nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import bindparam, func, insert, select, update

from pipelines import changes
from pipelines.store import feed_lines

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Row

    from pipelines.store import Store

SUBJECT = "feed"
MESSAGE_ID_CHARACTERS = 128
CHUNK = 500


class UnknownLine(LookupError):
    """No order line has that id."""


@dataclass(frozen=True)
class IncomingLine:
    """A line as a message states it.

    `occurrence` counts equal lines of one message, so that an order may name a product twice.
    """

    message_id: str
    position: int
    description: str
    quantity: float
    occurrence: int = 0
    audio: str | None = None

    @property
    def line_id(self) -> str:
        """The sha256 of what the line says, in which message, and how many times before."""
        content = [self.message_id, self.description, self.quantity, self.occurrence]
        return hashlib.sha256(orjson.dumps(content)).hexdigest()


@dataclass(frozen=True)
class OrderLine:
    """A stored line; `prediction` is empty until a champion has answered."""

    line_id: str
    message_id: str
    position: int
    description: str
    quantity: float
    audio: str | None
    prediction: Mapping[str, object] | None
    read: bool
    received_at: str


class OrderLines:
    """The order lines of a store."""

    def __init__(
        self, store: Store, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store = store
        self._clock = clock

    def known(self, line_ids: Sequence[str]) -> set[str]:
        """Return those of the ids that are stored."""
        found: set[str] = set()
        with self._store.read() as connection:
            for start in range(0, len(line_ids), CHUNK):
                some = line_ids[start : start + CHUNK]
                query = select(feed_lines.c.line_id).where(feed_lines.c.line_id.in_(some))
                found.update(connection.scalars(query))
        return found

    def add(self, lines: Sequence[IncomingLine]) -> int:
        """Store the lines that are new, all or none, and return how many were."""
        with self._store.write() as connection:
            known = self.known([line.line_id for line in lines])
            fresh = {line.line_id: line for line in lines if line.line_id not in known}
            if not fresh:
                return 0
            places = {line.message_id: number for number, line in enumerate(lines)}
            start = max(self._clock(), _last_received(connection) + timedelta(microseconds=1))
            connection.execute(
                insert(feed_lines),
                [
                    # A microsecond apart, so that messages keep the order in which they came.
                    _row(line, start + timedelta(microseconds=places[line.message_id]))
                    for line in fresh.values()
                ],
            )
            changes.moved(connection, SUBJECT)
        return len(fresh)

    def latest(self, limit: int) -> list[OrderLine]:
        """Return unread lines, the newest message first, in the order of the message."""
        return self._select(feed_lines.c.read.is_(False), limit)

    def message(self, message_id: str) -> list[OrderLine]:
        """Return all lines of a message, read ones too."""
        return self._select(feed_lines.c.message_id == message_id, None)

    def one(self, line_id: str) -> OrderLine:
        """Return a stored line. Raises `UnknownLine`."""
        found = self.of([line_id])
        if line_id not in found:
            raise UnknownLine(f"no order line is called {line_id!r}")
        return found[line_id]

    def of(self, line_ids: Sequence[str]) -> dict[str, OrderLine]:
        """Return those of the lines that are stored, by id."""
        found: list[OrderLine] = []
        for start in range(0, len(line_ids), CHUNK):
            found += self._select(feed_lines.c.line_id.in_(line_ids[start : start + CHUNK]), None)
        return {line.line_id: line for line in found}

    def predicted(self, predictions: Mapping[str, Mapping[str, object]]) -> None:
        """Store predictions by line id."""
        if not predictions:
            return
        statement = (
            update(feed_lines)
            .where(feed_lines.c.line_id == bindparam("which"))
            .values(prediction=bindparam("answer"))
        )
        rows = [
            {"which": line_id, "answer": orjson.dumps(dict(answer)).decode()}
            for line_id, answer in predictions.items()
        ]
        with self._store.write() as connection:
            connection.execute(statement, rows)
            changes.moved(connection, SUBJECT)

    def mark_read(self, message_id: str) -> int:
        """Hide a message's lines from `latest` for good; return how many lines it has."""
        which = feed_lines.c.message_id == message_id
        with self._store.write() as connection:
            count = connection.execute(update(feed_lines).where(which).values(read=True)).rowcount
            if count:
                changes.moved(connection, SUBJECT)
        return count

    def holds_message(self, message_id: str) -> bool:
        """Return whether any line of that message is stored."""
        query = select(feed_lines.c.line_id).where(feed_lines.c.message_id == message_id).limit(1)
        with self._store.read() as connection:
            return connection.scalar(query) is not None

    def _select(self, which: ColumnElement[bool], limit: int | None) -> list[OrderLine]:
        query = (
            select(feed_lines)
            .where(which)
            .order_by(
                feed_lines.c.received_at.desc(), feed_lines.c.message_id, feed_lines.c.position
            )
            .limit(limit)
        )
        with self._store.read() as connection:
            return [_restored(row) for row in connection.execute(query)]


def message_id_of(text: str) -> str:
    """Return a message's id as it is stored: itself, or its hash where it is too long."""
    clean = "".join(letter for letter in text.strip() if letter.isprintable()).strip("<>")
    if len(clean) <= MESSAGE_ID_CHARACTERS:
        return clean
    return hashlib.sha256(clean.encode("utf-8", "surrogatepass")).hexdigest()


def _last_received(connection: Connection) -> datetime:
    last = connection.scalar(select(func.max(feed_lines.c.received_at)))
    return datetime.fromisoformat(last) if last else datetime.min.replace(tzinfo=UTC)


def _row(line: IncomingLine, received_at: datetime) -> dict[str, object]:
    return {
        "line_id": line.line_id,
        "message_id": line.message_id,
        "position": line.position,
        "description": line.description,
        "quantity": line.quantity,
        "audio": line.audio,
        "prediction": None,
        "read": False,
        "received_at": received_at.isoformat(timespec="microseconds"),
    }


def _restored(row: Row[tuple[object, ...]]) -> OrderLine:
    return OrderLine(
        line_id=row.line_id,
        message_id=row.message_id,
        position=row.position,
        description=row.description,
        quantity=row.quantity,
        audio=row.audio,
        prediction=orjson.loads(row.prediction) if row.prediction else None,
        read=bool(row.read),
        received_at=row.received_at,
    )
