"""What a slot has to do next: a pure function of what the log, the registry and the slot say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipelines.decisions.log import Champion
from serving.live.answers import ServedModel

Condition = Literal["serving", "loading", "failed", "no_champion"]


@dataclass(frozen=True)
class View:
    """What one look saw of one model."""

    head: Champion | None
    alias: str | None
    registry_reachable: bool


@dataclass(frozen=True)
class SlotState:
    """What a slot does and why, for `/health` and `/readyz`."""

    model: str
    condition: Condition
    served: ServedModel | None
    view: View
    note: str

    @property
    def ready(self) -> bool:
        """Whether the slot answers, or has nothing yet that it could answer with."""
        return self.condition in {"serving", "no_champion"}


def next_champion(view: View, served: ServedModel | None) -> tuple[Champion | None, str]:
    """Return which champion to load now, if any, and what there is to say about it.

    A running slot moves when log and alias agree, or by the log alone while the registry is
    away. An empty one takes what the log says: it was decided, whoever moved the alias since.
    """
    head = view.head
    if head is None:
        return None, "no decision has made a version champion yet"
    current = served is not None and served.decision_id == head.decision_id
    if not view.registry_reachable or view.alias == head.version:
        return (None if current else head), ""
    alias = f"the alias names version {view.alias}" if view.alias else "there is no alias"
    decided = f"decision {head.decision_id} made version {head.version} champion"
    if served is None or current:
        return (None if current else head), f"{alias}, but {decided}: the decision is followed"
    return None, f"{decided}, but {alias}: version {served.version} is kept until they agree"
