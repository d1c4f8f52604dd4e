"""Answers on which a shadow differs from the champion: samples to look at, the latest ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import orjson
from sqlalchemy import delete, select

from pipelines.serving_tables import rollout_disagreements as table
from pipelines.store import Store

KEPT: Final = 100
"""Of each rollout; how many there were is counted elsewhere."""
Row = Mapping[str, object]


class Disagreement(NamedTuple):
    """One question and the response rows of both; `prediction_id` names the champion's answer."""

    prediction_id: str
    instance: Row
    champion: Sequence[Row]
    challenger: Sequence[Row]


def keep(store: Store, rollout_id: str, found: Sequence[Disagreement], now: float) -> None:
    """Keep more of them, and forget all but the latest of the rollout."""
    if not found:
        return
    rows = [
        {
            "rollout_id": rollout_id,
            "request": one.prediction_id,
            "instance": _text(one.instance),
            "champion_answer": _text(one.champion),
            "challenger_answer": _text(one.challenger),
            "created_at": now,
        }
        for one in found
    ]
    with store.write() as connection:
        connection.execute(store.insert(table).on_conflict_do_nothing(), rows)
        connection.execute(
            delete(table).where(
                table.c.rollout_id == rollout_id,
                table.c.request.not_in(
                    select(table.c.request)
                    .where(table.c.rollout_id == rollout_id)
                    .order_by(table.c.created_at.desc(), table.c.request)
                    .limit(KEPT)
                ),
            )
        )


def latest(store: Store, rollout_id: str, limit: int = KEPT) -> list[Disagreement]:
    """Return the latest disagreements of a rollout, the newest first."""
    query = (
        select(table)
        .where(table.c.rollout_id == rollout_id)
        .order_by(table.c.created_at.desc(), table.c.request)
        .limit(limit)
    )
    with store.read() as connection:
        return [
            Disagreement(
                row.request,
                orjson.loads(row.instance),
                orjson.loads(row.champion_answer),
                orjson.loads(row.challenger_answer),
            )
            for row in connection.execute(query)
        ]


def _text(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS).decode()
