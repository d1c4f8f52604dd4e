"""The application: `create_app` takes its collaborators and starts nothing until it is served."""

from __future__ import annotations

import logging
import os
import random
import socket
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Protocol

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi_offline import FastAPIOffline
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Scope

from pipelines import confirmations
from pipelines.decisions.log import DecisionLog
from pipelines.prediction_log import PredictionLog
from pipelines.rendezvous import Rendezvous, preparations
from pipelines.settings import Settings
from pipelines.store import Store
from serving import cache, errors, follower
from serving.answers import ServedModel
from serving.batching import QueueLimits
from serving.bodies import BodyLimits
from serving.documentation import describe
from serving.envelope import Envelope
from serving.hot.routes import HotRoutes
from serving.hot.routes import HotRoutes
from serving.keeper import Actions
from serving.loading import ChampionLoader
from serving.problems import respond
from serving.retraining import Orchestration, Retrainer
from serving.rollout_affairs import StoredAffairs
from serving.rollout_desk import RolloutDesk
from serving.rollouts import Rollouts
from serving.routers import (
    decisions,
    demand,
    fashion,
    feedback,
    health,
    history,
    invocations,
    jobs,
    models,
    open_inference,
    predictions,
    product_categories,
    product_codes,
    product_recommendations,
    rollouts,
)
from serving.services import RollBack, Services
from serving.slots import Slots
from serving.telemetry import Telemetry

logger = logging.getLogger(__name__)

START_PATIENCE_SECONDS = 20.0
WORKER_SEEN_SECONDS = 15.0
# Routes are tried in order, so what is asked most comes first.
GENERIC = (predictions, health, models, feedback, history, decisions, rollouts, jobs)
PROTOCOLS = (open_inference, invocations)
"""The generic interface as clients of others speak it, in their dialects and media types."""
DOMAIN = (product_categories, product_codes, demand, product_recommendations, fashion)
"""Interfaces whose clients were there before: their refusals speak a dialect."""
HOT = (predictions,)
"""Those whose operations are also asked on the fast path."""
HOT = (predictions,)
"""Those whose operations are also asked on the fast path."""


class Registry(follower.Registry, cache.Source, Protocol):
    """What the server needs of MLflow."""


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
    services = _services(settings, store, registry, log, orchestration, roll_back, project)
    app = FastAPIOffline(
        title="Contender",
        version="0.1.0",
        description="Every answer names the version that gave it and the decision behind it.",
        lifespan=partial(_lifespan, services, close),
        redoc_url=None,
    )
    app.state.services = services
    app.state.dialects = tuple(module.DIALECT for module in (*DOMAIN, *PROTOCOLS))
    routers = [module.router for module in (*GENERIC, *DOMAIN, *PROTOCOLS)]
    for router in routers:
        app.include_router(router)
    app.state.routes = [route for router in routers for route in router.routes]
    errors.install(app)
    app.add_middleware(
        BodyLimits,
        limit_bytes=settings.serving.body_limit_bytes,
        refuse=partial(_refusal, app),
        takes=_taken_beside_json,
        streams=jobs.takes_upload,
    )
    app.add_middleware(Envelope, telemetry=services.telemetry)
    app.add_middleware(
        HotRoutes,
        routes=[route for module in HOT for route in module.HOT],
        models=settings.models,
        state=app.state,
        limit_bytes=settings.serving.body_limit_bytes,
        tallies=services.telemetry.tallies,
    )
    app.add_middleware(
        HotRoutes,
        routes=[route for module in HOT for route in module.HOT],
        models=settings.models,
        state=app.state,
        limit_bytes=settings.serving.body_limit_bytes,
        tallies=services.telemetry.tallies,
    )
    describe(app, services)
    return app


def _services(
    settings: Settings,
    store: Store,
    registry: Registry,
    log: DecisionLog,
    orchestration: Orchestration,
    roll_back: RollBack,
    project: Callable[[str], None],
) -> Services:
    telemetry = Telemetry()
    worker_id = f"{socket.gethostname()[:40]}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
    log_of_predictions = PredictionLog(store, settings.var / "spool")
    limits = settings.serving

    def hurry() -> None:
        following.look_now()

    slots = Slots(
        settings.models,
        log_of_predictions,
        instances_limit=limits.instances_limit,
        hurry=hurry,
    )

    def looked(registry_reachable: bool) -> None:
        telemetry.registry_up.set(registry_reachable)
        telemetry.waiting_bytes.set(log_of_predictions.waiting_bytes())

    loader = ChampionLoader(
        cache.PackageCache(settings.var / "cache", registry),
        log,
        text_limit=limits.text_limit_characters,
        limits=QueueLimits(limits.queue_limit, limits.deadline_seconds),
        watch=telemetry.queue,
    )
    actions = Actions(
        load=loader,
        confirm=partial(_confirm, store, telemetry, worker_id),
        watch=lambda model, outcome: telemetry.swaps.labels(model, outcome).inc(),
    )
    # Who looks seldom says seldom that he lives.
    seen_seconds = max(WORKER_SEEN_SECONDS, 2 * limits.poll_seconds)
    following = follower.Follower(
        slots,
        registry,
        log,
        actions,
        Rendezvous(store, worker_id, alive_seconds=seen_seconds),
        looked=looked,
        poll_seconds=limits.poll_seconds,
    )
    running = Rollouts(
        slots,
        loader.challenger,
        StoredAffairs(log, worker_id, project),
        poll_seconds=limits.poll_seconds,
        rng=random.SystemRandom(),
    )
    return Services(
        settings=settings,
        store=store,
        slots=slots,
        follower=following,
        rollouts=running,
        rollout_desk=RolloutDesk(log, running),
        decisions=log,
        predictions=log_of_predictions,
        retrain=Retrainer(orchestration, store),
        roll_back=roll_back,
        workers=partial(confirmations.confirmed, store, within_seconds=seen_seconds),
        preparations=partial(preparations, store),
        telemetry=telemetry,
        worker_id=worker_id,
    )


def _confirm(store: Store, telemetry: Telemetry, worker_id: str, served: ServedModel) -> None:
    telemetry.generation.labels(served.name).set(served.generation)
    confirmations.confirm(
        store, worker_id, served.name, served.version, served.generation, served.decision_id
    )


@asynccontextmanager
async def _lifespan(
    services: Services, close: Callable[[], None], _app: FastAPI
) -> AsyncIterator[None]:
    await run_in_threadpool(services.predictions.start)
    # The champions are there before the first request is: a restarted worker refuses none.
    await run_in_threadpool(services.follower.start, START_PATIENCE_SECONDS)
    await run_in_threadpool(services.rollouts.start, START_PATIENCE_SECONDS)
    yield
    await run_in_threadpool(_stop, services, close)


def _stop(services: Services, close: Callable[[], None]) -> None:
    services.follower.stop()
    services.rollouts.stop()
    services.slots.close()
    services.predictions.close()
    try:
        confirmations.withdraw(services.store, services.worker_id)
    except SQLAlchemyError as error:
        logger.warning("this worker is forgotten only when it has not been seen: %s", error)
    close()


def _taken_beside_json(path: str) -> frozenset[str]:
    protocol = next((module for module in PROTOCOLS if module.DIALECT.covers(path)), None)
    return protocol.MEDIA_TYPES if protocol else frozenset()


def _refusal(app: FastAPI, scope: Scope, error: Exception) -> ASGIApp:
    return respond(
        errors.problem_of(error), scope["path"], scope["state"]["request_id"], app.state.dialects
    )
