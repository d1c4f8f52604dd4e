"""A simulated day in the generated demo shop: every page of the console has something to show.

Only who asks is made up: every question goes to the API as a customer's does, every challenger is
trained, and the gate and the monitoring judge as they always do. All of it bears the name of
`ACTOR`. It runs at a low priority, and waits between questions.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

import httpx
from prefect import flow
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger

from features.demo.catalogue import variants
from features.demo.orders import order_lines
from features.demo.stock import CODED_VARIANTS, Demand
from features.demo.visitors import SEED, Crowd, Visit
from flows import monitor, retrain
from pipelines.settings import Settings, load_settings

NAME = "demo-day"
DEPLOYMENT = "shop"
ACTOR = "demo day (simulated)"
NICENESS = 15
PAUSE_SECONDS = 0.02
TOLD_SHARE = 0.35
"""Of the answers whose truth is known, how many are told to be right or wrong."""
CONFIRMED = 12
CHALLENGERS: tuple[tuple[str, Mapping[str, object], str], ...] = (
    ("product_categories", {"algorithm": "kernel_ridge"}, "another algorithm may know more"),
    ("product_codes", {"algorithm": "linear_svm"}, "another algorithm, and newly confirmed lines"),
    (
        "product_recommendations",
        {"ratings": "means", "lists": "als"},
        "would damped means and plain factors do?",
    ),
    ("demand_forecast", {"algorithm": "seasonal_mean"}, "would a simple rule do as well?"),
)


@dataclass
class Counts:
    """What has happened on the day."""

    asked: int = 0
    refused: int = 0
    told: int = 0
    confirmed: int = 0


@flow(name=NAME, description="SIMULATED: customers, a clerk and challengers in the demo shop.")
def demo_day(requested_by: str = "", reason: str = "") -> dict[str, int]:
    """Let a day happen; returns how often what was done. Who asked for it is only shown."""
    del requested_by, reason
    os.nice(NICENESS)
    settings = load_settings()
    say = get_run_logger().info
    rng = Random(f"{SEED} demo day")
    crowd = Crowd(_demand(), settings.demo_folder)
    counts = Counts()
    with httpx.Client(base_url=settings.api_url, timeout=30.0, trust_env=False) as api:
        ask(api, crowd.wave(settings.demo_models, rng), rng, counts)
        if settings.feed_url:
            confirm(api, meant(), counts)
        say("asked and answered: %s", vars(counts))
        _assessed()
        for model, params, why in _challengers(settings):
            say(
                "a challenger of %s: %s",
                model,
                "trained" if _trained(model, params, why) else "failed",
            )
        ask(api, crowd.wave(settings.demo_models, rng, shifted=True), rng, counts)
    _assessed()
    say("the day is over: %s", vars(counts))
    return dict(vars(counts))


def ask(
    api: httpx.Client,
    visits: Iterable[Visit],
    rng: Random,
    counts: Counts,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Ask what the visits ask, and tell of some answers what is true. Raises `httpx.HTTPError`."""
    for visit in visits:
        answer = api.post(visit.path, json=visit.body)
        counts.asked += 1
        if not answer.is_success:
            counts.refused += 1
        elif visit.truth is not None and rng.random() < TOLD_SHARE:
            told = {
                "prediction_id": answer.json()["prediction_ids"][0],
                "actual": visit.truth,
                "reviewer": ACTOR,
            }
            counts.told += api.post(f"/v1/models/{visit.model}/feedback", json=told).is_success
        sleep(PAUSE_SECONDS)


def meant() -> dict[str, str]:
    """Return the code that the customer of the demo feed meant, by description."""
    lines = order_lines(_demand().best_sellers(CODED_VARIANTS), Random(f"{SEED} orders"))
    return {line.description: line.code for line in lines}


def confirm(api: httpx.Client, codes: Mapping[str, str], counts: Counts) -> None:
    """Decide the first lines at the review desk as a clerk does who knows what was meant."""
    desk = api.get("/v1/review/lines")
    if not desk.is_success:
        return
    found = desk.json()
    lines = [line for message in found["messages"] for line in message["lines"]]
    open_lines = [line for line in lines if line["chosen"] is None and line["description"] in codes]
    choices = [_choice(line, codes[line["description"]], found["state"]) for line in open_lines]
    if not choices:
        return
    body = {"reviewer": ACTOR, "choices": choices[:CONFIRMED]}
    answer = api.post("/v1/review/choices", json=body)
    if answer.is_success:
        counts.confirmed += sum(one["outcome"] == "kept" for one in answer.json()["outcomes"])


def _choice(line: Mapping[str, object], code: str, state: str) -> dict[str, object]:
    suggested = line["code"]
    right = isinstance(suggested, Mapping) and suggested["value"] == code
    return {
        "id": uuid.uuid4().hex,
        "line_id": line["line_id"],
        "action": "accept" if right else "change",
        "code": code,
        "shown_state": state,
        "at": datetime.now(UTC).isoformat(),
    }


def _demand() -> Demand:
    return Demand(variants(), Random(f"{SEED} demand"))


def _challengers(settings: Settings) -> Sequence[tuple[str, Mapping[str, object], str]]:
    return [each for each in CHALLENGERS if each[0] in settings.demo_models]


def _trained(model: str, params: Mapping[str, object], why: str) -> bool:
    values = {**params, "requested_by": ACTOR, "reason": why}
    state = retrain.build(model)(**values, return_state=True)
    return isinstance(state, State) and state.is_completed()


def _assessed() -> None:
    """Have the monitoring look; what it cannot assess, its own run says."""
    time.sleep(1.0)  # until what was answered last is in the store
    monitor.assess_champions(return_state=True)
