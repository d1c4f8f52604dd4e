"""Where a champion goes back to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from sqlalchemy import select

from pipelines.store import decisions

if TYPE_CHECKING:
    from sqlalchemy import Connection


def pointer(
    connection: Connection, model: str, version: str, kind: str, before: str | None
) -> str | None:
    """Return where a new champion goes back to: after a rollback never to what was rolled back.

    `before` is the version that was champion until then.
    """
    if kind not in {"rollback", "restored"}:
        return before
    return as_champion(connection, model, version)


def as_champion(connection: Connection, model: str, version: str) -> str | None:
    """Return the way back that a version had when it was champion last, or None."""
    query = select(decisions.c.record).where(
        decisions.c.model == model,
        decisions.c.version == version,
        decisions.c.generation.is_not(None),
    )
    record = connection.execute(query.order_by(decisions.c.seq.desc()).limit(1)).scalar()
    if record is None:
        return None
    pointer = orjson.loads(record)["effects"]["rollback_to"]
    return None if pointer is None else str(pointer)
