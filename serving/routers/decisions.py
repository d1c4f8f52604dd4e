"""The decision log, read only."""

from __future__ import annotations

from fastapi import APIRouter, Query

from serving import views
from serving.dependencies import ServicesDependency
from serving.schemas import DecisionDocument, DecisionList

router = APIRouter(prefix="/v1/decisions", tags=["decisions"])


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
