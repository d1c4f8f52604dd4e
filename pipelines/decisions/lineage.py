"""Where an answer came from: the decision behind it, and what its version was trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from pipelines.decisions.log import Decision

TRAINED = ("origin", "run_id", "params", "fingerprints", "code")
"""What an admission tells of a version's making."""


class Ledger(Protocol):
    """What is asked of the decision log."""

    def get(self, decision_id: str) -> Decision:
        """Return one decision. Raises `UnknownDecision`."""
        ...

    def list(self, model: str | None = None, limit: int | None = None) -> Sequence[Decision]:
        """Return decisions, the newest first."""
        ...


def lineage(log: Ledger, model: str, version: str, decision_id: str) -> dict[str, object]:
    """Return the decision by which `version` answered, the verdicts on it, and its making.

    What was never recorded is None or empty. Raises `UnknownDecision`.
    """
    entries = [entry for entry in log.list(model) if entry.version == version]
    admitted = next((entry for entry in reversed(entries) if entry.kind == "admitted"), None)
    return {
        "decision": _told(log.get(decision_id)),
        "verdicts": [_told(entry) for entry in reversed(entries) if entry.kind == "verdict"],
        "trained": _trained(admitted) if admitted else None,
    }


def _told(entry: Decision) -> dict[str, object]:
    ruling, trigger = entry.record.get("ruling"), entry.record.get("trigger")
    reasons = ruling.get("reasons", []) if isinstance(ruling, Mapping) else []
    if "reason" in entry.record:
        reasons = [entry.record["reason"]]
    return {
        "decision_id": entry.decision_id,
        "kind": entry.kind,
        "verdict": entry.verdict,
        "at": entry.created_at,
        "test_set_id": entry.test_set_id,
        "reasons": list(reasons),
        "asked_by": trigger if trigger is not None else entry.record.get("actor"),
    }


def _trained(admitted: Decision) -> dict[str, object]:
    return {"at": admitted.created_at} | {key: admitted.record.get(key) for key in TRAINED}
