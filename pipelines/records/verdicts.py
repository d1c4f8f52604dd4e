"""The record of a verdict: everything a replay needs, written and read in one place."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING

from pipelines.catalogue_diff.document import RECORD_KEY
from pipelines.decisions.log import Decision, DecisionLog, NewDecision
from pipelines.gate.case import Case, Obstacle, Ruling
from pipelines.gate.labelled import Labelled
from pipelines.gate.leakage import Leakage
from pipelines.gate.policy import Policy
from pipelines.gate.verdict import PROMOTING, Contestant, Trigger
from pipelines.records.precedents import Anchor

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.test_sets.frozen import TestSet

SIDES = ("champion", "challenger", "floor", "anchor")
LIBRARIES = ("numpy", "scipy", "pandas")


def append_verdict(
    log: DecisionLog,
    model: str,
    case: Case,
    ruling: Ruling,
    test_set: TestSet,
    *,
    expected_generation: int,
    anchor: Anchor | None = None,
    diff: Mapping[str, object] | None = None,
) -> Decision:
    """Keep the prediction files and append the verdict. Raises `Conflict` when champion or look
    have moved since the case was put together. `diff` names the catalogue diff, if one was made."""
    record: dict[str, object] = {
        "policy": {"text": case.policy.as_json(), "sha256": case.policy.sha256},
        "trigger": case.trigger.as_json(),
        "champion": case.champion.as_json() if case.champion else None,
        "challenger": case.challenger.as_json(),
        "anchor": vars(anchor) if anchor else None,
        "test_set_facts": {
            "sha256": test_set.sha256,
            "rows": len(test_set.actual),
            "generation": test_set.generation,
            "source_key": test_set.source_key,
        },
        "next_look": case.look,
        "unjudged": case.unjudged,
        "leakage": case.leakage.as_json(),
        "obstacle": vars(case.obstacle) if case.obstacle else None,
        "predictions": {side: _kept(log, getattr(case, f"{side}_rows")) for side in SIDES},
        "ruling": ruling.as_json(),
        "environment": environment(),
        **({} if case.revenue is None else {"revenue": dict(case.revenue)}),
    }
    if diff is not None:
        record[RECORD_KEY] = diff
    return log.append(
        NewDecision(
            kind="verdict",
            model=model,
            record=record,
            version=case.challenger.version,
            verdict=ruling.verdict,
            artifact_digest=case.challenger.artifact_digest,
            test_set_id=test_set.test_set_id,
            look=ruling.look,
            expected_generation=expected_generation,
            becomes_champion=ruling.verdict in PROMOTING,
        )
    )


def case_of(log: DecisionLog, record: Mapping[str, object]) -> Case:
    """Rebuild the case from a verdict's record and the stored files.

    Raises `prediction_files.PredictionsDamaged`.
    """
    files = _mapping(record["predictions"])
    rows = {f"{side}_rows": _loaded(log, files[side]) for side in SIDES}
    obstacle = record["obstacle"]
    champion = record["champion"]
    return Case(
        policy=Policy.from_json(_mapping(_mapping(record["policy"])["text"])),
        trigger=Trigger(**_mapping(record["trigger"])),  # type: ignore[arg-type]
        look=int(str(record["next_look"])),
        unjudged=int(str(record["unjudged"])),
        challenger=Contestant.from_json(_mapping(record["challenger"])),
        champion=Contestant.from_json(_mapping(champion)) if champion else None,
        leakage=Leakage(**_mapping(record["leakage"])),  # type: ignore[arg-type]
        obstacle=Obstacle(**_mapping(obstacle)) if obstacle else None,  # type: ignore[arg-type]
        labels=_labels(log, record.get("labels")),
        revenue=record.get("revenue"),  # type: ignore[arg-type]
        **rows,
    )


def environment() -> dict[str, str]:
    """Return what the figures were computed with."""
    found = {name: version(name) for name in LIBRARIES}
    return {"python": platform.python_version(), "machine": platform.machine(), **found}


def _kept(log: DecisionLog, rows: pd.DataFrame | None) -> str | None:
    return None if rows is None else log.save_predictions(rows)


def _loaded(log: DecisionLog, sha256: object) -> pd.DataFrame | None:
    return None if sha256 is None else log.load_predictions(str(sha256))


def _labels(log: DecisionLog, found: object) -> Labelled | None:
    if found is None:
        return None
    said = _mapping(found)
    rows = log.load_predictions(str(said["rows"]))
    return Labelled(str(said["campaign"]), rows, bool(said["final"]))


def _mapping(value: object) -> dict[str, object]:
    assert isinstance(value, dict)
    return value
