"""What all workers have seen of a rollout, in the store: each writes its own rows, all are summed.

A worker writes its cumulative counts over what it wrote before, at most once a second, so a kill
loses the last second and nothing is counted twice. A restarted worker is another one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final

import orjson
from sqlalchemy import select

from pipelines.rollouts.plan import ARMS, Arm, Rollout
from pipelines.rollouts.tally import Counts, Place, Tally, edge_ms, quantile_ms
from pipelines.store import Store, rollout_limits, rollout_totals

ENOUGH_TO_LIMIT: Final = 200
"""First answers of the champion after which its 95th percentile becomes the limit's ground."""


@dataclass(frozen=True)
class Totals:
    """The sums over all workers, by stage and arm."""

    counts: Mapping[Place, Counts] = field(default_factory=dict)

    def of(self, arm: Arm) -> Counts:
        """Return the sum over the stages."""
        whole = Counts()
        for (_, side), counts in self.counts.items():
            if side == arm:
                whole.add(counts)
        return whole

    def at(self, stage: int, arm: Arm) -> Counts:
        """Return what one side did in one stage; nothing where nothing is known."""
        return self.counts.get((stage, arm), Counts())

    def as_json(self) -> dict[str, object]:
        """Return the sums as they stand in a decision record, which names no units."""
        cells = []
        for (stage, arm), counts in sorted(self.counts.items()):
            cell = {"stage": stage, "arm": arm, **counts.as_json()}
            del cell["failed"]
            cells.append(cell)
        return {"cells": cells}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Totals:
        """Rebuild what `as_json` returned; an empty document has no counts."""
        cells = document.get("cells", [])
        assert isinstance(cells, list)
        return cls({(cell["stage"], cell["arm"]): Counts.from_json(cell) for cell in cells})


def write(store: Store, rollout_id: str, worker_id: str, tally: Tally, now: float) -> None:
    """Keep what a worker has counted by now in place of what it wrote before."""
    rows = [
        {
            "rollout_id": rollout_id,
            "worker_id": worker_id,
            "stage": stage,
            "arm": arm,
            "counts": orjson.dumps(counts).decode(),
            "written_at": now,
        }
        for (stage, arm), counts in tally.counts().items()
    ]
    if not rows:
        return
    statement = store.insert(rollout_totals)
    fresh = {name: statement.excluded[name] for name in ("counts", "written_at")}
    with store.write() as connection:
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=list(rollout_totals.primary_key), set_=fresh
            ),
            rows,
        )


def totals(store: Store, rollout_id: str) -> Totals:
    """Return the sums over every worker that ever wrote, living or not."""
    query = select(rollout_totals.c.stage, rollout_totals.c.arm, rollout_totals.c.counts).where(
        rollout_totals.c.rollout_id == rollout_id
    )
    found: dict[Place, Counts] = {}
    with store.read() as connection:
        for stage, arm, text in connection.execute(query):
            place: Place = (int(stage), ARMS[ARMS.index(arm)])
            found.setdefault(place, Counts()).add(Counts.from_json(orjson.loads(text)))
    _fail_once(found)
    return Totals(found)


def _fail_once(found: Mapping[Place, Counts]) -> None:
    """Count a unit in the first stage where it failed at any worker, and forget the names."""
    known: set[str] = set()
    for _, counts in sorted(found.items(), key=itemgetter(0)):
        counts.unit_errors -= len(counts.failed & known)
        known |= counts.failed
        counts.failed = set()


def latency_limit(store: Store, rollout: Rollout, seen: Totals) -> float | None:
    """Return what counts as slow, in milliseconds; None until the champion was seen often enough.

    `latency_ratio` times the champion's 95th percentile plus the grace, up to the next bucket's
    edge. It is set once for the whole rollout, by the champion's answers alone: a limit that moved
    with the challenger's would be no fixed question.
    """
    query = select(rollout_limits.c.latency_limit_ms).where(
        rollout_limits.c.rollout_id == rollout.rollout_id
    )
    with store.read() as connection:
        known = connection.execute(query).scalar()
    if known is not None:
        return float(known)
    proposed = _limit(rollout, seen.of("champion").unit_latency)
    if proposed is None:
        return None
    row = {"rollout_id": rollout.rollout_id, "latency_limit_ms": proposed}
    with store.write() as connection:
        connection.execute(store.insert(rollout_limits).on_conflict_do_nothing(), row)
        return float(connection.execute(query).scalar_one())


def _limit(rollout: Rollout, histogram: Counter[int]) -> float | None:
    if histogram.total() < ENOUGH_TO_LIMIT:
        return None
    rails, usual = rollout.plan.guardrails, quantile_ms(histogram, 0.95)
    assert usual is not None
    wanted, bucket = rails.latency_ratio * usual + rails.latency_grace_ms, 0
    while edge_ms(bucket) < wanted:
        bucket += 1
    return edge_ms(bucket)
