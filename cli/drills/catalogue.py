"""Every drill, in the order in which they run: the quiet ones before those that shake the stack."""

from __future__ import annotations

from typing import Any

from cli.drills import (
    api_killed,
    artifact_poisoned,
    cache_corrupted,
    champion_deleted,
    clock_skewed,
    database_locked,
    disk_full,
    events,
    mlflow_down,
    model_worker_killed,
    promotions_at_once,
    redis_cut,
    redis_worker_killed,
    trainer_killed,
)
from cli.drills.drill import Drill

DRILLS: tuple[Drill[Any], ...] = (
    trainer_killed.DRILL,
    promotions_at_once.DRILL,
    clock_skewed.DRILL,
    database_locked.DRILL,
    disk_full.DRILL,
    redis_worker_killed.DRILL,
    redis_cut.DRILL,
    artifact_poisoned.DRILL,
    champion_deleted.DRILL,
    events.DRILL,
    model_worker_killed.DRILL,
    api_killed.DRILL,
    cache_corrupted.DRILL,
    mlflow_down.DRILL,
)
NAMES = tuple(drill.name for drill in DRILLS)


class UnknownDrill(LookupError):
    """There is no drill of that name; the message lists those that there are."""


def chosen(names: list[str]) -> list[Drill[Any]]:
    """Return the drills of those names, or all of them. Raises `UnknownDrill`."""
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise UnknownDrill(
            f"no drill is called {', '.join(unknown)}; there are: {', '.join(NAMES)}"
        )
    return [drill for drill in DRILLS if not names or drill.name in names]
