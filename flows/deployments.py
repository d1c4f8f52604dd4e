"""What is deployed, and the runner that executes it: `python -m flows.deployments`.

Each model has three deployments named after it, one of each flow; `all` stands for every model.
A run loads its flow as an attribute of this module, so a new family needs no line here. The runner
executes what is in no work pool; the rest only stands here, and a pool's workers take it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast
from uuid import UUID

from prefect import Flow
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import RunnerDeployment
from prefect.runner import Runner
from prefect.schedules import Cron, Interval, Schedule
from prefect.types.entrypoint import EntrypointType

from flows import (
    approve,
    demo_day,
    everything,
    monitor,
    pools,
    promote,
    refresh,
    repair,
    retrain,
    signals,
    train,
)
from pipelines import catalog
from pipelines.model_settings import ModelSettings
from pipelines.orchestration import model_tag
from pipelines.settings import Settings, load_settings

READY_VARIABLE = "CONTENDER_RUNNER_READY"
ALL = "all"

BUILDERS: Mapping[str, Callable[[str], Flow[..., object]]] = {
    train.NAME: train.build,
    promote.NAME: promote.build,
    retrain.NAME: retrain.build,
}


def flow_named(flow: str, model: str) -> Flow[..., object]:
    """Return one of the flows for a model, or for `all` of them."""
    if model == ALL:
        return everything.build(flow, BUILDERS[flow], _configured(load_settings()))
    return BUILDERS[flow](model)


def __getattr__(name: str) -> Flow[..., object]:
    """Resolve an entry point such as `flows.deployments.train_and_promote__product_codes`."""
    flow, _, model = name.partition("__")
    flow = flow.replace("_", "-")
    if flow not in BUILDERS or model not in (*catalog.names(), ALL):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return flow_named(flow, model)


def deployments(settings: Settings) -> list[RunnerDeployment]:
    """Return every deployment of a home folder's stack: those of the models that have a source."""
    found = [
        _deployment(flow, model, settings)
        for model in (*_configured(settings), ALL)
        for flow in BUILDERS
    ]
    return [*found, _refresh(settings), _monitor(settings), _approve(), *_demo_day(settings)]


def _configured(settings: Settings) -> list[str]:
    return [model for model in catalog.names() if model in settings.models]


def _schedules(configured: ModelSettings | None) -> list[Schedule]:
    """Return when a model retrains; what a schedule does not set is as the deployment says."""
    if configured is None:
        return []
    return [
        Cron(each.cron, timezone="UTC", parameters=dict(each.params), slug=f"retraining-{number}")
        for number, each in enumerate(configured.retrainings, start=1)
    ]


def _deployment(flow: str, model: str, settings: Settings) -> RunnerDeployment:
    built = flow_named(flow, model)
    configured = settings.models.get(model)
    asks_params = configured is not None and flow != promote.NAME
    deployment = RunnerDeployment.from_flow(
        built,
        name=model,
        description=built.description,
        tags=[ALL] if model == ALL else [model_tag(model)],
        schedules=_schedules(configured) if flow == retrain.NAME else [],
        parameters=dict(configured.params) if configured is not None and asks_params else {},
        concurrency_limit=ConcurrencyLimitConfig(
            limit=1, collision_strategy=ConcurrencyLimitStrategy.ENQUEUE
        ),
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    _place(deployment, settings, model)
    return _located(deployment, f"{flow.replace('-', '_')}__{model}")


def _place(deployment: RunnerDeployment, settings: Settings, model: str) -> None:
    """Say who executes the runs; said also where it is the runner, after it was a pool."""
    kind = settings.flows.pool_of(settings.models.get(model))
    in_pool = kind != "runner"
    deployment.work_pool_name = pools.pool_name(kind) if in_pool else None
    if in_pool:
        deployment.job_variables = pools.job_variables(kind, settings, model)


def _refresh(settings: Settings) -> RunnerDeployment:
    every = timedelta(seconds=settings.feed.interval_seconds)
    deployment = RunnerDeployment.from_flow(
        refresh.refresh,
        name="feed",
        description=refresh.refresh.description,
        tags=["feed"],
        schedule=Interval(every) if settings.feed.url else None,
        concurrency_limit=ConcurrencyLimitConfig(
            limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW
        ),
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    deployment.entrypoint = "flows.refresh.refresh"
    return deployment


def _monitor(settings: Settings) -> RunnerDeployment:
    deployment = RunnerDeployment.from_flow(
        monitor.assess_champions,
        name="champions",
        description=monitor.assess_champions.description,
        tags=["monitoring"],
        schedule=Cron(settings.monitoring_schedule, timezone="UTC"),
        concurrency_limit=ConcurrencyLimitConfig(
            limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW
        ),
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    deployment.entrypoint = "flows.monitor.assess_champions"
    return deployment


def _approve() -> RunnerDeployment:
    deployment = RunnerDeployment.from_flow(
        approve.settle,
        name="decision",
        description=approve.settle.description,
        tags=["approval"],
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    deployment.entrypoint = "flows.approve.settle"
    return deployment


def _demo_day(settings: Settings) -> list[RunnerDeployment]:
    if not (settings.demo.day and settings.demo_models):
        return []
    deployment = RunnerDeployment.from_flow(
        demo_day.demo_day,
        name=demo_day.DEPLOYMENT,
        description=demo_day.demo_day.description,
        tags=["demo"],
        concurrency_limit=ConcurrencyLimitConfig(
            limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW
        ),
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    deployment.entrypoint = "flows.demo_day.demo_day"
    return [deployment]


def _located(deployment: RunnerDeployment, attribute: str) -> RunnerDeployment:
    deployment.entrypoint = f"flows.deployments.{attribute}"
    return deployment


def _deploy(deployment: RunnerDeployment, runner: Runner) -> object:
    pooled = deployment.work_pool_name is not None
    return deployment.apply() if pooled else runner.add_deployment(deployment)


def main() -> None:
    """Deploy everything, say that we are ready, and run what is asked for until stopped."""
    settings = load_settings()
    repair.close_abandoned_runs()
    repair.skip_missed_runs(datetime.now(UTC))
    asyncio.run(repair.watch_heartbeats())
    # Schedules go on after a restart: pausing them at every stop would need undoing by hand.
    runner = Runner(limit=settings.flows.at_once, pause_on_shutdown=False)
    pools.make_pools(settings)
    retrainings: dict[str, UUID] = {}
    for deployment in deployments(settings):
        known = cast(UUID, _deploy(deployment, runner))
        if deployment.flow_name == retrain.NAME and deployment.name in settings.models:
            retrainings[deployment.name] = known
    asyncio.run(signals.retrain_on_signals(retrainings))
    if READY_VARIABLE in os.environ:
        path = Path(os.environ[READY_VARIABLE])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(os.getpid()), encoding="utf-8")
    asyncio.run(runner.start())


if __name__ == "__main__":
    main()
