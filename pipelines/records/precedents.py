"""What the log already says about a case: the same pair judged before, and the anchor.

The anchor guards against creep: under non-inferiority each champion may be a little worse than the
one before, and a chain of such steps could go downhill for ever. So a challenger is also held
against the last version that won by superiority (or came first) in the life of this test set.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.decisions.log import Decision, DecisionLog
from pipelines.gate.verdict import PROMOTING

EARNED = frozenset({"superiority", "floor"})
"""Rules whose winners become the anchor; a better figure alone or non-inferiority earns nothing."""


@dataclass(frozen=True)
class Anchor:
    """The version that set the bar, and where its predictions on this test set are."""

    version: str
    artifact_digest: str
    decision_id: str
    predictions_sha256: str


def judged_before(
    log: DecisionLog,
    model: str,
    test_set_id: str,
    *,
    champion_digest: str | None,
    challenger_digest: str,
    policy_sha256: str,
) -> Decision | None:
    """Return the decision that already compared this pair by this policy on this test set.

    Asking again costs no look and changes nothing: the answer is the recorded one, also where its
    effect was rolled back since. Where labels have updated it, it is what they made of it.
    """
    wanted = (champion_digest, challenger_digest, policy_sha256)
    known = None
    for decision in _verdicts(log, model, test_set_id):
        record = decision.record
        champion = record["champion"]
        pair = (
            _text(champion, "artifact_digest") if champion else None,
            _text(record["challenger"], "artifact_digest"),
            _text(record["policy"], "sha256"),
        )
        if pair == wanted and (decision.look is not None or "labels" in record):
            known = decision
    return known


def anchor_of(log: DecisionLog, model: str, test_set_id: str, champion: str) -> Anchor | None:
    """Return the anchor of a test set's life, or None where it is the `champion` (a digest)."""
    anchor: Anchor | None = None
    approved = {
        entry.record["of"]
        for entry in log.list(model)
        if entry.kind == "approval" and entry.record["approved"]
    }
    for decision in _verdicts(log, model, test_set_id):
        if anchor is None:
            anchor = _side(decision, "champion")
        promoted = decision.verdict in PROMOTING or decision.decision_id in approved
        if promoted and _text(decision.record["ruling"], "rule") in EARNED:
            anchor = _side(decision, "challenger")
    return None if anchor is None or anchor.artifact_digest == champion else anchor


def _verdicts(log: DecisionLog, model: str, test_set_id: str) -> Iterator[Decision]:
    """Yield the model's verdicts on one test set, the oldest first."""
    for decision in reversed(log.list(model)):
        if decision.kind == "verdict" and decision.test_set_id == test_set_id:
            yield decision


def _side(decision: Decision, side: str) -> Anchor | None:
    contestant, files = decision.record[side], decision.record["predictions"]
    assert isinstance(files, dict)
    if contestant is None or files[side] is None:
        return None
    return Anchor(
        version=_text(contestant, "version"),
        artifact_digest=_text(contestant, "artifact_digest"),
        decision_id=decision.decision_id,
        predictions_sha256=str(files[side]),
    )


def _text(document: object, key: str) -> str:
    assert isinstance(document, dict)
    return str(document[key])
