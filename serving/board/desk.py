"""The champion board: each model's standing, put together from what this server can ask at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from pipelines import assessments
from pipelines.confirmations import Confirmation
from pipelines.decisions.log import DecisionLog
from pipelines.label_requests import queue
from pipelines.rollouts import records
from pipelines.rollouts.plan import Rollout
from pipelines.settings import Settings
from serving.board.flow_watch import FlowWatch
from serving.board.model_traffic import ModelTraffic
from serving.board.pages import Pages
from serving.board.told_figures import judged_by
from serving.board.told_versions import Versions, versions
from serving.schemas.board import Board, Card, DriftView, Links, RolloutBrief, RunBrief
from serving.steps import SlotState

REMEMBERED_ENTRIES = 500
"""Of a model's newest decisions; older versions are told by its page in MLflow."""


class Follower(Protocol):
    """What the board asks about the slots."""

    registry_reachable: bool

    def states(self) -> Sequence[SlotState]:
        """Return what each slot does, by name."""
        ...


class BoardDesk:
    """Puts the board together; `workers` returns the living workers of a model."""

    def __init__(
        self,
        settings: Settings,
        log: DecisionLog,
        follower: Follower,
        flows: FlowWatch,
        traffic: ModelTraffic,
        workers: Callable[[str], Sequence[Confirmation]],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.pages = Pages(settings.mlflow_pages, settings.prefect_pages)
        self._settings = settings
        self._log = log
        self._follower = follower
        self._flows = flows
        self._traffic = traffic
        self._workers = workers
        self._clock = clock
        self._told: Mapping[str, tuple[int, Versions]] = {}

    def board(self) -> Board:
        """Return every model at a glance."""
        runs, rollouts = self._flows.runs(), records.active_rollouts(self._log)
        cards = [
            self._card(state, rollouts.get(state.model), runs.get(state.model))
            for state in self._follower.states()
        ]
        now = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="seconds")
        return Board(
            as_of=now,
            models=cards,
            links=Links(mlflow=self.pages.mlflow, prefect=self.pages.prefect),
            registry="reachable" if self._follower.registry_reachable else "away",
            orchestration=self._flows.reach,
        )

    def versions(self, model: str) -> Versions:
        """Return the story of a model's versions, read anew when something was decided."""
        newest = next(iter(self._log.list(model, 1)), None)
        seq = newest.seq if newest else 0
        known = self._told.get(model)
        if known is None or known[0] != seq:
            entries = self._log.list(model, REMEMBERED_ENTRIES)
            known = seq, versions(model, entries, self.pages)
            self._told = {**self._told, model: known}
        return known[1]

    def _card(self, state: SlotState, rollout: Rollout | None, run: RunBrief | None) -> Card:
        story, said = self.versions(state.model), self._workers(state.model)
        return Card(
            name=state.model,
            condition=state.condition,
            note=state.note,
            workers=len(said),
            agreed=len({word.generation for word in said}) < 2,
            champion=story.champion,
            metric=judged_by(story.verdict.record) if story.verdict else None,
            history=[point for point in story.points if point.value is not None],
            challenger=story.challenger,
            approvals=list(story.approvals),
            traffic=self._traffic.of(state.model),
            drift=_drift(assessments.kept(self._settings.var, state.model, 1)),
            rollout=_rollout(rollout, self._clock()) if rollout else None,
            run=run,
            label_requests=len(queue.still_open(self._log.store, state.model)),
        )


def _rollout(rollout: Rollout, now: float) -> RolloutBrief:
    return RolloutBrief(
        rollout_id=rollout.rollout_id,
        mode=rollout.mode,
        challenger=rollout.challenger,
        share=rollout.shares[rollout.stage(now)],
        ends_at=datetime.fromtimestamp(rollout.ends_at, UTC).isoformat(timespec="seconds"),
    )


def _drift(found: Sequence[Mapping[str, object]]) -> DriftView | None:
    if not found:
        return None
    latest = found[0]
    reasons = latest.get("reasons")
    return DriftView.model_validate(
        {"answers": 0, "alarms": [], **latest}
        | {"reason": str(reasons[0]) if isinstance(reasons, list) and reasons else ""}
    )
