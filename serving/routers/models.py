"""The models: what they are, who is champion and why; going back, and asking for a retraining."""

from __future__ import annotations

from fastapi import APIRouter, Body, Response

from serving import views
from serving.bodies import StrictRoute
from serving.dependencies import CallerDependency, ServicesDependency
from serving.schemas.decision import DecisionDocument
from serving.schemas.generic import (
    ModelList,
    ModelView,
    RetrainRequest,
    RetrainResponse,
    RollbackRequest,
    Run,
)
from serving.services import Services
from serving.steps import SlotState

router = APIRouter(prefix="/v1/models", tags=["models"], route_class=StrictRoute)


@router.get("")
async def models(services: ServicesDependency) -> ModelList:
    """List every model that this server knows, with or without a champion."""
    return ModelList(models=[views.slot(state) for state in services.follower.states()])


@router.get("/{name}")
def model(name: str, services: ServicesDependency) -> ModelView:
    """Show a model's contract, champion, the decision behind it, and the workers serving it."""
    state = _state(services, name)
    served = state.served
    answering = services.slots.answering(name)
    return ModelView(
        **views.slot(state).model_dump(),
        digest=served.digest if served else None,
        contract=views.contract(services.slots.contract(name)) if served else None,
        answering=views.answering(answering) if answering else None,
        decision=views.summary(services.decisions.get(served.decision_id)) if served else None,
        rollout=services.rollouts.taking_part(name),
        workers=views.workers(services.workers(name)),
    )


@router.post("/{name}/rollback")
def rollback(
    name: str, request: RollbackRequest, services: ServicesDependency, caller: CallerDependency
) -> DecisionDocument:
    """Go back to the champion before; itself a recorded decision, served within a poll."""
    services.slots.served(name)  # an unknown model is refused before anything is asked of the log
    actor = caller.named(request.actor)
    decision = services.roll_back(name, actor=actor, reason=request.reason, to=request.to)
    services.follower.look_now()
    return views.document(decision)


@router.post("/{name}/retrain", status_code=202)
async def retrain(
    name: str,
    services: ServicesDependency,
    response: Response,
    caller: CallerDependency,
    request: RetrainRequest | None = Body(None),
) -> RetrainResponse:
    """Start a retraining, or name the one under way."""
    served = services.slots.served(name)
    asked = request or RetrainRequest()
    actor = caller.named(asked.actor, unclaimed=RetrainRequest().actor)
    retraining = await services.retrain.ask(
        name, actor=actor, reason=asked.reason, params=asked.params
    )
    run = retraining.run
    response.headers["Location"] = run.url
    said = "started" if retraining.started else "already under way"
    return RetrainResponse(
        message=f"retraining of {name} is {said}: {run.url}",
        started=retraining.started,
        run=Run(id=run.id, name=run.name, url=run.url, state=run.state),
        model=views.served_version(served) if served else None,
    )


def _state(services: Services, name: str) -> SlotState:
    services.slots.served(name)  # raises UnknownModel
    return next(state for state in services.follower.states() if state.model == name)
