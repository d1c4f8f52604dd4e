"""The feedback on a rollout's answers, read as it comes, each unit once.

Both sides' answers are logged under the rollout's own id (`decision_id` of the prediction), and
only those that were drawn for their side: what a client demanded of one version, or what the
champion answered in a failed challenger's place, is logged under the champion's decision and is
left out here. `version` says the side; a list that both drafted says it item by item.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final, NamedTuple

import orjson
from sqlalchemy import Row, delete, select, tuple_

from pipelines.rollouts.evidence import Evidence, nothing_yet
from pipelines.rollouts.losses import loss, winner
from pipelines.rollouts.plan import Arm, Rollout, time_of, unit_of
from pipelines.store import Store, feedback, predictions, rollout_units

PATIENCE_SECONDS: Final = 15.0
"""Feedback is read again for so long: its prediction may still be in another process's spool."""
SETTLED_SECONDS: Final = 5.0
"""An answer is that old before what is said of it counts: only then is it known whether its caller
named a unit, which the worker that answered writes down with its counts."""
ROWS_A_QUERY: Final = 2_000
NAMES_A_QUERY: Final = 500


class Told(NamedTuple):
    """One row of feedback with the answer it is about."""

    actual: object
    prediction_id: str
    version: str
    instance: Mapping[str, object]
    answer: Sequence[Mapping[str, object]]
    answered_at: str

    @property
    def request(self) -> str:
        """The request that the prediction belongs to: its id without the instance's number."""
        return self.prediction_id.rpartition("-")[0]


def note_units(store: Store, rollout_id: str, units: Mapping[str, str]) -> None:
    """Keep which unit made which request, for requests that named their unit themselves.

    Of all others the unit is found again from the logged instance. Keys are requests (prediction
    ids without the instance's number).
    """
    rows = [
        {"rollout_id": rollout_id, "request": request, "unit": _digest(unit)}
        for request, unit in units.items()
    ]
    if rows:
        with store.write() as connection:
            connection.execute(store.insert(rollout_units).on_conflict_do_nothing(), rows)


def forget_units(store: Store, rollout_id: str) -> None:
    """Forget who made which request of a rollout that has ended: its evidence is recorded."""
    mine = rollout_units.c.rollout_id == rollout_id
    with store.write() as connection:
        connection.execute(delete(rollout_units).where(mine))


class FeedbackReader:
    """Turns new feedback into evidence; made anew, it reads everything from the start."""

    def __init__(
        self, store: Store, rollout: Rollout, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self.rollout = rollout
        self._clock = clock
        self._newest = rollout.started_at
        self._heard: dict[str, str] = {}
        self._units: set[str] = set()
        self.evidence: Evidence = nothing_yet(rollout)

    def read(self) -> Evidence:
        """Take what is new and return the evidence by now; nothing where nothing is compared."""
        if self.rollout.plan.metric is None or self.rollout.mode == "shadow":
            return self.evidence
        for batch in self._batches():
            units = self._units_of(batch)
            for told in batch:
                self._take(told, units[told.request])
        return self.evidence

    def _take(self, told: Told, unit: str) -> None:
        """Count a unit's first usable word; whatever is said of it later changes nothing."""
        if unit in self._units:
            return
        plan = self.rollout.plan
        if plan.metric == "choices":
            side = winner(told.answer, told.actual)
            if side is None:
                return
            self.evidence.won(side)
        else:
            arm = self._arm(told.version)
            assert plan.metric is not None
            found = loss(plan.metric, plan.target, told.answer, told.actual)
            if arm is None or found is None:
                return
            stage = self.rollout.stage(time_of(told.answered_at))
            self.evidence.lost(arm, self.rollout.shares[stage], found)
        self._units.add(unit)

    def _arm(self, version: str) -> Arm | None:
        if version == self.rollout.challenger:
            return "challenger"
        return "champion" if version == self.rollout.champion else None

    def _batches(self) -> Iterator[list[Told]]:
        """Yield what was not heard yet, the oldest first, and remember how far it was read."""
        place = (self._since(), "")
        while rows := self._after(*place):
            fresh = [row for row in rows if row.feedback_id not in self._heard]
            fresh = [row for row in fresh if self._is_settled(time_of(str(row.answered_at)))]
            yield [_told(row) for row in fresh]
            # Only now: were the batch interrupted, it would come again, and units count once.
            self._heard.update({str(row.feedback_id): str(row.given_at) for row in fresh})
            place = (str(rows[-1].given_at), str(rows[-1].feedback_id))
            self._newest = max(self._newest, time_of(place[0]))
        since = self._since()
        self._heard = {name: at for name, at in self._heard.items() if at >= since}

    def _is_settled(self, answered_at: float) -> bool:
        # What seems to be answered much later than now is from before the clock was set back.
        return not -PATIENCE_SECONDS < self._clock() - answered_at < SETTLED_SECONDS

    def _since(self) -> str:
        """Return from when on feedback may be new; a clock that was set back must hide none."""
        known = min(self._newest, self._clock()) - PATIENCE_SECONDS
        return datetime.fromtimestamp(max(known, self.rollout.started_at), UTC).isoformat()

    def _after(self, given_at: str, feedback_id: str) -> Sequence[Row[tuple[object, ...]]]:
        query = (
            select(
                feedback.c.feedback_id,
                feedback.c.created_at.label("given_at"),
                feedback.c.actual,
                predictions.c.prediction_id,
                predictions.c.version,
                predictions.c.instance,
                predictions.c.answer,
                predictions.c.created_at.label("answered_at"),
            )
            .join(predictions, predictions.c.prediction_id == feedback.c.prediction_id)
            .where(
                feedback.c.model == self.rollout.model,
                tuple_(feedback.c.created_at, feedback.c.feedback_id) > (given_at, feedback_id),
                predictions.c.decision_id == self.rollout.rollout_id,
            )
            .order_by(feedback.c.created_at, feedback.c.feedback_id)
            .limit(ROWS_A_QUERY)
        )
        with self._store.read() as connection:
            return connection.execute(query).all()

    def _units_of(self, batch: Iterable[Told]) -> dict[str, str]:
        """Return the unit of each request: as it was named, or as its first instance says."""
        told = {each.request: each for each in batch}
        found = self._named(list(told))
        firsts = self._first_instances(
            [each for request, each in told.items() if request not in found]
        )
        entity = self.rollout.plan.entity
        return {request: unit_of(entity, [one]) for request, one in firsts.items()} | found

    def _named(self, requests: Sequence[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        with self._store.read() as connection:
            for some in _parts(requests):
                query = select(rollout_units.c.request, rollout_units.c.unit).where(
                    rollout_units.c.rollout_id == self.rollout.rollout_id,
                    rollout_units.c.request.in_(some),
                )
                found |= {
                    str(row.request): f"named {row.unit}" for row in connection.execute(query)
                }
        return found

    def _first_instances(self, told: Sequence[Told]) -> dict[str, Mapping[str, object]]:
        """Return each request's first instance; feedback may be about a later one."""
        found = {each.request: each.instance for each in told}
        later = [f"{each.request}-0" for each in told if not each.prediction_id.endswith("-0")]
        with self._store.read() as connection:
            for some in _parts(later):
                query = select(predictions.c.prediction_id, predictions.c.instance).where(
                    predictions.c.prediction_id.in_(some)
                )
                for row in connection.execute(query):
                    found[str(row.prediction_id).removesuffix("-0")] = orjson.loads(row.instance)
        return found


def _digest(unit: str) -> str:
    return blake2b(unit.encode(errors="surrogatepass"), digest_size=32).hexdigest()


def _parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), NAMES_A_QUERY):
        yield names[start : start + NAMES_A_QUERY]


def _told(row: Row[tuple[object, ...]]) -> Told:
    return Told(
        actual=orjson.loads(row.actual),
        prediction_id=str(row.prediction_id),
        version=str(row.version),
        instance=orjson.loads(row.instance),
        answer=orjson.loads(row.answer),
        answered_at=str(row.answered_at),
    )
