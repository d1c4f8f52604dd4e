"""Starts, shows and stops rollouts for the endpoints; the decision log keeps them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from pipelines.decisions.log import DecisionLog
from pipelines.rollouts import disagreements, records, steward
from pipelines.rollouts.disagreements import Disagreement
from pipelines.rollouts.losses import compared
from pipelines.rollouts.plan import Plan, PlanRefused
from pipelines.rollouts.standing import Lookout, standing, summary
from pipelines.versions.artifact import Contract
from serving.rollouts.rollouts import Rollouts
from serving.schemas.rollout import (
    RolloutRequest,
    RolloutSummary,
    RolloutView,
)

SHOWN_DISAGREEMENTS = 20
TIMES = ("started_at", "ends_at", "ended_at")


class RolloutDesk:
    """What the endpoints do about rollouts; `rollouts` is what this worker does about them."""

    def __init__(
        self, log: DecisionLog, rollouts: Rollouts, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._log = log
        self._rollouts = rollouts
        self._clock = clock
        self._lookout = Lookout(log.store, clock=clock)

    def start(self, model: str, contract: Contract, request: RolloutRequest) -> RolloutView:
        """Record the start of a rollout beside the champion of this contract.

        Raises `PlanRefused`, `RolloutRefused`, or `Conflict` where one of the model runs.
        """
        rollout = records.start(self._log, planned(model, contract, request))
        self._lookout.forget_all_but(())  # those that have ended, and the others are read anew
        self._rollouts.look_now()
        return self.view(rollout.rollout_id)

    def stop(self, rollout_id: str, *, actor: str, reason: str) -> RolloutView:
        """Record its end by hand. Raises `UnknownRollout`, or `Conflict` where it has ended."""
        steward.stop(self._log, rollout_id, actor=actor, reason=reason)
        self._rollouts.look_now()
        return self.view(rollout_id)

    def view(self, rollout_id: str) -> RolloutView:
        """Return all about one rollout. Raises `UnknownRollout`."""
        document = standing(self._log, rollout_id, self._clock(), self._lookout).as_json()
        here = self._rollouts.part(str(document["model"]), rollout_id)
        differing = disagreements.latest(self._log.store, rollout_id, SHOWN_DISAGREEMENTS)
        samples = [one._asdict() for one in differing]
        return RolloutView.model_validate(
            _dated(document) | {"here": here, "disagreements": samples}
        )

    def differing(self, model: str) -> Sequence[Disagreement]:
        """Return what a model's running shadow answered otherwise, the newest first."""
        running = records.active(self._log, model)
        return disagreements.latest(self._log.store, running.rollout_id) if running else ()

    def list(self, model: str, limit: int) -> list[RolloutSummary]:
        """Return a line about each rollout of a model, the newest first."""
        entries = records.history(self._log, model, limit)
        return [RolloutSummary.model_validate(_dated(summary(entry))) for entry in entries]


def planned(model: str, contract: Contract, request: RolloutRequest) -> Plan:
    """Return the plan that a request stands for. Raises `PlanRefused`.

    How feedback is compared and who is a unit are read from the champion's contract.
    """
    suits, target = compared(contract.response_schema, contract.target)
    metric = request.metric or suits
    if metric == "squared_error" != suits:
        raise PlanRefused(f"{model} answers no numbers in {contract.target} to be compared")
    if request.mode == "interleaving":
        metric, target = request.metric or "choices", ""
    elif request.mode == "shadow":
        metric = request.metric
    return Plan.from_json(
        request.model_dump()
        | {"model": model, "metric": metric, "target": target, "entity": contract.entity}
    )


def _dated(document: Mapping[str, object]) -> dict[str, object]:
    """Return the document with its times as ISO 8601."""
    return {
        name: datetime.fromtimestamp(value, UTC).isoformat(timespec="milliseconds")
        if name in TIMES and isinstance(value, float)
        else value
        for name, value in document.items()
    }
