"""What a stack consists of: MLflow, Prefect, the flow runner, the reconciler and the API."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
import psutil

from cli.supervisor import Probe, Service
from pipelines.settings import HOME_VARIABLE, Settings

RUNNER_READY_VARIABLE = "CONTENDER_RUNNER_READY"
WORKER_READY_VARIABLE = "CONTENDER_WORKER_READY"
CLOCK_CORRECTION_SECONDS = 2.0
"""The system derives a process's start from the wall clock, which may be corrected by a moment."""


def stack_services(settings: Settings, inherited: Mapping[str, str]) -> tuple[Service, ...]:
    """Return the services of a stack in the order in which they start."""
    environment = service_environment(settings, inherited)
    return (
        *_mlflow(settings, environment),
        _prefect(settings, environment),
        _flows(settings, environment),
        *_workers(settings, environment),
        Service(
            "reconciler",
            _python("cli.main", "reconcile", "--watch"),
            environment,
            healthy=_always,
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
    )


def _mlflow(settings: Settings, environment: Mapping[str, str]) -> tuple[Service, Service]:
    """The tracking server, and before it the migration: two at once would spoil a new file."""
    database = f"sqlite:///{settings.mlruns / 'mlflow.db'}"
    migration = Service(
        "mlflow-migration",
        _python("mlflow", "db", "upgrade", database),
        environment,
        healthy=_always,
        once=True,
    )
    server = _python(
        *("mlflow", "server", "--host", "127.0.0.1", "--port", str(settings.ports.mlflow)),
        *("--workers", "1", "--backend-store-uri", database),
        *("--artifacts-destination", str(settings.mlruns / "artifacts")),
    )
    healthy = http_probe(f"{settings.mlflow_url}/health")
    return migration, Service("mlflow", server, environment, healthy, after=(migration.name,))


def _prefect(settings: Settings, environment: Mapping[str, str]) -> Service:
    port = str(settings.ports.prefect)
    return Service(
        "prefect",
        _python("prefect", "server", "start", "--host", "127.0.0.1", "--port", port),
        environment,
        healthy=http_probe(f"{settings.prefect_url}/api/health"),
    )


def _flows(settings: Settings, environment: Mapping[str, str]) -> Service:
    ready = settings.var / "run" / "flows.ready"
    return Service(
        "flows",
        _python("flows.deployments"),
        {**environment, RUNNER_READY_VARIABLE: str(ready)},
        healthy=pid_file_probe(ready),
        after=("mlflow", "prefect"),
    )


def _workers(settings: Settings, environment: Mapping[str, str]) -> tuple[Service, ...]:
    """One worker for each kind of work pool in use; more of them may run elsewhere."""
    found = []
    for kind in settings.pools:
        ready = settings.var / "run" / f"worker-{kind}.ready"
        own = {WORKER_READY_VARIABLE: str(ready), "PREFECT_WORKER_QUERY_SECONDS": "2"}
        found.append(
            Service(
                f"worker-{kind}",
                _python("flows.worker", kind),
                {**environment, **own},
                healthy=pid_file_probe(ready),
                after=("flows",),
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
        "MLFLOW_TRACKING_URI": settings.mlflow_url,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "PREFECT_HOME": str(settings.var / "prefect"),
        "PREFECT_API_URL": f"{settings.prefect_url}/api",
        "PREFECT_UI_API_URL": f"{settings.prefect_url}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_RUNNER_POLL_FREQUENCY": "2",
        "PREFECT_RUNNER_HEARTBEAT_FREQUENCY": "30",
        "PREFECT_LOGGING_COLORS": "false",
    }


def _bytecode(settings: Settings) -> dict[str, str]:
    """Keep bytecode of our own where the environment's folder cannot be written to."""
    if os.access(sys.prefix, os.W_OK):
        return {}
    return {"PYTHONPYCACHEPREFIX": str(settings.var / "bytecode")}


def http_probe(url: str) -> Probe:
    """Return a probe that asks for a page and wants a 200."""

    async def healthy() -> bool:
        try:
            async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
                return (await client.get(url)).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    return healthy


def pid_file_probe(path: Path) -> Probe:
    """Return a probe for a file in which the service writes its process id once it is ready.

    A file left by an earlier start does not count: it names a process that is gone, or, after a
    reboot, one that began only after it was written.
    """

    async def healthy() -> bool:
        try:
            process = psutil.Process(int(path.read_text(encoding="utf-8")))
            return process.create_time() <= path.stat().st_mtime + CLOCK_CORRECTION_SECONDS
        except (OSError, ValueError, psutil.Error):
            return False

    return healthy


async def _always() -> bool:
    return True


def _python(module: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module, *arguments)
