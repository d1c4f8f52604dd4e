"""Rollouts: try a challenger among real requests, see how it does, and stop it."""

from __future__ import annotations

from fastapi import APIRouter, Query, Response

from serving.bodies import StrictRoute
from serving.dependencies import CallerDependency, ServicesDependency
from serving.schemas.rollout import (
    RolloutList,
    RolloutRequest,
    RolloutView,
    StopRequest,
)

router = APIRouter(prefix="/v1", tags=["rollouts"], route_class=StrictRoute)


@router.post("/models/{name}/rollouts", status_code=201)
def start(
    name: str,
    request: RolloutRequest,
    services: ServicesDependency,
    caller: CallerDependency,
    response: Response,
) -> RolloutView:
    """Start a rollout; every worker takes it up within a poll and the time of a load."""
    planned = request.model_copy(update={"actor": caller.named(request.actor)})
    started = services.rollout_desk.start(name, services.slots.contract(name), planned)
    response.headers["Location"] = f"/v1/rollouts/{started.rollout_id}"
    return started


@router.get("/models/{name}/rollouts")
def rollouts(
    name: str,
    services: ServicesDependency,
    limit: int = Query(50, ge=1, le=1000),
) -> RolloutList:
    """List a model's rollouts, the newest first; at most one of them is running."""
    services.slots.served(name)  # raises UnknownModel
    return RolloutList(rollouts=services.rollout_desk.list(name, limit))


@router.get("/rollouts/{rollout_id}")
def rollout(rollout_id: str, services: ServicesDependency) -> RolloutView:
    """Show a rollout with its checks, what all workers have seen, and the time that is left."""
    return services.rollout_desk.view(rollout_id)


@router.post("/rollouts/{rollout_id}/stop")
def stop(
    rollout_id: str, request: StopRequest, services: ServicesDependency, caller: CallerDependency
) -> RolloutView:
    """End a rollout before its time; the champion answers everything again within a poll."""
    desk = services.rollout_desk
    return desk.stop(rollout_id, actor=caller.named(request.actor), reason=request.reason)
