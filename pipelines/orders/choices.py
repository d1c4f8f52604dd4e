"""What people did about order lines: every choice is kept, the latest one of a line stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import func, insert, select

from pipelines import changes
from pipelines.store import review_choices as table

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Row

    from pipelines.store import Store

SUBJECT = "choices"
UNDO = "undo"
CHUNK = 500


@dataclass(frozen=True)
class Choice:
    """What one person did about one line, and what he was shown when he did.

    `label_id` is the label that says so of the line's description, `label_made` whether it was
    given by this choice. `at` is by the person's clock, `created_at` by ours.
    """

    choice_id: str
    line_id: str
    action: str
    code: str | None
    quantity: float
    reviewer: str
    shown: Mapping[str, object]
    at: str
    label_id: str | None = None
    label_made: bool = False
    created_at: str = ""


class Choices:
    """The choices of a store."""

    def __init__(
        self, store: Store, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store = store
        self._clock = clock

    def keep(self, choice: Choice) -> bool:
        """Keep a choice; on disk when this returns. False where its id was kept before."""
        with self._store.write() as connection:
            if connection.scalar(
                select(table.c.number).where(table.c.choice_id == choice.choice_id)
            ):
                return False
            number = int(connection.scalar(select(func.max(table.c.number))) or 0) + 1
            row = asdict(choice) | {
                "number": number,
                "shown": orjson.dumps(dict(choice.shown)).decode(),
                "created_at": self._clock().isoformat(),
            }
            connection.execute(insert(table).values(row))
            changes.moved(connection, SUBJECT)
        return True

    def known(self, choice_ids: Sequence[str]) -> set[str]:
        """Return those of the ids that are kept."""
        query = select(table.c.choice_id).where(table.c.choice_id.in_(choice_ids))
        with self._store.read() as connection:
            return set(connection.scalars(query))

    def standing(self, line_ids: Sequence[str]) -> dict[str, Choice]:
        """Return the choice that stands for each line; none for lines without or with an undone."""
        latest = {
            line_id: choices[-1] for line_id, choices in self._by_line(line_ids).items() if choices
        }
        return {line_id: choice for line_id, choice in latest.items() if choice.action != UNDO}

    def since_undone(self, line_id: str) -> list[Choice]:
        """Return a line's choices since it was last undone, the oldest first."""
        found: list[Choice] = []
        for choice in self._by_line([line_id]).get(line_id, []):
            found = [] if choice.action == UNDO else [*found, choice]
        return found

    def of_label(self, label_id: str) -> list[Choice]:
        """Return the choices that rest on a label, of any line, the oldest first."""
        return self._select(table.c.label_id == label_id)

    def since(self, moment: datetime) -> list[Choice]:
        """Return what was chosen since then by our clock, the oldest first."""
        return self._select(table.c.created_at >= moment.astimezone(UTC).isoformat())

    def _by_line(self, line_ids: Sequence[str]) -> dict[str, list[Choice]]:
        found: dict[str, list[Choice]] = {}
        for start in range(0, len(line_ids), CHUNK):
            for choice in self._select(table.c.line_id.in_(line_ids[start : start + CHUNK])):
                found.setdefault(choice.line_id, []).append(choice)
        return found

    def _select(self, which: ColumnElement[bool]) -> list[Choice]:
        query = select(table).where(which).order_by(table.c.number)
        with self._store.read() as connection:
            return [_restored(row) for row in connection.execute(query)]


def _restored(row: Row[tuple[object, ...]]) -> Choice:
    return Choice(
        choice_id=row.choice_id,
        line_id=row.line_id,
        action=row.action,
        code=row.code,
        quantity=row.quantity,
        reviewer=row.reviewer,
        shown=orjson.loads(row.shown),
        at=row.at,
        label_id=row.label_id,
        label_made=bool(row.label_made),
        created_at=row.created_at,
    )
