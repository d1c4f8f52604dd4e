"""A stage for rollouts: champion and challenger, their answers, and what is said of them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import orjson
from sqlalchemy import insert

from pipelines.decisions.log import Decision, DecisionLog, NewDecision
from pipelines.rollouts import records
from pipelines.rollouts.observations import write
from pipelines.rollouts.plan import Arm, Plan, Rollout
from pipelines.rollouts.tally import Tally
from pipelines.store import Store, feedback, predictions

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
MODEL = "codes"


@dataclass
class Stage:
    """Model `codes` with champion 1 and challenger 2, and a clock that moves when it is told to."""

    store: Store
    log: DecisionLog
    now: float = START.timestamp()
    tally: Tally = field(default_factory=Tally)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    @classmethod
    def open(cls, store: Store, folder) -> Stage:
        """Open the stage on a store."""
        stage = cls(store, DecisionLog(store, folder, clock=lambda: stage.time))
        for version in ("1", "2", "3"):
            digest = f"a{version}"
            stage.log.append(NewDecision("admitted", MODEL, {}, version, artifact_digest=digest))
        stage.promote("1")
        return stage

    @property
    def time(self) -> datetime:
        """The stage's time."""
        return datetime.fromtimestamp(self.now, UTC)

    def clock(self) -> float:
        """The stage's time in seconds since the epoch."""
        return self.now

    def promote(self, version: str) -> Decision:
        """Make a version champion."""
        return self.log.append(
            NewDecision(
                "override", MODEL, {}, version, artifact_digest=f"a{version}", becomes_champion=True
            )
        )

    def start(self, **changes: object) -> Rollout:
        """Start a rollout; an A/B test of half of the units for an hour, unless told otherwise."""
        usual: dict[str, object] = {
            "model": MODEL,
            "challenger": "2",
            "mode": "ab",
            "metric": "zero_one",
            "target": "code",
            "share": 0.5,
            "seconds": 3600.0,
            "actor": "ana",
            "reason": "try it",
        }
        return records.start(self.log, Plan(**(usual | changes)))  # type: ignore[arg-type]

    def saw(self, rollout: Rollout, arm: Arm, *, answers: int = 0, errors: int = 0, ms: float = 1):
        """Count answers and errors of one side at this worker, each of another unit."""
        stage = rollout.stage(self.now)
        for _ in range(answers):
            self.tally.answered(arm, stage, ms / 1_000, f"u{next(self._numbers)}")
        for _ in range(errors):
            self.tally.failed(arm, stage, ms / 1_000, f"u{next(self._numbers)}")
        write(self.store, rollout.rollout_id, "w1", self.tally, self.now)

    def hear(
        self,
        decision_id: str,
        version: str,
        answer: dict[str, object],
        actual: object,
        *,
        instance: dict[str, object] | None = None,
        request: str | None = None,
        index: int = 0,
        after: float = 0.0,
    ) -> str:
        """Log an answer and feedback on it; return the request. Time passes by a millisecond."""
        self.now += 0.001
        number = next(self._numbers)
        request = request or f"{number:032x}"
        given_at = (self.time + timedelta(seconds=after)).isoformat()
        self.log_answer(decision_id, version, answer, instance, request, index)
        with self.store.write() as connection:
            row = {
                "feedback_id": f"f{number:08d}",
                "prediction_id": f"{request}-{index}",
                "model": MODEL,
                "actual": orjson.dumps(actual).decode(),
                "reviewer": "ana",
                "created_at": given_at,
            }
            connection.execute(insert(feedback).values(row))
        return request

    def log_answer(
        self,
        decision_id: str,
        version: str,
        answer: dict[str, object],
        instance: dict[str, object] | None,
        request: str,
        index: int,
    ) -> None:
        """Log an answer as the prediction log does."""
        text = {"text": f"{request}-{index}"} if instance is None else instance
        row = {
            "prediction_id": f"{request}-{index}",
            "request_id": request,
            "model": MODEL,
            "version": version,
            "decision_id": decision_id,
            "generation": 1,
            "instance": orjson.dumps(text).decode(),
            "answer": orjson.dumps([answer]).decode(),
            "created_at": self.time.isoformat(),
        }
        with self.store.write() as connection:
            connection.execute(insert(predictions).values(row))

    def judge(self, rollout: Rollout, version: str, right: bool, **changes: object) -> str:
        """Log an answer of a version in a rollout and say whether it was right."""
        actual = "A" if right else "B"
        return self.hear(rollout.rollout_id, version, {"code": "A"}, actual, **changes)  # type: ignore[arg-type]
