"""`contender up`, `down` and `status`."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import Annotated

import httpx
import typer

from cli import extras, first_run, screen, stack
from cli.stack import StackError
from cli.starting import StartingView
from pipelines.settings import Ports, Settings, load_settings

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@screen.plain_errors
def up(
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Return once everything is up.")
    ] = False,
    ports: Annotated[
        str, typer.Option(help="For example `api=8001,mlflow=5001,prefect=4201`.")
    ] = "",
    bootstrap: Annotated[
        bool,
        typer.Option(help="Make demo data and train the models that have no champion yet."),
    ] = True,
) -> None:
    """Start MLflow, Prefect, its worker and the API, and see every model to a champion.

    Example: `contender up --detach --ports api=8001,mlflow=5001,prefect=4201`
    """
    _choose_ports(ports)
    settings = load_settings()
    extras.require([*settings.models, *settings.pools, *settings.workers.extras])
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stop as cleanly as on Ctrl-C
    supervisor = stack.start(settings, detach=detach)
    try:
        with StartingView(screen.progress_console()) as view:
            stack.wait_until_ready(settings, supervisor, show=view.show)
        # Where the API takes a key of everybody, it has made ours only now.
        settings = load_settings()
        if bootstrap:
            first_run.bring_up_champions(settings)
        first_run.print_welcome(settings, detached=detach)
        if bootstrap:
            first_run.begin_demo_day(settings)
        if not detach:
            _follow(supervisor)
    except KeyboardInterrupt:
        _stop(settings)
    except BaseException:
        if not detach:
            _stop(settings)
        raise


def _choose_ports(text: str) -> None:
    """Write the ports of the option into the environment, where all settings come from."""
    for pair in filter(None, (part.strip() for part in text.split(","))):
        name, _, number = pair.partition("=")
        if name not in Ports.model_fields or not number.isdigit():
            names = ", ".join(Ports.model_fields)
            raise StackError(f"--ports: {pair!r} is not NAME=NUMBER with a name of: {names}")
        os.environ[f"CONTENDER_PORT_{name.upper()}"] = number


def _follow(supervisor: subprocess.Popen[bytes]) -> None:
    """Wait until the operator, or the supervisor, ends."""
    if supervisor.wait():
        raise StackError("the supervisor ended unexpectedly; see var/logs/supervisor.log")


def _stop(settings: Settings) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave half a stack
    with StartingView(screen.progress_console()) as view:
        stack.stop(settings, show=view.show)


@screen.plain_errors
def down() -> None:
    """Stop the stack of this home folder in reverse order.

    Example: `contender down`
    """
    settings = load_settings()
    with StartingView(screen.progress_console()) as view:
        stopped = stack.stop(settings, show=view.show)
    typer.echo("stopped" if stopped else f"no stack runs in {settings.home}")


@screen.plain_errors
def status(as_json: Json = False) -> None:
    """Show the services, their addresses and the champions; exit 1 unless all is healthy.

    Example: `contender status --json`
    """
    settings = stack.current_settings()
    report = _report(settings)
    if as_json:
        screen.print_json(report)
    else:
        _print_report(report)
    if not _is_healthy(report):
        raise typer.Exit(1)


def _is_healthy(report: dict[str, object]) -> bool:
    """Return whether the stack is ready, and no service has died since."""
    services = report["services"]
    assert isinstance(services, list)
    alive = all(service["phase"] in {"healthy", "done"} for service in services)
    return report["phase"] == "ready" and alive


def _report(settings: Settings) -> dict[str, object]:
    view = stack.read_view(settings) if stack.running(settings) else None
    return {
        "home": str(settings.home),
        "phase": view.phase if view else "stopped",
        "addresses": {
            "api": settings.api_url,
            "mlflow": settings.mlflow_url,
            "prefect": settings.prefect_url,
        },
        "services": [service.model_dump() for service in view.services] if view else [],
        "champions": first_run.champions(settings),
        "serving": _serving(settings) if view else [],
    }


def _serving(settings: Settings) -> object:
    """Return what the API says it serves, or nothing while it does not answer."""
    try:
        answer = httpx.get(
            f"{settings.api_url}/v1/models",
            headers=settings.logins.api_headers,
            timeout=5,
            trust_env=False,
        )
        return answer.json() if answer.is_success else []
    except (httpx.HTTPError, ValueError):
        return []


def _print_report(report: dict[str, object]) -> None:
    screen.console().print(f"[bold]{report['phase']}[/bold]  {report['home']}")
    services, champions = report["services"], report["champions"]
    if isinstance(services, list) and services:
        screen.print_table("Services", ("name", "phase", "pid", "restarts", "log"), services)
    if isinstance(champions, list):
        columns = ("model", "version", "generation", "decision_id")
        screen.print_table("Champions", columns, champions)
