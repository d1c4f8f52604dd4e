"""What was answered, and what turned out true.

A prediction is spooled before its answer leaves and drained into the store behind the request
path. Draining twice counts once, because a prediction's id is its key in the store.
"""

from __future__ import annotations

import logging
import os
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import count as numbers
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from sqlalchemy import func, insert, select
from sqlalchemy.exc import DataError, SQLAlchemyError

from pipelines.spool import SUFFIX, Spool, orphans, whole_lines
from pipelines.spooled_rows import COLUMNS, keep, readable_rows, written
from pipelines.store import Store, feedback, predictions

DRAIN_SECONDS = 0.5
RESCUE_SECONDS = 10.0
"""So often others' spools are looked for, and what has been kept long enough."""

logger = logging.getLogger(__name__)


class UnknownPrediction(LookupError):
    """No prediction of that model has that id."""


class Provenance(NamedTuple):
    """Which decided version answered which request; a tuple, for each request makes one."""

    model: str
    version: str
    decision_id: str
    generation: int
    request_id: str


@dataclass(frozen=True)
class Prediction:
    """One logged answer; `answer` is the list of its response rows."""

    prediction_id: str
    request_id: str
    model: str
    version: str
    decision_id: str
    generation: int
    instance: Mapping[str, object]
    answer: Sequence[Mapping[str, object]]
    created_at: str


@dataclass(frozen=True)
class Feedback:
    """What somebody says is true of one prediction."""

    feedback_id: str
    prediction_id: str
    model: str
    actual: object
    reviewer: str
    created_at: str


class Entry(NamedTuple):
    """One request as it is logged: who answered it, what was asked, and what was said."""

    provenance: Provenance
    instances: Sequence[Mapping[str, object]]
    answers: Sequence[Sequence[Mapping[str, object]]]


class PredictionLog:
    """The log of one process: append at once, drained into the store by a thread.

    The same thread has `forget` delete a few of the predictions that have been kept long enough;
    it returns whether there are more of them.
    """

    def __init__(
        self,
        store: Store,
        directory: Path,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        forget: Callable[[], bool] = lambda: False,
    ) -> None:
        self._store = store
        self._forget = forget
        self._directory = directory
        self._spool = Spool(directory)
        self._clock = clock
        # Ids that grow: the store's index grows at its end, and not all over.
        milliseconds = int(clock().timestamp() * 1000)
        self._series = f"{milliseconds:012x}{os.urandom(4).hex()}"
        self._numbers = numbers()
        self._stop = threading.Event()
        self._draining = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="prediction-log", daemon=True)

    def start(self) -> None:
        """Begin draining, with what killed processes left behind first."""
        self._thread.start()

    def append(
        self,
        provenance: Provenance,
        instances: Sequence[Mapping[str, object]],
        answers: Sequence[Sequence[Mapping[str, object]]],
    ) -> list[str]:
        """Log one request and return a prediction id for each instance.

        When this returns, killing the process loses none of them. Raises `SpoolUnavailable`.
        """
        return self.append_together([Entry(provenance, instances, answers)])[0]

    def append_together(self, entries: Sequence[Entry]) -> list[list[str]]:
        """Log several requests by one write, all of them or none, as `append` does one.

        Raises `SpoolUnavailable`.
        """
        now = b"\t%b\n" % self._clock().isoformat().encode()
        parts: list[bytes] = []
        ids = []
        for (model, version, decision, generation, request_id), instances, answers in entries:
            base = f"{self._series}{next(self._numbers):012x}"
            names = [f"{base}-{index}" for index in range(len(instances))]
            ids.append(names)
            head = f"{request_id}\t{model}\t{version}\t{decision}\t{generation}"
            parts += written(names, head, instances, answers, now)
        if parts:
            self._spool.append(b"".join(parts))
        return ids

    def drain(self, *, everything: bool = True) -> None:
        """Move what is spooled into the store. Raises `SQLAlchemyError` and then keeps it."""
        with self._draining:
            for segment in self._spool.filled(everything=everything):
                keep(self._store, segment.path)
                self._spool.done(segment)

    def rescue(self) -> int:
        """Move the spools of killed processes into the store; return how many there were."""
        rescued = 0
        for path in orphans(self._directory):
            try:
                keep(self._store, path, found=True)
            except DataError as error:
                # What no column can hold would be tried again for ever, before all the others.
                logger.error("the store refuses what %s holds; it is kept aside: %s", path, error)
                path.rename(path.with_suffix(".damaged"))
                continue
            path.unlink(missing_ok=True)
            rescued += 1
        return rescued

    def waiting_bytes(self) -> int:
        """Return how much is still only in the spool."""
        return self._spool.waiting_bytes()

    def find(self, model: str, prediction_id: str) -> Prediction:
        """Return a logged prediction, drained or not, of any process. Raises `UnknownPrediction`.

        The spools are read between two looks into the store: a line that is drained meanwhile
        is found by the second.
        """
        found = (
            _stored(self._store, model, prediction_id)
            or _spooled(self._directory, model, prediction_id)
            or _stored(self._store, model, prediction_id)
        )
        if found is None:
            raise UnknownPrediction(f"{model} has no prediction {prediction_id!r}")
        return found

    def give_feedback(self, prediction: Prediction, actual: object, reviewer: str) -> Feedback:
        """Record what turned out true about a prediction that `find` returned."""
        given = Feedback(
            feedback_id=uuid.uuid4().hex,
            prediction_id=prediction.prediction_id,
            model=prediction.model,
            actual=actual,
            reviewer=reviewer,
            created_at=self._clock().isoformat(),
        )
        with self._store.write() as connection:
            row = asdict(given) | {"actual": orjson.dumps(actual).decode()}
            connection.execute(insert(feedback).values(row))
        return given

    def feedback_of(self, prediction: Prediction) -> list[Feedback]:
        """Return what was said about a prediction, the oldest first."""
        query = (
            select(feedback)
            .where(feedback.c.prediction_id == prediction.prediction_id)
            .order_by(feedback.c.created_at)
        )
        with self._store.read() as connection:
            rows = connection.execute(query).mappings().all()
        return [Feedback(**{**row, "actual": orjson.loads(row["actual"])}) for row in rows]

    def close(self) -> None:
        """Drain what is left and stop; what cannot be drained stays for the next start."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._try(self.drain)
        self._spool.close()

    def _run(self) -> None:
        looks_between_rescues = int(RESCUE_SECONDS / DRAIN_SECONDS)
        look, behind = 0, False
        while not self._stop.is_set():
            if look % looks_between_rescues == 0:
                self._try(self.rescue)
            self._try(partial(self.drain, everything=False))
            if behind or look % looks_between_rescues == 0:
                behind = self._forgot_some()
            look += 1
            self._stop.wait(DRAIN_SECONDS)

    def _forgot_some(self) -> bool:
        try:
            return self._forget()
        except SQLAlchemyError as error:
            logger.warning("old predictions stay in the store for now: %s", error)
            return False

    def _try(self, step: Callable[[], object]) -> None:
        try:
            step()
        except (SQLAlchemyError, OSError) as error:
            logger.warning("the prediction log stays in its spool for now: %s", error)


def count(store: Store, model: str | None = None) -> int:
    """Return how many predictions the store holds, of one model or of all."""
    query = select(func.count()).select_from(predictions)
    if model is not None:
        query = query.where(predictions.c.model == model)
    with store.read() as connection:
        return int(connection.execute(query).scalar_one())


def _stored(store: Store, model: str, prediction_id: str) -> Prediction | None:
    query = select(predictions).where(
        predictions.c.prediction_id == prediction_id, predictions.c.model == model
    )
    with store.read() as connection:
        row = connection.execute(query).mappings().first()
    return _prediction(dict(row)) if row else None


def _spooled(directory: Path, model: str, prediction_id: str) -> Prediction | None:
    base = prediction_id.partition("-")[0].encode()
    for path in directory.glob(f"*{SUFFIX}"):
        try:
            lines = [line for line in whole_lines(path) if base in line]
        except FileNotFoundError:
            continue  # drained while we looked
        for values in (values for line in lines for values in readable_rows(line, [])):
            row = dict(zip(COLUMNS, values, strict=True))
            if row["prediction_id"] == prediction_id and row["model"] == model:
                return _prediction(row)
    return None


def _prediction(row: Mapping[str, Any]) -> Prediction:
    parsed = {"instance": orjson.loads(row["instance"]), "answer": orjson.loads(row["answer"])}
    return Prediction(**{**row, **parsed})
