"""Turns a decision's record into what a person wants to read of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pipelines.decisions.approval import AWAITING
from pipelines.decisions.log import Champion, Decision
from pipelines.gate.verdict import OVERRIDABLE
from serving import views
from serving.board.pages import Pages
from serving.board.told_figures import figures, items, mapping, slices
from serving.schemas.story import (
    ContestantView,
    Explanation,
    Followed,
    LabelEvidence,
    Settled,
    ShortfallView,
    TriggerView,
    WitnessView,
)

RULED = ("rule", "alpha", "alpha_left", "p")


def explained(
    decision: Decision,
    followed: Iterable[Decision],
    settled: Decision | None,
    head: Champion | None,
    pages: Pages,
) -> Explanation:
    """Return a decision with its evidence, what followed, and what can still be done about it.

    `settled` is the approval or refusal of what waited, `head` who is champion now.
    """
    record = decision.record
    generation = mapping(record.get("effects")).get("generation")
    today = head.generation if head else 0
    current = generation == today and settled is None and decision.kind == "verdict"
    return Explanation.model_validate(
        views.summary(decision).model_dump()
        | {name: getattr(decision, name) for name in ("artifact_digest", "prev_hash", "hash")}
        | _ruling(record)
        | _sides(decision, pages)
        | {
            "of": record.get("of") or record.get("overrides"),
            "actor": record.get("actor"),
            "followed": [_followed(effect) for effect in followed],
            "settled": _settled(settled) if settled else None,
            "approvable": current and decision.verdict == AWAITING,
            "overridable": current and decision.verdict in OVERRIDABLE,
            "replayable": bool(record.get("predictions") or record.get("evidence")),
            "champion_now": head.version if head else None,
            "record": dict(record),
        }
    )


def _ruling(record: Mapping[str, object]) -> dict[str, object]:
    ruling, facts = mapping(record.get("ruling")), mapping(record.get("test_set_facts"))
    comparison, policy = mapping(ruling.get("comparison")), mapping(record.get("policy"))
    pairs, missing = comparison.get("mcnemar"), ruling.get("shortfall")
    labels = ruling.get("labels")
    return {
        **{name: ruling.get(name) for name in RULED},
        "rows": facts.get("rows"),
        "test_set_generation": facts.get("generation"),
        "disagreements": comparison.get("disagreements"),
        "unjudged": record.get("unjudged") or 0,
        "identical": bool(comparison.get("identical")),
        "checks": items(ruling.get("checks") or record.get("checks")),
        "figures": figures(record),
        "slices": slices(record),
        "mcnemar": WitnessView.model_validate(pairs) if pairs else None,
        "shortfall": ShortfallView.model_validate(missing) if missing else None,
        "labels": LabelEvidence.model_validate(labels) if labels else None,
        "settings": dict(mapping(mapping(policy.get("text")).get("settings"))),
        "policy_sha256": policy.get("sha256"),
        "environment": dict(mapping(record.get("environment"))),
    }


def _sides(decision: Decision, pages: Pages) -> dict[str, object]:
    record = decision.record
    return {
        side: _contestant(decision.model, mapping(record.get(side)), pages)
        for side in ("champion", "challenger")
    } | {"trigger": _trigger(mapping(record.get("trigger")), pages)}


def _contestant(model: str, told: Mapping[str, object], pages: Pages) -> ContestantView | None:
    if "origin" not in told:
        return None  # the two of a rollout, whose record knows their digests alone
    page = pages.version(model, str(told["version"]))
    return ContestantView.model_validate({**told, "url": page})


def _trigger(told: Mapping[str, object], pages: Pages) -> TriggerView | None:
    if not told:
        return None
    run = told.get("flow_run_id")
    return TriggerView.model_validate({**told, "url": pages.flow_run(str(run)) if run else None})


def _followed(effect: Decision) -> Followed:
    record = effect.record
    identity = {"decision_id": effect.decision_id, "at": effect.created_at}
    if "alias" in record:
        moved = mapping(record["alias"])
        names = [str(moved[side]) for side in ("before", "after") if moved.get(side)]
        return Followed.model_validate({**identity, "what": "alias", "names": names})
    workers = list(mapping(record.get("confirmations")))
    what = "confirmed" if workers else "other"
    return Followed.model_validate({**identity, "what": what, "names": workers})


def _settled(approval: Decision) -> Settled:
    record = approval.record
    return Settled(
        decision_id=approval.decision_id,
        approved=bool(record["approved"]),
        actor=str(record["actor"]),
        reason=str(record["reason"]),
        at=approval.created_at,
    )
