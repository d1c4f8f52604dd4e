"""Backtest of a policy: every recorded verdict decided again, as if the policy had been another.

Each decision is judged by its own stored predictions and against the champion that it was really
held against. After the first verdict of a model that flips, later ones would have met another
champion: their verdicts still say what the rules make of the same figures, and no longer what
history would have been. They are marked for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from pipelines.decisions.approval import AWAITING
from pipelines.decisions.log import Decision, DecisionLog
from pipelines.decisions.prediction_files import PredictionsDamaged
from pipelines.gate.business import NoBusinessFigure
from pipelines.gate.comparison import NotComparable
from pipelines.gate.policy import changed
from pipelines.gate.promotion import decide
from pipelines.gate.verdict import PROMOTING
from pipelines.model_settings import PolicySettings
from pipelines.records.verdicts import case_of

Change = Callable[[PolicySettings], PolicySettings]
"""From the policy that a decision was made by to the one to try."""


@dataclass(frozen=True)
class Again:
    """One recorded verdict beside what another policy makes of the same predictions."""

    decision_id: str
    created_at: str
    model: str
    version: str | None
    recorded: str
    verdict: str | None
    """None where the stored predictions cannot be read, or lack what the policy weighs by; `why`
    says so."""
    why: str
    other_history: bool
    """Whether an earlier verdict flipped, so that this one would have met another champion."""

    @property
    def flips(self) -> bool:
        """Return whether who is champion would have come out differently."""
        return self.verdict is not None and _promotes(self.verdict) != _promotes(self.recorded)


def backtest(log: DecisionLog, change: Change, model: str | None = None) -> list[Again]:
    """Decide every recorded verdict again under a changed policy, the oldest first."""
    verdicts = [entry for entry in reversed(log.list(model)) if entry.kind == "verdict"]
    return [again for name in _models(verdicts) for again in _of_model(log, change, name, verdicts)]


def _models(verdicts: Sequence[Decision]) -> list[str]:
    return list(dict.fromkeys(entry.model for entry in verdicts))


def _of_model(
    log: DecisionLog, change: Change, model: str, verdicts: Sequence[Decision]
) -> Iterator[Again]:
    flipped = False
    for entry in verdicts:
        if entry.model == model:
            again = _again(log, change, entry, flipped)
            flipped = flipped or again.flips
            yield again


def _again(log: DecisionLog, change: Change, entry: Decision, other_history: bool) -> Again:
    try:
        case = case_of(log, entry.record)
        policy = changed(case.policy, change(case.policy.settings), case.challenger_rows)
        ruling = decide(replace(case, policy=policy))
        verdict, why = ruling.verdict, ruling.reasons[0]
    except (PredictionsDamaged, NotComparable, NoBusinessFigure) as error:
        verdict, why = None, str(error)
    return Again(
        decision_id=entry.decision_id,
        created_at=entry.created_at,
        model=entry.model,
        version=entry.version,
        recorded=str(entry.verdict),
        verdict=verdict,
        why=why,
        other_history=other_history,
    )


def _promotes(verdict: str) -> bool:
    return verdict in PROMOTING or verdict == AWAITING
