"""A decision as a person reads it: its evidence, its errors, and whether it comes out again."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool

from pipelines.decisions import approval
from pipelines.gate import override as overriding
from serving import views
from serving.board.told_decisions import explained
from serving.bodies import StrictRoute
from serving.dependencies import CallerDependency, ServicesDependency
from serving.schemas.decision import DecisionDocument
from serving.schemas.error import ErrorPlots
from serving.schemas.story import Explanation, OverrideRequest, ReplayOutcome

router = APIRouter(prefix="/v1/decisions", tags=["decisions"], route_class=StrictRoute)


@router.get("/{decision_id}/explanation")
def explanation(decision_id: str, services: ServicesDependency) -> Explanation:
    """Explain a decision: checks, intervals, what followed, and what can be done about it."""
    log = services.decisions
    found = log.get(decision_id)
    waited = found.verdict == approval.AWAITING
    return explained(
        found,
        log.effects(decision_id),
        approval.settled_by(log, found) if waited else None,
        log.head(found.model),
        services.board.pages,
    )


@router.get("/{decision_id}/errors")
async def errors(decision_id: str, services: ServicesDependency) -> ErrorPlots:
    """Plot what the challenger of a verdict got wrong on the test set; a second or two at first."""
    # An unknown decision is refused first.
    await run_in_threadpool(services.decisions.get, decision_id)
    return ErrorPlots.model_validate(await services.inspections.errors(decision_id))


@router.post("/{decision_id}/replay")
async def replay(decision_id: str, services: ServicesDependency) -> ReplayOutcome:
    """Compute every number of a decision again from its stored files; changes nothing."""
    await run_in_threadpool(services.decisions.get, decision_id)
    found = await services.inspections.replay(decision_id)
    return ReplayOutcome.model_validate(
        {**found, "decision_id": decision_id, "holds": not found["differences"]}
    )


@router.post("/{decision_id}/override", status_code=201)
def override(
    decision_id: str,
    request: OverrideRequest,
    services: ServicesDependency,
    caller: CallerDependency,
) -> DecisionDocument:
    """Make champion what no figure could settle, in a named person's name; the alias follows."""
    made = overriding.override(
        services.decisions,
        decision_id,
        actor=caller.named(request.actor),
        reason=request.reason,
    )
    services.follower.look_now()
    return views.document(made)
