"""What a stack consists of: MLflow, Prefect, the flow runner, the reconciler and the API."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from importlib.util import cache_from_source
from pathlib import Path

import pydantic

from cli import servers
from cli.probes import always, http_probe, pid_file_probe
from cli.supervisor import Service
from pipelines.observability import prefect_lines
from pipelines.settings import HOME_VARIABLE, Settings

RUNNER_READY_VARIABLE = "CONTENDER_RUNNER_READY"
WORKER_READY_VARIABLE = "CONTENDER_WORKER_READY"
MODEL_WORKER_READY_VARIABLE = "CONTENDER_MODEL_WORKER_READY"
WATCHED_NAMESPACES_VARIABLE = "PREFECT_INTEGRATIONS_KUBERNETES_OBSERVER_NAMESPACES"
"""Of Prefect's Kubernetes worker: where it sees that a run's pod has failed."""


def stack_services(settings: Settings, inherited: Mapping[str, str]) -> tuple[Service, ...]:
    """Return the services of a stack in the order in which they start."""
    environment = service_environment(settings, inherited)
    started = (
        *servers.mlflow_services(settings, environment),
        *servers.prefect_services(settings, environment),
        _flows(settings, environment),
        *_workers(settings, environment),
        Service(
            "reconciler",
            _python("cli.main", "reconcile", "--watch"),
            environment,
            healthy=always,
            after=("mlflow",),
        ),
        Service(
            "api",
            _python("serving"),
            environment,
            healthy=http_probe(f"{settings.api_url}/livez"),
            after=("mlflow",),
        ),
        Service(
            "jobs",
            _python("serving.job_worker"),
            # It gives way to the API, which a second thread would not notice.
            {**environment, "OMP_NUM_THREADS": "1"},
            healthy=pid_file_probe(settings.var / "run" / "jobs.ready"),
        ),
        *_model_workers(settings, environment),
    )
    # What runs elsewhere is not waited for: who needs it tries again until it answers.
    names = {service.name for service in started}
    return tuple(
        replace(service, after=tuple(name for name in service.after if name in names))
        for service in started
    )


def _flows(settings: Settings, environment: Mapping[str, str]) -> Service:
    ready = settings.var / "run" / "flows.ready"
    return Service(
        "flows",
        _python("flows.deployments"),
        {
            **environment,
            **prefect_lines.environment(settings.logging),
            RUNNER_READY_VARIABLE: str(ready),
        },
        healthy=pid_file_probe(ready),
        after=("mlflow", "prefect"),
    )


def _workers(settings: Settings, environment: Mapping[str, str]) -> tuple[Service, ...]:
    """One worker for each kind of work pool in use; more of them may run elsewhere."""
    found = []
    for kind in settings.pools:
        ready = settings.var / "run" / f"worker-{kind}.ready"
        own = {WORKER_READY_VARIABLE: str(ready), "PREFECT_WORKER_QUERY_SECONDS": "2"}
        if kind == "kubernetes":  # else it would watch the whole cluster, as nobody lets it
            own[WATCHED_NAMESPACES_VARIABLE] = settings.flows.containers.namespace
        found.append(
            Service(
                f"worker-{kind}",
                _python("flows.worker", kind),
                {**environment, **prefect_lines.environment(settings.logging), **own},
                healthy=pid_file_probe(ready),
                after=("flows",),
            )
        )
    return tuple(found)


def _model_workers(settings: Settings, environment: Mapping[str, str]) -> tuple[Service, ...]:
    """Those that answer for the API through Redis, where any model is answered so."""
    found = []
    for number in range(1, settings.workers.processes + 1) if settings.workers.models else ():
        ready = settings.var / "run" / f"model-worker-{number}.ready"
        found.append(
            Service(
                f"model-worker-{number}",
                _python("serving.model_worker"),
                {**environment, MODEL_WORKER_READY_VARIABLE: str(ready)},
                healthy=pid_file_probe(ready),
            )
        )
    return tuple(found)


def service_environment(settings: Settings, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of every service: this stack's places, and no telemetry."""
    passed = {
        name: value
        for name, value in inherited.items()
        # Another stack's Prefect or MLflow must not leak in. Not writing bytecode makes every
        # start recompile everything: 40 s instead of 9.
        if not name.startswith(("PREFECT_", "MLFLOW_")) and name != "PYTHONDONTWRITEBYTECODE"
    }
    return {
        **passed,
        HOME_VARIABLE: str(settings.home),
        "CONTENDER_PORT_API": str(settings.ports.api),
        "CONTENDER_PORT_MLFLOW": str(settings.ports.mlflow),
        "CONTENDER_PORT_PREFECT": str(settings.ports.prefect),
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",
        **_bytecode(settings),
        "DO_NOT_TRACK": "true",
        **_logins(settings),
        "MLFLOW_TRACKING_URI": settings.mlflow_url,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "PREFECT_HOME": str(settings.var / "prefect"),
        "PREFECT_API_URL": f"{settings.prefect_url}/api",
        "PREFECT_UI_API_URL": f"{settings.prefect_pages}/api",
        "PREFECT_UI_URL": settings.prefect_pages,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_RUNNER_POLL_FREQUENCY": "2",
        "PREFECT_RUNNER_HEARTBEAT_FREQUENCY": "30",
        "PREFECT_LOGGING_COLORS": "false",
    }


def _logins(settings: Settings) -> dict[str, str]:
    """Return what MLflow's and Prefect's own clients sign in with."""
    found = {}
    if settings.mlflow_login is not None:
        found["MLFLOW_TRACKING_USERNAME"], found["MLFLOW_TRACKING_PASSWORD"] = settings.mlflow_login
    if settings.prefect_login is not None:
        found["PREFECT_API_AUTH_STRING"] = ":".join(settings.prefect_login)
    return found


def _bytecode(settings: Settings) -> dict[str, str]:
    """Keep bytecode of our own where there is none and the environment cannot be written to.

    An image's is made when that is built; with another place for it, all of it would go unused.
    """
    if os.access(sys.prefix, os.W_OK) or Path(cache_from_source(pydantic.__file__)).exists():
        return {}
    return {"PYTHONPYCACHEPREFIX": str(settings.var / "bytecode")}


def _python(module: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module, *arguments)
