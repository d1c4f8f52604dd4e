"""Who has had a hand in a model since its first champion: has anything been tried with it yet?"""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.decisions.log import Decision, DecisionLog

DEMO_DAY = "demo day (simulated)"
"""Under this name the simulated day of the demo shop acts."""
SOMEBODY = "somebody"
"""Whoever had a version admitted on which no verdict was given: an admission names nobody."""
ACTS = frozenset(
    {"admitted", "verdict", "override", "approval", "rollback"}
    | {"restored", "foreign_edit", "rollout_started"}
)
"""Kinds of decisions by which somebody trains, promotes, goes back or tries a challenger."""


def hands_on(log: DecisionLog, model: str) -> set[str]:
    """Return who has trained, promoted, gone back or tried a version since the first champion."""
    entries = log.list(model)
    first = next((entry.seq for entry in entries if entry.generation == 1), None)
    if first is None:
        return set()
    acts = [entry for entry in entries if entry.kind in ACTS and entry.seq > first]
    judged = {entry.version for entry in acts if entry.kind == "verdict"}
    return {_actor(each) for each in acts if each.kind != "admitted" or each.version not in judged}


def _actor(entry: Decision) -> str:
    trigger = entry.record.get("trigger")
    named = trigger if isinstance(trigger, Mapping) else entry.record
    return str(named.get("actor") or SOMEBODY)
