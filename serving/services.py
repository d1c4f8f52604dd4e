"""Everything an endpoint may use, made once for an application and handed to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pipelines.confirmations import Confirmation
from pipelines.decisions.log import Champion, Decision, NewDecision
from pipelines.prediction_log import PredictionLog
from pipelines.rendezvous import Preparation
from pipelines.settings import Settings
from pipelines.store import Store
from serving.board.desk import BoardDesk
from serving.inspections import Inspections
from serving.metrics.telemetry import Telemetry
from serving.remote.versions import RemoteVersions
from serving.retraining import Retrainer
from serving.rollouts.desk import RolloutDesk
from serving.rollouts.rollouts import Rollouts
from serving.slots.follower import Follower
from serving.slots.slots import Slots

if TYPE_CHECKING:
    from pipelines.observability.otlp import Tracing


class DecisionReader(Protocol):
    """What endpoints ask of the decision log."""

    def get(self, decision_id: str) -> Decision:
        """Return one decision. Raises `UnknownDecision`."""
        ...

    def list(self, model: str | None = None, limit: int | None = None) -> Sequence[Decision]:
        """Return decisions, the newest first."""
        ...

    def head(self, model: str) -> Champion | None:
        """Return the champion by the log."""
        ...

    def append(self, new: NewDecision) -> Decision:
        """Append a decision. Raises `Conflict`."""
        ...

    def admitted(self, model: str, version: str) -> str | None:
        """Return the digest under which a version was admitted last, or None."""
        ...

    def effects(self, decision_id: str) -> Sequence[Decision]:
        """Return what followed from a decision, the oldest first."""
        ...


class RollBack(Protocol):
    """Goes back to the champion before; `pipelines.registry.aliases` does it."""

    def __call__(self, model: str, *, actor: str, reason: str, to: str | None) -> Decision:
        """Return the recorded decision; `to` names an earlier champion than the last one."""
        ...


@dataclass(frozen=True)
class Services:
    """The collaborators of one application."""

    settings: Settings
    store: Store
    slots: Slots
    follower: Follower
    rollouts: Rollouts
    rollout_desk: RolloutDesk
    board: BoardDesk
    inspections: Inspections
    decisions: DecisionReader
    predictions: PredictionLog
    retrain: Retrainer
    roll_back: RollBack
    workers: Callable[[str], Sequence[Confirmation]]
    """The living workers and what each serves of one model."""
    preparations: Callable[[str], Sequence[Preparation]]
    """What workers say of champions that were decided and that they do not serve yet."""
    telemetry: Telemetry
    remote: RemoteVersions | None
    """The models that workers behind Redis answer, where there are any."""
    worker_id: str
    tracing: Tracing | None = None
    """What sends the spans of this process; None where traces are off."""
