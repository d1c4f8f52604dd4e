"""Is it alive, is it ready, what does it serve, and what does Prometheus want to know?"""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from pipelines.access.roles import Role
from serving import views
from serving.dependencies import CallerDependency, ServicesDependency
from serving.observability.store_figures import StoreFigures
from serving.remote.figures import RemoteFigures
from serving.schemas.generic import Accepted, Alive, Health, Readiness

router = APIRouter(tags=["health"])


@router.get("/livez")
async def livez() -> Alive:
    """Answer, which is all that it says."""
    return Alive()


@router.get("/health")
async def health(services: ServicesDependency) -> Health:
    """Say what each slot of this process serves, and why, always with 200."""
    follower = services.follower
    return Health(
        worker_id=services.worker_id,
        registry=_reach(follower.registry_reachable),
        decision_log=_reach(follower.log_reachable),
        slots=[views.slot(state) for state in follower.states()],
    )


@router.get("/readyz", responses={503: {"model": Readiness}})
def readyz(services: ServicesDependency, caller: CallerDependency, response: Response) -> Readiness:
    """Say whether every model that has a champion is answered by it, here and in each worker.

    Of what and by which workers, only a viewer is told: probes ask without a key.
    """
    states = services.follower.states()
    ready = services.follower.ready
    response.status_code = 200 if ready else 503
    if caller.role < Role.VIEWER:
        return Readiness(ready=ready, slots=[], workers={}, preparations={}, agreed={})
    workers = {state.model: views.workers(services.workers(state.model)) for state in states}
    return Readiness(
        ready=ready,
        slots=[views.slot(state) for state in states],
        workers=workers,
        preparations={
            state.model: views.preparations(services.preparations(state.model)) for state in states
        },
        agreed={
            model: len({each.generation for each in said}) < 2 for model, said in workers.items()
        },
    )


@router.get("/metrics", response_class=Response)
def metrics(services: ServicesDependency) -> Response:
    """Return the metrics of all workers, and figures of the store, in Prometheus' text format."""
    figures = StoreFigures(services.settings, services.store)
    found = services.telemetry.render() + figures.render()
    if services.remote:
        found += RemoteFigures(services.remote.redis).render()
    return Response(found, media_type=CONTENT_TYPE_LATEST)


@router.post("/v1/registry-events", status_code=202)
async def registry_events(services: ServicesDependency) -> Accepted:
    """Take a webhook of MLflow as a hint: look now. What it says is never acted upon."""
    services.follower.look_now()
    return Accepted(message="looking at the decision log and the registry now")


def _reach(reachable: bool) -> Literal["reachable", "away"]:
    return "reachable" if reachable else "away"
