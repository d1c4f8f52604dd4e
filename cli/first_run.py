"""What `contender up` does once the services are healthy: demo data, and a champion each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import orjson
from rich.console import Console

from cli import screen
from cli.bars import Bars
from cli.ledger import open_log, opened_store
from cli.running import follow, orchestration
from pipelines import catalog
from pipelines.decisions.hands import DEMO_DAY as SIMULATED
from pipelines.decisions.hands import hands_on
from pipelines.orchestration import (
    FlowRun,
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
DAY_IS_OVER = frozenset({"COMPLETED", "CANCELLED"})
"""States after which no other day begins: it has been, or somebody wanted none."""
CONSOLE = Path(__file__).resolve().parents[1] / "console" / "dist" / "index.html"
FEED_MODEL = "product_codes"
REFRESH_FEED = "refresh-feed"
FEED = "feed"


def bring_up_champions(settings: Settings) -> None:
    """Generate missing demo data, and train and promote each model without a champion.

    Raises `CommandFailed` naming the models that have no champion in the end.
    """
    configured = [name for name in catalog.names() if name in settings.models]
    write_missing_demo(settings)
    missing = [name for name in configured if name not in _champion_names(settings)]
    feed = FeedStart(settings, wanted=FEED_MODEL in missing)
    if missing:
        _train(settings, missing, feed.look)
    without = sorted(set(configured) - _champion_names(settings))
    if without:
        raise screen.CommandFailed(
            f"no champion for {', '.join(without)}: see `contender decisions` and "
            f"{settings.prefect_pages}/runs"
        )
    _wait_until_served(settings)
    feed.look()


class FeedStart:
    """Has the feed's lines predicted once the first model that can is served, not minutes later."""

    def __init__(self, settings: Settings, *, wanted: bool) -> None:
        self._settings = settings
        self._waits = wanted and bool(settings.feed_url)

    def look(self) -> None:
        """Start one refresh as soon as the API answers with the champion, and none after it."""
        if not self._waits or FEED_MODEL not in dict(_served(self._settings)):
            return
        self._waits = False
        reason = f"{FEED_MODEL} is served for the first time"
        # Where it cannot be started, the schedule makes up for it.
        with (
            suppress(OrchestrationRefused, OrchestrationUnavailable, UnknownDeployment),
            orchestration(self._settings) as client,
        ):
            client.start(FEED, {}, actor=ACTOR, reason=reason, flow=REFRESH_FEED)


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
        answer = httpx.get(
            f"{settings.api_url}/v1/models",
            headers=settings.logins.api_headers,
            timeout=5,
            trust_env=False,
        ).json()
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


def _train(settings: Settings, names: Sequence[str], meanwhile: Callable[[], None]) -> None:
    with (
        orchestration(settings) as client,
        Bars(screen.progress_console()) as bars,
    ):
        runs = {
            name: client.running(name)
            or client.start(name, {}, actor=ACTOR, reason="there is no champion yet")
            for name in names
        }
        follow(client, runs, bars, meanwhile)


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
    console = "console" if CONSOLE.exists() else "console (not built yet: make console)"
    addresses = [
        {"what": f"The {console}", "address": settings.api_pages},
        {"what": "API and its documentation", "address": f"{settings.api_pages}/docs"},
        {"what": "Prefect: retrain from Deployments", "address": settings.prefect_pages},
        {
            "what": "MLflow: choose Model training for the registry",
            "address": settings.mlflow_pages,
        },
    ]
    screen.print_table("Contender is up", ("what", "address"), addresses)
    found = champions(settings)
    if found:
        screen.print_table("Champions", ("model", "version", "generation", "decision_id"), found)
        _print_request(screen.console(), settings, str(found[-1]["model"]))
    screen.console().print(f"\nAccess: {_who_may(settings)}", soft_wrap=True, markup=False)
    down = "make down, or .venv/bin/contender down"
    stop = down if detached else f"Ctrl-C, or from elsewhere {down}"
    screen.console().print(f"\nLogs: {settings.var / 'logs'}   Stop: {stop}", soft_wrap=True)


def _who_may(settings: Settings) -> str:
    from pipelines.access import openness

    with opened_store(settings) as store:
        return openness.told(settings, store).sentence


def begin_demo_day(settings: Settings) -> None:
    """Let simulated customers visit a demo shop in which nothing has happened yet, once.

    It runs behind everything else, and where it cannot be started nothing is lost. A day that
    failed begins anew.
    """
    if not (settings.demo.day and settings.demo_models and _is_fresh(settings)):
        return
    try:
        with orchestration(settings) as client:
            run = _start_day(client)
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


def _is_fresh(settings: Settings) -> bool:
    """Return whether there are champions, and none but the simulated day has tried anything."""
    with open_log(settings) as log:
        found = [name for name in catalog.names() if log.head(name) is not None]
        return bool(found) and all(hands_on(log, name) <= {SIMULATED} for name in found)


def _start_day(client: OrchestrationClient) -> FlowRun:
    """Return the one run of the day: the first, or the one in place of another that failed.

    One key for ever, and one for each that failed: a key starts one run, and finds it again.
    """
    key, reason = DEMO_DAY, "a demo shop in which nothing has happened yet"
    while True:
        run = client.start(
            DEMO_SHOP, {}, actor=ACTOR, reason=reason, idempotency_key=key, flow=DEMO_DAY
        )
        if not run.ended or run.state in DAY_IS_OVER:
            return run
        key, reason = f"{DEMO_DAY} after {run.id}", f"run {run.name} did not complete"


def _print_request(console: Console, settings: Settings, model: str) -> None:
    from pipelines.access.openness import without_key

    example = catalog.family(model).golden[0]
    body = orjson.dumps({"instances": [example]}).decode().replace("'", r"'\''")
    key = "" if without_key(settings) != "none" else '-H "Authorization: Bearer $KEY" '
    console.print("\nTry:", style="bold")
    console.print(
        f"curl -s {settings.api_pages}/v1/models/{model}/predict {key}"
        f"-H 'content-type: application/json' -d '{body}'",
        soft_wrap=True,
        markup=False,
    )
