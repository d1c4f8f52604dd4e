"""The application: `create_app` takes its collaborators and starts nothing until it is served."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi_offline import FastAPIOffline
from sqlalchemy.exc import SQLAlchemyError
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Scope

from pipelines import confirmations
from pipelines.decisions.log import DecisionLog
from pipelines.settings import Settings
from pipelines.store import Store
from serving import errors
from serving.access.door import Door
from serving.access.gate import Gate
from serving.access.routes import Routes
from serving.access.trail import Trail
from serving.assembly import Registry, assemble
from serving.bodies import BodyLimits, Room
from serving.documentation import describe
from serving.envelope import Envelope
from serving.hot import patience, wire
from serving.hot.routes import HotRoutes
from serving.hot.table import HotTable
from serving.observability.access_log import AccessLog
from serving.problems import respond
from serving.retraining import Orchestration
from serving.routers import (
    access,
    assessments,
    board,
    console,
    decisions,
    demand,
    explanations,
    fashion,
    feedback,
    health,
    history,
    invocations,
    jobs,
    labels,
    models,
    open_inference,
    playground,
    predictions,
    product_categories,
    product_codes,
    product_recommendations,
    review,
    rollouts,
)
from serving.services import RollBack, Services
from serving.tracing.sampling import Sampling
from serving.uploads import UploadPlaces

if TYPE_CHECKING:
    from pipelines.observability.otlp import Tracing

logger = logging.getLogger(__name__)

START_PATIENCE_SECONDS = 20.0
# Routes are tried in order, so what is asked most comes first.
GENERIC = (
    *(predictions, health, models, feedback, labels, history, assessments, decisions),
    *(rollouts, jobs, access),
)
DESKS = (review, board, explanations, playground, console)
"""What the console reads beside the generic interface."""
PROTOCOLS = (open_inference, invocations)
"""The generic interface as clients of others speak it, in their dialects and media types."""
DOMAIN = (product_categories, product_codes, demand, product_recommendations, fashion)
"""Interfaces whose clients were there before: their refusals speak a dialect."""
HOT = (predictions, *DOMAIN)
"""Those whose operations are also asked on the fast path."""


def create_app(
    settings: Settings,
    *,
    store: Store,
    registry: Registry,
    log: DecisionLog,
    orchestration: Orchestration,
    roll_back: RollBack,
    project: Callable[[str], None] = lambda _model: None,
    close: Callable[[], None] = lambda: None,
) -> FastAPI:
    """Return the application; `close` is called when it has stopped.

    `project` sets a model's alias where the log says, after a rollout has moved its champion.
    """
    services = assemble(
        settings,
        store=store,
        registry=registry,
        log=log,
        orchestration=orchestration,
        roll_back=roll_back,
        project=project,
    )
    app = FastAPIOffline(
        title="Contender",
        version="0.1.0",
        description="Every answer names the version that gave it and the decision behind it.",
        lifespan=partial(_lifespan, services, close),
        # FastAPI's own asks the environment several times for each request.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        redoc_url=None,
    )
    app.state.services = services
    app.state.uploads = UploadPlaces(settings.clients.uploads)
    app.state.dialects = tuple(module.DIALECT for module in (*DOMAIN, *PROTOCOLS))
    routers = [module.router for module in (*GENERIC, *DOMAIN, *PROTOCOLS, *DESKS)]
    for router in routers:
        app.include_router(router)
    app.state.routes = [route for router in routers for route in router.routes]
    errors.install(app)
    console.install(app)
    _wrap(app, settings, services)
    describe(app, services)
    return app


def _wrap(app: FastAPI, settings: Settings, services: Services) -> None:
    """Put around the application what every request goes through, the innermost first."""
    beyond = settings.addresses.beyond_loopback
    door = app.state.door = Door(settings.access, services.store, beyond_loopback=beyond)
    app.add_middleware(
        BodyLimits,
        limit_bytes=settings.serving.body_limit_bytes,
        room=Room(settings.clients.bodies_bytes),
        refuse=partial(_refusal, app),
        takes=_taken_beside_json,
        streams=jobs.takes_upload,
    )
    access = AccessLog(settings.logging.access)
    app.add_middleware(
        Gate,
        door=door,
        routes=Routes(routes_of(app)),
        trail=Trail(services.store, timedelta(days=settings.access.audit_days)),
        refuse=partial(_refusal, app),
    )
    app.add_middleware(Envelope, telemetry=services.telemetry, access=access)
    app.state.hot = HotTable(
        [route for module in HOT for route in module.HOT],
        settings.models,
        state=app.state,
        door=door,
        limit_bytes=settings.serving.body_limit_bytes,
        tallies=services.telemetry.tallies,
        access=access,
    )
    app.add_middleware(HotRoutes, table=app.state.hot)
    if services.tracing is not None:
        _trace(app, services.tracing, settings.traces.share)


def _trace(app: FastAPI, tracing: Tracing, share: float) -> None:
    from serving.tracing.requests import TracedRequests

    hot: HotTable = app.state.hot
    hot.sampling = Sampling(share)

    def route_of(method: str, path: str) -> str | None:
        place = hot.places.get(path)
        return place.template if place and place.method == method else None

    app.add_middleware(TracedRequests, tracing=tracing, sampling=hot.sampling, route_of=route_of)


@asynccontextmanager
async def _lifespan(
    services: Services, close: Callable[[], None], app: FastAPI
) -> AsyncIterator[dict[str, object]]:
    door: Door = app.state.door
    await run_in_threadpool(door.standing.start)
    await run_in_threadpool(services.predictions.start)
    # The champions are there before the first request is: a restarted worker refuses none.
    await run_in_threadpool(services.follower.start, START_PATIENCE_SECONDS)
    await run_in_threadpool(services.rollouts.start, START_PATIENCE_SECONDS)
    yield {wire.STATE: app.state.hot, patience.STATE: services.settings.clients}
    await run_in_threadpool(door.standing.stop)
    services.telemetry.tallies.hand_over()
    await run_in_threadpool(_stop, services, close)


def _stop(services: Services, close: Callable[[], None]) -> None:
    services.follower.stop()
    services.rollouts.stop()
    services.slots.close()
    if services.remote:
        services.remote.close()
    services.predictions.close()
    try:
        confirmations.withdraw(services.store, services.worker_id)
    except SQLAlchemyError as error:
        logger.warning("this worker is forgotten only when it has not been seen: %s", error)
    if services.tracing is not None:
        services.tracing.close()
    close()


def routes_of(app: FastAPI) -> list[BaseRoute]:
    """Return every route of an application in the order in which it tries them."""
    own = [route for route in app.router.routes if isinstance(route, Route | Mount)]
    return [*own, *app.state.routes]


def _taken_beside_json(path: str) -> frozenset[str]:
    protocol = next((module for module in PROTOCOLS if module.DIALECT.covers(path)), None)
    return protocol.MEDIA_TYPES if protocol else frozenset()


def _refusal(app: FastAPI, scope: Scope, error: Exception) -> ASGIApp:
    return respond(
        errors.problem_of(error), scope["path"], scope["state"]["request_id"], app.state.dialects
    )
