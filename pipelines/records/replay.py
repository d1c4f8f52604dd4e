"""Replay: recompute every number of a decision from the stored files, and list what differs.

Loads neither model. Text and verdicts must be equal; numbers to a relative 1e-9, since another
machine may add the same numbers in another order.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import orjson

from pipelines.decisions import chain
from pipelines.decisions.log import Decision, DecisionLog
from pipelines.decisions.prediction_files import PredictionsDamaged
from pipelines.gate.comparison import NotComparable
from pipelines.gate.promotion import decide
from pipelines.records.verdicts import case_of

RELATIVE = 1e-9
ABSOLUTE = 1e-12


@dataclass(frozen=True)
class Difference:
    """One place of the record, what stands there, and what comes out now."""

    where: str
    recorded: object
    replayed: object

    def __str__(self) -> str:
        return f"{self.where}: recorded {self.recorded!r}, replayed {self.replayed!r}"


def replay(log: DecisionLog, decision_id: str) -> list[Difference]:
    """Return every difference; none when the decision holds. Raises `UnknownDecision`.

    First the record's own hash is checked, and the columns that were copied out of it; of a
    decision without figures (an admission, a rollback) that is all.
    """
    decision = log.get(decision_id)
    found = list(_seal(decision))
    if found or decision.kind != "verdict":
        return found  # of a record that was edited there is nothing to recompute
    try:
        case = case_of(log, decision.record)
        replayed = decide(case)
    except (PredictionsDamaged, NotComparable) as error:
        return [*found, Difference("predictions", "readable", str(error))]
    policy = decision.record["policy"]
    assert isinstance(policy, dict)
    found += differences("policy.sha256", policy["sha256"], case.policy.sha256)
    found += differences("verdict", decision.verdict, replayed.verdict)
    found += differences("look", decision.look, replayed.look)
    recomputed = orjson.loads(chain.canonical(replayed.as_json()))
    return [*found, *differences("ruling", decision.record["ruling"], recomputed)]


def differences(where: str, recorded: object, replayed: object) -> Iterator[Difference]:
    """Yield each leaf at which two JSON values differ."""
    if isinstance(recorded, Mapping) and isinstance(replayed, Mapping):
        for key in sorted(recorded.keys() | replayed.keys()):
            yield from differences(f"{where}.{key}", recorded.get(key), replayed.get(key))
    elif isinstance(recorded, list) and isinstance(replayed, list):
        if len(recorded) != len(replayed):
            yield Difference(f"{where} (length)", len(recorded), len(replayed))
        for place, (left, right) in enumerate(zip(recorded, replayed, strict=False)):
            yield from differences(f"{where}[{place}]", left, right)
    elif not _same(recorded, replayed):
        yield Difference(where, recorded, replayed)


def _same(recorded: object, replayed: object) -> bool:
    if isinstance(recorded, float) and isinstance(replayed, float | int):
        return math.isclose(recorded, replayed, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return recorded == replayed


def _seal(decision: Decision) -> Iterator[Difference]:
    digest = chain.digest(chain.canonical(decision.record))
    if digest != decision.hash:
        yield Difference("hash", decision.hash, digest)
    for name, value in vars(decision).items():
        if name not in {"record", "hash"} and decision.record.get(name) != value:
            yield Difference(f"column {name}", decision.record.get(name), value)
