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
from flows.turns import turn
from pipelines.decisions import hands
from pipelines.decisions.log import DecisionLog
from pipelines.leases import Busy
from pipelines.settings import Settings, load_settings
from pipelines.store import open_store

NAME = "demo-day"
DEPLOYMENT = "shop"
ACTOR = hands.DEMO_DAY
NICENESS = 15
PAUSE_SECONDS = 0.02
TOLD_SHARE = 0.35
"""Of the answers whose truth is known, how many are told to be right or wrong."""
CONFIRMED = 12
PAUSES_SECONDS = (1.0, 2.0, 4.0, 8.0, 8.0)
"""Before a question is asked again: the supervisor has the API back within them."""
LOST_AT_MOST = 10
"""So many questions lost one after the other, and there is no API to ask."""
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
    lost: int = 0
    """Whatever got no answer, however often it was tried."""


class ApiGone(ConnectionError):
    """The API has not answered for long; the message says what went wrong last."""


@dataclass
class Customer:
    """Asks the API, and tries again while it is being restarted; counts in `counts.lost`."""

    api: httpx.Client
    counts: Counts
    sleep: Callable[[float], None] = time.sleep
    _in_a_row: int = 0

    def get(self, path: str) -> httpx.Response | None:
        """Return the answer, or None where there was none. Raises `ApiGone`."""
        return self._send("GET", path, None)

    def post(self, path: str, body: Mapping[str, object]) -> httpx.Response | None:
        """Return the answer, or None where there was none. Raises `ApiGone`."""
        return self._send("POST", path, body)

    def _send(
        self, method: str, path: str, body: Mapping[str, object] | None
    ) -> httpx.Response | None:
        for pause in (*PAUSES_SECONDS, None):
            try:
                answer = self.api.request(method, path, json=body)
            except httpx.RequestError as error:
                why = str(error) or type(error).__name__
            else:
                self._in_a_row = 0
                return answer
            if pause is not None:
                self.sleep(pause)
        self.counts.lost += 1
        self._in_a_row += 1
        if self._in_a_row >= LOST_AT_MOST:
            raise ApiGone(f"{self._in_a_row} questions without an answer: {why}")
        return None


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
    headers = settings.logins.api_headers
    with httpx.Client(
        base_url=settings.api_url, headers=headers, timeout=30.0, trust_env=False
    ) as api:
        customer = Customer(api, counts)
        ask(customer, crowd.wave(settings.demo_models, rng), rng)
        if settings.feed_url:
            confirm(customer, meant())
        say("asked and answered: %s", vars(counts))
        _assessed()
        for model, params, why in _challengers(settings):
            say("a challenger of %s: %s", model, challenged(settings, model, params, why))
        ask(customer, crowd.wave(settings.demo_models, rng, shifted=True), rng)
    _assessed()
    say("the day is over: %s", vars(counts))
    return dict(vars(counts))


def ask(customer: Customer, visits: Iterable[Visit], rng: Random) -> None:
    """Ask what the visits ask, and tell of some answers what is true. Raises `ApiGone`."""
    counts = customer.counts
    for visit in visits:
        answer = customer.post(visit.path, visit.body)
        counts.asked += 1
        if answer is None:
            continue
        if not answer.is_success:
            counts.refused += 1
        elif visit.truth is not None and rng.random() < TOLD_SHARE:
            told = {
                "prediction_id": answer.json()["prediction_ids"][0],
                "actual": visit.truth,
                "reviewer": ACTOR,
            }
            kept = customer.post(f"/v1/models/{visit.model}/feedback", told)
            counts.told += kept is not None and kept.is_success
        customer.sleep(PAUSE_SECONDS)


def meant() -> dict[str, str]:
    """Return the code that the customer of the demo feed meant, by description."""
    lines = order_lines(_demand().best_sellers(CODED_VARIANTS), Random(f"{SEED} orders"))
    return {line.description: line.code for line in lines}


def confirm(customer: Customer, codes: Mapping[str, str]) -> None:
    """Decide the first lines at the review desk as a clerk does who knows what was meant.

    Raises `ApiGone`.
    """
    desk = customer.get("/v1/review/lines")
    if desk is None or not desk.is_success:
        return
    found = desk.json()
    lines = [line for message in found["messages"] for line in message["lines"]]
    open_lines = [line for line in lines if line["chosen"] is None and line["description"] in codes]
    choices = [_choice(line, codes[line["description"]], found["state"]) for line in open_lines]
    if not choices:
        return
    body = {"reviewer": ACTOR, "choices": choices[:CONFIRMED]}
    answer = customer.post("/v1/review/choices", body)
    if answer is not None and answer.is_success:
        kept = sum(one["outcome"] == "kept" for one in answer.json()["outcomes"])
        customer.counts.confirmed += kept


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


def challenged(settings: Settings, model: str, params: Mapping[str, object], why: str) -> str:
    """Train a challenger unless that would overtake somebody's own; return what became of it."""
    store = open_store(settings.store_url)
    try:
        log = DecisionLog(store, settings.var / "predictions")
        others = hands_before(log, model, get_run_logger().info)
    finally:
        store.close()
    if others:
        return f"left alone, {', '.join(sorted(others))} had a hand in it meanwhile"
    return "trained" if _trained(model, params, why) else "failed"


def hands_before(log: DecisionLog, model: str, say: Callable[[str], None]) -> set[str]:
    """Return who has tried something with a model, once the run about it that goes on is over."""
    try:
        with turn(log.store, model, say):
            return hands.hands_on(log, model)
    except Busy:
        return {"a run that still goes on"}


def _trained(model: str, params: Mapping[str, object], why: str) -> bool:
    values = {**params, "requested_by": ACTOR, "reason": why}
    state = retrain.build(model)(**values, return_state=True)
    return isinstance(state, State) and state.is_completed()


def _assessed() -> None:
    """Have the monitoring look; what it cannot assess, its own run says."""
    time.sleep(1.0)  # until what was answered last is in the store
    monitor.assess_champions(return_state=True)
