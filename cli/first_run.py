"""What `contender up` does once the services are healthy: demo data, and a champion each."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import orjson
from rich.console import Console

from cli import screen
from cli.bars import Bars
from cli.ledger import open_log
from cli.running import follow
from pipelines import catalog
from pipelines.orchestration import (
    OrchestrationClient,
    OrchestrationRefused,
    OrchestrationUnavailable,
    UnknownDeployment,
)
from pipelines.settings import Settings

ACTOR = "contender up"
SERVED_SECONDS = 90.0
DEMO_DAY = "demo-day"
DEMO_SHOP = "shop"


def bring_up_champions(settings: Settings) -> None:
    """Generate missing demo data, and train and promote each model without a champion.

    Raises `CommandFailed` naming the models that have no champion in the end.
    """
    configured = [name for name in catalog.names() if name in settings.models]
    write_missing_demo(settings)
    missing = [name for name in configured if name not in _champion_names(settings)]
    if missing:
        _train(settings, missing)
    without = sorted(set(configured) - _champion_names(settings))
    if without:
        raise screen.CommandFailed(
            f"no champion for {', '.join(without)}: see `contender decisions` and "
            f"{settings.prefect_url}/runs"
        )
    _wait_until_served(settings)


def _wait_until_served(settings: Settings) -> None:
    """Return once the API answers with every champion. Raises `CommandFailed` after a while."""
    deadline = time.monotonic() + SERVED_SECONDS
    wanted = {(str(each["model"]), str(each["version"])) for each in champions(settings)}
    while missing := wanted - set(_served(settings)):
        if time.monotonic() > deadline:
            names = ", ".join(sorted(name for name, _ in missing))
            why = "; ".join(_notes(settings)) or f"see {settings.var / 'logs'}"
            raise screen.CommandFailed(f"the API does not serve the champion of {names}: {why}")
        time.sleep(0.2)


def _served(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield name and version of what the API answers with."""
    for model in _models(settings):
        if model.get("champion"):
            yield str(model["champion"]["name"]), str(model["champion"]["version"])


def _notes(settings: Settings) -> list[str]:
    """Return what the API says of models that are not as they should be."""
    return [f"{model['name']}: {model['note']}" for model in _models(settings) if model.get("note")]


def _models(settings: Settings) -> list[dict[str, Any]]:
    """Return the API's models; none while it is away."""
    try:
        answer = httpx.get(f"{settings.api_url}/v1/models", timeout=5, trust_env=False).json()
    except (httpx.HTTPError, ValueError):
        return []
    return list(answer.get("models", []))


def write_missing_demo(settings: Settings) -> None:
    """Generate the demo shop when a source that lies in `var/demo` is not there yet."""
    folder = settings.var / "demo"
    wanted = [Path(settings.source(name).url) for name in settings.models]
    if settings.feed_url:
        wanted.append(Path(settings.feed_url))
    absent = [path for path in wanted if path.is_relative_to(folder) and not path.exists()]
    if absent:
        from features.demo.shop import write_demo

        with Bars(screen.progress_console()) as bars:
            write_demo(folder, progress=bars.progress("demo data"))


def _train(settings: Settings, names: Sequence[str]) -> None:
    with (
        OrchestrationClient(settings.prefect_url) as client,
        Bars(screen.progress_console()) as bars,
    ):
        runs = {
            name: client.running(name)
            or client.start(name, {}, actor=ACTOR, reason="there is no champion yet")
            for name in names
        }
        follow(client, runs, bars)


def champions(settings: Settings) -> list[dict[str, object]]:
    """Return the head of the decision log for each configured model."""
    with open_log(settings) as log:
        heads = [log.head(name) for name in catalog.names()]
    return [
        {
            "model": head.model,
            "version": head.version,
            "generation": head.generation,
            "decision_id": head.decision_id,
        }
        for head in heads
        if head is not None
    ]


def _champion_names(settings: Settings) -> set[str]:
    return {str(champion["model"]) for champion in champions(settings)}


def print_welcome(settings: Settings, *, detached: bool) -> None:
    """Print the addresses, the champions and one request to try."""
    addresses = [
        {"what": "API and its documentation", "address": f"{settings.api_url}/docs"},
        {"what": "Prefect: retrain from Deployments", "address": settings.prefect_url},
        {
            "what": "MLflow: choose Model training for the registry",
            "address": settings.mlflow_url,
        },
    ]
    screen.print_table("Contender is up", ("what", "address"), addresses)
    found = champions(settings)
    if found:
        screen.print_table("Champions", ("model", "version", "generation", "decision_id"), found)
        _print_request(screen.console(), settings, str(found[-1]["model"]))
    stop = "contender down" if detached else "Ctrl-C"
    screen.console().print(f"\nLogs: {settings.var / 'logs'}   Stop: {stop}", soft_wrap=True)


def begin_demo_day(settings: Settings) -> None:
    """Let simulated customers visit a demo shop in which nothing has happened yet, once.

    It runs behind everything else, and where it cannot be started nothing is lost.
    """
    found = champions(settings)
    fresh = bool(found) and all(champion["generation"] == 1 for champion in found)
    if not (settings.demo.day and settings.demo_models and fresh):
        return
    reason = "a demo shop in which nothing has happened yet"
    try:
        with OrchestrationClient(settings.prefect_url) as client:
            # One key for ever: this home's Prefect starts one such run, however often it is asked.
            run = client.start(
                DEMO_SHOP, {}, actor=ACTOR, reason=reason, idempotency_key=DEMO_DAY, flow=DEMO_DAY
            )
    except (OrchestrationRefused, OrchestrationUnavailable, UnknownDeployment) as error:
        screen.console().print(f"No simulated customers: {error}", soft_wrap=True, markup=False)
        return
    if not run.ended:
        screen.console().print(
            f"\nSimulated customers visit the demo shop for some minutes: {run.url}\n"
            "Without them: day = false below [demo] in contender.toml.",
            soft_wrap=True,
            markup=False,
        )


def _print_request(console: Console, settings: Settings, model: str) -> None:
    example = catalog.family(model).golden[0]
    body = orjson.dumps({"instances": [example]}).decode().replace("'", r"'\''")
    console.print("\nTry:", style="bold")
    console.print(
        f"curl -s {settings.api_url}/v1/models/{model}/predict "
        f"-H 'content-type: application/json' -d '{body}'",
        soft_wrap=True,
        markup=False,
    )
