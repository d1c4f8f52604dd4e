"""Free looks at a test set: versions that training measured on it and nobody had judged.

Whoever trains often and submits the best figure has looked as often as he trained, so the gate
counts such versions beside the looks that were paid for.
"""

from __future__ import annotations

from sqlalchemy import select

from pipelines.decisions.log import DecisionLog
from pipelines.store import decisions


def unjudged(log: DecisionLog, test_set_id: str, *, but: str | None = None) -> int:
    """Return how many versions were measured on a test set and not judged, version `but` aside."""
    query = select(decisions.c.kind, decisions.c.version).where(
        decisions.c.test_set_id == test_set_id, decisions.c.kind.in_(("admitted", "verdict"))
    )
    with log.store.read() as connection:
        rows = connection.execute(query).all()
    measured = {row.version for row in rows if row.kind == "admitted"}
    return len(measured - {row.version for row in rows if row.kind == "verdict"} - {but})
