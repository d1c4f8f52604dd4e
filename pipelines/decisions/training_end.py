"""When a champion was trained: what was asked before, it may know; what came after, it does not."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from pipelines.decisions.log import Champion, DecisionLog
from pipelines.store import decisions


def trained_at(log: DecisionLog, champion: Champion) -> datetime:
    """Return the first admission of the champion's version, which is the end of its training.

    Of a version that was never admitted, when it became champion.
    """
    query = select(func.min(decisions.c.created_at)).where(
        decisions.c.model == champion.model,
        decisions.c.kind == "admitted",
        decisions.c.version == champion.version,
    )
    with log.store.read() as connection:
        admitted = connection.execute(query).scalar()
    return datetime.fromisoformat(str(admitted or log.get(champion.decision_id).created_at))
