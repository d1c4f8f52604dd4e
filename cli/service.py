"""`contender service` and `contender bootstrap`: a stack whose services are started one by one.

In containers there is no supervisor: each service is a container of its own, started and restarted
by whatever runs containers, in any order.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from typing import Annotated

import typer

from cli import first_run, screen
from cli.probes import http_probe
from cli.running import orchestration
from cli.services import stack_services
from cli.stack import StackError
from cli.supervisor import Service
from pipelines.orchestration import OrchestrationClient, OrchestrationUnavailable, UnknownDeployment
from pipelines.settings import Settings, load_settings

PAUSE_SECONDS = 0.5
NEEDS = {
    "flows": ("mlflow", "prefect"),
    "reconciler": ("mlflow",),
}
"""What a service cannot start without, beside the store. The API answers without either."""
Wait = Annotated[float, typer.Option(help="Seconds to wait for what it needs.")]


@screen.plain_errors
def service(
    name: Annotated[str, typer.Argument(help="api, flows, jobs, reconciler, …")],
    wait_seconds: Wait = 180.0,
) -> None:
    """Run one service of the stack in the foreground, as a container does.

    Waits for the store, and for MLflow and Prefect where it cannot start without them.

    Example: `contender service flows`
    """
    settings = load_settings()
    found = _service(name, {each.name: each for each in stack_services(settings, os.environ)})
    deadline = time.monotonic() + wait_seconds
    _until(lambda: _store_trouble(settings), f"the store at {_shown(settings)}", deadline)
    for needed in NEEDS.get(name, ()):
        url = _health(settings)[needed]
        _until(lambda url=url: _http_trouble(url), url, deadline)  # type: ignore[misc]
    # This process becomes the service, so that signals reach it and its end is ours.
    os.execve(found.argv[0], list(found.argv), dict(found.environment))


@screen.plain_errors
def bootstrap(wait_seconds: Wait = 180.0) -> None:
    """Make demo data and see each model to its first champion, as `up` does.

    For a stack whose services run elsewhere, as in containers. Does nothing the second time.

    Example: `contender bootstrap`
    """
    settings = load_settings()
    deadline = time.monotonic() + wait_seconds
    _until(lambda: _store_trouble(settings), f"the store at {_shown(settings)}", deadline)
    with orchestration(settings) as client:
        for model in settings.models:
            _until(
                lambda model=model: _deployment_trouble(client, model),  # type: ignore[misc]
                f"the deployment of {model} at {settings.prefect_url}",
                deadline,
            )
    # Where the API takes a key of everybody, it may have made ours while we waited.
    settings = load_settings()
    first_run.bring_up_champions(settings)
    first_run.print_welcome(settings, detached=True)
    first_run.begin_demo_day(settings)


def _service(name: str, known: Mapping[str, Service]) -> Service:
    if name not in known:
        raise StackError(f"{name} is no service of this stack; it has {', '.join(known)}")
    return known[name]


def _health(settings: Settings) -> dict[str, str]:
    return {
        "mlflow": f"{settings.mlflow_url}/health",
        "prefect": f"{settings.prefect_url}/api/health",
    }


def _until(trouble: Callable[[], str | None], what: str, deadline: float) -> None:
    """Return when there is no trouble. Raises `StackError`, with the last of it, too late."""
    said = False
    while (last := trouble()) is not None:
        if time.monotonic() > deadline:
            raise StackError(f"{what} does not answer: {last}")
        if not said:
            typer.echo(f"waiting for {what}: {last}", err=True)
            said = True
        time.sleep(PAUSE_SECONDS)


def _http_trouble(url: str) -> str | None:
    return None if asyncio.run(http_probe(url)()) else "no 200 from there"


def _deployment_trouble(client: OrchestrationClient, model: str) -> str | None:
    try:
        client.form(model)
    except (UnknownDeployment, OrchestrationUnavailable) as error:
        return str(error)
    return None


def _store_trouble(settings: Settings) -> str | None:
    """Return why the store's database does not let us in; a file does, once it can be made."""
    from sqlalchemy import create_engine
    from sqlalchemy.exc import OperationalError

    if settings.store_url.startswith("sqlite"):
        return None
    engine = create_engine(settings.store_url)
    try:
        engine.connect().close()
    except OperationalError as error:
        return str(error.orig).strip().splitlines()[0]
    finally:
        engine.dispose()
    return None


def _shown(settings: Settings) -> str:
    """Return the store's address without a password."""
    from sqlalchemy import make_url

    return make_url(settings.store_url).render_as_string(hide_password=True)
