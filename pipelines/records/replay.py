"""Replay: recompute every number of a decision from the stored files, and list what differs.

Loads neither model. Text and verdicts must be equal; numbers to a relative 1e-9, since another
machine may add the same numbers in another order.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

import orjson

from pipelines.catalogue_diff import document
from pipelines.catalogue_diff.differ import made_again
from pipelines.catalogue_diff.document import RECORD_KEY, DiffDamaged
from pipelines.decisions import chain
from pipelines.decisions.log import Decision, DecisionLog
from pipelines.decisions.prediction_files import PredictionsDamaged
from pipelines.gate.comparison import NotComparable
from pipelines.gate.draw import drawn, turn
from pipelines.gate.promotion import decide
from pipelines.records.verdicts import case_of
from pipelines.rollouts import records as rollouts
from pipelines.rollouts.assessment import Seen, assess

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
    decision without figures (an admission, a rollback) that is all. The end of a rollout is
    assessed again from the totals and the evidence in its record; the questions of a request for
    labels are drawn again from its seed, and a verdict with labels is held against that request.
    """
    decision = log.get(decision_id)
    found = list(_seal(decision))
    if not found and decision.kind == rollouts.ENDED:
        return list(_ending(log, decision))
    if not found and decision.kind == "labels_requested":
        return list(_draw(log, decision))
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
    if case.labels is None:  # what labels decide was paid for by the look of their campaign
        found += differences("look", decision.look, replayed.look)
    recomputed = orjson.loads(chain.canonical(replayed.as_json()))
    found += differences("ruling", decision.record["ruling"], recomputed)
    return [*found, *_labels(log, decision), *_catalogue_diff(log, decision)]


def _labels(log: DecisionLog, decision: Decision) -> Iterator[Difference]:
    """Yield where labels were not judged by what their campaign fixed: its pool, look and alpha."""
    said, record = decision.record.get("labels"), decision.record
    if not isinstance(said, Mapping):
        return
    campaign = log.get(str(said["campaign"]))
    rule, ruling = campaign.record["stopping_rule"], record["ruling"]
    assert isinstance(rule, Mapping)
    assert isinstance(ruling, Mapping)
    yield from differences("labels.look", campaign.look, record["next_look"])
    yield from differences("labels.unjudged", campaign.record["unjudged"], record["unjudged"])
    yield from differences("labels.alpha", rule["alpha"], ruling["alpha"])
    try:
        pool = log.load_predictions(str(campaign.record["pool"])).drop(columns="text")
    except PredictionsDamaged as error:
        yield Difference("labels.pool", "readable", str(error))
        return
    rows = log.load_predictions(str(said["rows"]))
    for column in pool:
        judged = rows[column].tolist() if column in rows else []
        yield from differences(f"labels.{column}", pool[column].tolist(), judged)


def _catalogue_diff(log: DecisionLog, decision: Decision) -> Iterator[Difference]:
    """Yield what is wrong with the kept diff: its file, or what follows from the kept answers."""
    named = decision.record.get(RECORD_KEY)
    if not isinstance(named, Mapping) or named["sha256"] is None:
        return
    try:
        kept = document.load(log.predictions_directory, str(named["sha256"]))
        again = made_again(log, named)
    except (PredictionsDamaged, DiffDamaged) as error:
        yield Difference(RECORD_KEY, "readable", str(error))
        return
    yield from differences(RECORD_KEY, kept, orjson.loads(chain.canonical(again.as_json())))
    for count in ("questions", "changed"):
        yield from differences(f"{RECORD_KEY}.{count}", named[count], kept[count])


def _draw(log: DecisionLog, decision: Decision) -> Iterator[Difference]:
    """Yield where drawing again from the recorded seed asks for other labels."""
    record = decision.record
    seed, rule = str(record["seed"]), record["stopping_rule"]
    assert isinstance(rule, dict)
    try:
        kept = log.load_predictions(str(record["pool"]))
    except PredictionsDamaged as error:
        yield Difference("pool", "readable", str(error))
        return
    order = sorted(kept["group"], key=lambda question: turn(seed, question))
    yield from differences("order", list(kept["group"]), order)
    answers = [name for name in ("champion", "challenger", "anchor") if name in kept]
    again = drawn(kept[["group", *answers]], int(rule["most_labels"]), seed)
    for column in ("asked", "queue", "stratum", "weight"):
        yield from differences(column, kept[column].tolist(), again[column].tolist())
    for what, rows in (("strata", again), ("asked", again[again["asked"]])):
        counts = {name: int((rows["stratum"] == name).sum()) for name in ("disagree", "agree")}
        yield from differences(what, record[what], counts)


def _ending(log: DecisionLog, decision: Decision) -> Iterator[Difference]:
    """Yield what comes out otherwise when a rollout's end is assessed again."""
    entry = rollouts.get(log, str(decision.record["of"]))
    if entry.ending is None or entry.ending.decision_id != decision.decision_id:
        yield Difference("of", decision.record["of"], "ended by another entry")
        return
    outcome = entry.ending.outcome
    if not outcome.evidence:
        return  # it ended before anything was counted
    replayed = assess(entry.rollout, Seen.from_json(outcome.totals, outcome.evidence))
    checks = orjson.loads(chain.canonical({"checks": [asdict(each) for each in replayed.checks]}))
    yield from differences("checks", decision.record["checks"], checks["checks"])
    expected = {"superior": "superior", "completed": None}
    if outcome.verdict in expected and replayed.decides != expected[outcome.verdict]:
        yield Difference("verdict", outcome.verdict, replayed.decides)


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
