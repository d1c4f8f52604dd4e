"""The decision log, what a version changes, and the approval of what waits for one."""

from __future__ import annotations

from fastapi import APIRouter, Query

from pipelines.catalogue_diff import document
from pipelines.decisions import approval
from serving import views
from serving.bodies import StrictRoute
from serving.dependencies import CallerDependency, ServicesDependency
from serving.schemas.decision import DecisionDocument, DecisionList
from serving.schemas.diff import CatalogueDiffView
from serving.schemas.generic import ApprovalRequest

router = APIRouter(prefix="/v1/decisions", tags=["decisions"], route_class=StrictRoute)


@router.get("")
def decisions(
    services: ServicesDependency,
    model: str | None = Query(None, description="Only those of this model."),
    limit: int = Query(50, ge=1, le=1000),
) -> DecisionList:
    """List decisions, the newest first."""
    found = services.decisions.list(model, limit)
    return DecisionList(decisions=[views.summary(decision) for decision in found])


@router.get("/{decision_id}")
def decision(decision_id: str, services: ServicesDependency) -> DecisionDocument:
    """Show everything that was recorded about one decision, and what followed from it."""
    found = services.decisions.get(decision_id)
    return views.document(found, services.decisions.effects(decision_id))


@router.get("/{decision_id}/diff")
def diff(decision_id: str, services: ServicesDependency) -> CatalogueDiffView:
    """Show what the decided version changes in the catalogue's answers, ranked by sales."""
    found = services.decisions.get(decision_id)
    kept = services.settings.var / "predictions"
    return CatalogueDiffView.model_validate(document.of_record(kept, decision_id, found.record))


@router.post("/{decision_id}/approval", status_code=201)
def approve(
    decision_id: str,
    request: ApprovalRequest,
    services: ServicesDependency,
    caller: CallerDependency,
) -> DecisionDocument:
    """Approve or refuse what waits; approved, it is served within a poll, and its alias follows."""
    settled = approval.settle(
        services.decisions,
        decision_id,
        approved=request.approved,
        actor=caller.named(request.actor),
        reason=request.reason,
    )
    services.follower.look_now()
    return views.document(settled)
