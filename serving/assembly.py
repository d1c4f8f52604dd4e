"""Makes the collaborators of one application and hands them to one another; starts nothing."""

from __future__ import annotations

import os
import random
import socket
import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Protocol

from pipelines import confirmations
from pipelines.decisions.log import DecisionLog
from pipelines.model_settings import monitoring_of
from pipelines.observability.spans import open_tracing
from pipelines.prediction_log import PredictionLog
from pipelines.prediction_retention import Retention
from pipelines.rendezvous import Rendezvous, preparations
from pipelines.settings import Settings
from pipelines.store import Store
from serving.board.desk import BoardDesk
from serving.board.flow_watch import FlowWatch
from serving.board.model_traffic import ModelTraffic
from serving.inspections import Inspections
from serving.live.answers import ServedModel
from serving.live.batching import QueueLimits
from serving.metrics.telemetry import Telemetry
from serving.remote import versions
from serving.retraining import Orchestration, Retrainer
from serving.rollouts.affairs import StoredAffairs
from serving.rollouts.desk import RolloutDesk
from serving.rollouts.rollouts import Rollouts
from serving.services import RollBack, Services
from serving.slots import cache, follower
from serving.slots.keeper import Actions
from serving.slots.loading import ChampionLoader
from serving.slots.slots import Slots

if TYPE_CHECKING:
    from pipelines.observability.otlp import Tracing

WORKER_SEEN_SECONDS = 15.0


class Registry(follower.Registry, cache.Source, Protocol):
    """What the server needs of MLflow."""


def assemble(
    settings: Settings,
    *,
    store: Store,
    registry: Registry,
    log: DecisionLog,
    orchestration: Orchestration,
    roll_back: RollBack,
    project: Callable[[str], None],
) -> Services:
    """Return the collaborators; `project` sets a model's alias where the log says."""
    telemetry = Telemetry()
    worker_id = f"{socket.gethostname()[:40]}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
    predictions = _prediction_log(settings, store, log)

    def hurry() -> None:
        following.look_now()

    tracing = open_tracing(settings.traces, "api")
    slots = _slots(settings, predictions, tracing, hurry)
    remote = versions.connected(settings, worker_id)
    loader = _loader(settings, registry, log, telemetry, remote)
    # Who looks seldom says seldom that he lives.
    seen_seconds = max(WORKER_SEEN_SECONDS, 2 * settings.serving.poll_seconds)
    meeting = Rendezvous(store, worker_id, alive_seconds=seen_seconds)
    actions = _actions(store, telemetry, worker_id, loader)
    following = _follower(settings, slots, registry, log, actions, meeting, telemetry)
    running = _rollouts(settings, slots, loader, StoredAffairs(log, worker_id, project))
    workers = partial(confirmations.confirmed, store, within_seconds=seen_seconds)
    return Services(
        settings=settings,
        store=store,
        slots=slots,
        follower=following,
        rollouts=running,
        rollout_desk=RolloutDesk(log, running),
        board=_board(settings, log, following, orchestration, telemetry, workers),
        inspections=Inspections(settings.store_url, settings.var / "predictions"),
        decisions=log,
        predictions=predictions,
        retrain=Retrainer(orchestration, store),
        roll_back=roll_back,
        workers=workers,
        preparations=partial(preparations, store),
        telemetry=telemetry,
        worker_id=worker_id,
        remote=remote,
        tracing=tracing,
    )


def _prediction_log(settings: Settings, store: Store, log: DecisionLog) -> PredictionLog:
    spool, days = settings.var / "spool", settings.serving.predictions_days
    if days is None:
        return PredictionLog(store, spool)
    limits = partial(monitoring_of, settings.models)
    retention = Retention(log, timedelta(days=days), limits)
    return PredictionLog(store, spool, forget=retention.forget)


def _follower(
    settings: Settings,
    slots: Slots,
    registry: Registry,
    log: DecisionLog,
    actions: Actions,
    meeting: Rendezvous,
    telemetry: Telemetry,
) -> follower.Follower:
    looks = settings.serving.poll_seconds
    looked = telemetry.looked
    return follower.Follower(
        slots, registry, log, actions, meeting, looked=looked, poll_seconds=looks
    )


def _slots(
    settings: Settings,
    predictions: PredictionLog,
    tracing: Tracing | None,
    hurry: Callable[[], None],
) -> Slots:
    limit = settings.serving.instances_limit
    if tracing is None:
        return Slots(settings.models, predictions, instances_limit=limit, hurry=hurry)
    from serving.tracing.slots import TracedSlots

    return TracedSlots(settings.models, predictions, tracing, instances_limit=limit, hurry=hurry)


def _board(
    settings: Settings,
    log: DecisionLog,
    following: follower.Follower,
    orchestration: Orchestration,
    telemetry: Telemetry,
    workers: Callable[[str], Sequence[confirmations.Confirmation]],
) -> BoardDesk:
    flows, traffic = FlowWatch(orchestration), ModelTraffic(telemetry.collected)
    return BoardDesk(settings, log, following, flows, traffic, workers)


def _loader(
    settings: Settings,
    registry: Registry,
    log: DecisionLog,
    telemetry: Telemetry,
    remote: versions.RemoteVersions | None,
) -> ChampionLoader:
    limits = settings.serving
    return ChampionLoader(
        cache.PackageCache(settings.var / "cache", registry),
        log,
        text_limit=limits.text_limit_characters,
        limits=QueueLimits(limits.queue_limit, limits.deadline_seconds),
        watch=telemetry.queues.of,
        remote=remote,
    )


def _actions(store: Store, telemetry: Telemetry, worker_id: str, loader: ChampionLoader) -> Actions:
    return Actions(
        load=loader,
        confirm=partial(_confirm, store, telemetry, worker_id),
        watch=lambda model, outcome: telemetry.swaps.labels(model, outcome).inc(),
    )


def _rollouts(
    settings: Settings, slots: Slots, loader: ChampionLoader, affairs: StoredAffairs
) -> Rollouts:
    return Rollouts(
        slots,
        loader.challenger,
        affairs,
        poll_seconds=settings.serving.poll_seconds,
        rng=random.Random(),
    )


def _confirm(store: Store, telemetry: Telemetry, worker_id: str, served: ServedModel) -> None:
    telemetry.generation.labels(served.name).set(served.generation)
    confirmations.confirm(
        store, worker_id, served.name, served.version, served.generation, served.decision_id
    )
