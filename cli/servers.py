"""MLflow and Prefect as `contender up` starts them, unless they run elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from cli.probes import always, http_probe
from cli.supervisor import Service
from pipelines.addresses_settings import driven_by
from pipelines.settings import Settings

MLFLOW = "mlflow"
PREFECT = "prefect"
HOST = "127.0.0.1"
DATABASE_VARIABLE = "MLFLOW_BACKEND_STORE_URI"
UPGRADE = f"import os; from mlflow.db import upgrade; upgrade([os.environ['{DATABASE_VARIABLE}']])"
"""`mlflow db upgrade`, which wants as an argument, for all to see, what may hold a password."""


def mlflow_services(settings: Settings, environment: Mapping[str, str]) -> tuple[Service, ...]:
    """The tracking server, and before it the migration: two at once would spoil a new file."""
    if settings.addresses.mlflow is not None:
        return ()
    own = {**environment, DATABASE_VARIABLE: mlflow_database(settings)}
    migration = Service(
        "mlflow-migration",
        (sys.executable, "-c", UPGRADE),
        own,
        healthy=always,
        once=True,
    )
    server = _python(
        *("mlflow", "server", "--host", HOST, "--port", str(settings.ports.mlflow)),
        *("--workers", "1"),
        *("--artifacts-destination", str(settings.mlruns / "artifacts")),
    )
    healthy = http_probe(f"{settings.mlflow_url}/health")
    return migration, Service(MLFLOW, server, own, healthy, after=(migration.name,))


def mlflow_database(settings: Settings) -> str:
    """Return MLflow's database: by URL, or SQLite in the home."""
    url = settings.databases.mlflow or f"sqlite:///{settings.mlruns / 'mlflow.db'}"
    return driven_by("psycopg", url)


def prefect_services(settings: Settings, environment: Mapping[str, str]) -> tuple[Service, ...]:
    """The orchestration server; it brings its database up to date itself."""
    if settings.addresses.prefect is not None:
        return ()
    own = dict(environment)
    if settings.databases.prefect is not None:
        url = driven_by("asyncpg", settings.databases.prefect)
        own["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = url
    port = str(settings.ports.prefect)
    return (
        Service(
            PREFECT,
            _python("prefect", "server", "start", "--host", HOST, "--port", port),
            own,
            healthy=http_probe(f"{settings.prefect_url}/api/health"),
        ),
    )


def _python(module: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module, *arguments)
