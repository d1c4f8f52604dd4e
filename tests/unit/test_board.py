"""The champion board over HTTP: cards, a model's story, traffic, what may be started."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asgi_client import AppClient
from prometheus_client import CollectorRegistry
from serving_stage import MODEL, FakeOrchestration, Stage

from pipelines import assessments
from pipelines.orchestration import FlowRun, OrchestrationUnavailable
from pipelines.settings import Settings
from serving.board.flow_watch import AWAY_SECONDS, FRESH_SECONDS, FlowWatch
from serving.board.model_traffic import FRESH_SECONDS as LOOK_SECONDS
from serving.board.model_traffic import WINDOW_SECONDS, ModelTraffic
from serving.metrics.tallies import Tallies

PREDICT = f"/v1/models/{MODEL}/predict"
ASKED = {"actor": "ana", "reason": "to see"}


@pytest.fixture
def stage(make_settings: Callable[..., Settings]) -> Iterator[Stage]:
    models = {MODEL: {"source": {"url": "texts.csv"}}, "empty": {"source": {"url": "none.csv"}}}
    stage = Stage(make_settings(models=models, serving={"poll_seconds": 0.05}))
    yield stage
    stage.close()


@pytest.fixture
def client(stage: Stage) -> Iterator[AppClient]:
    stage.promote("1", "uno")
    with AppClient(stage.app()) as client:
        yield client


def card(client: AppClient, model: str = MODEL) -> dict[str, Any]:
    board = client.get("/v1/board").json()
    return next(card for card in board["models"] if card["name"] == model)


def test_a_card_shows_the_champion_and_its_traffic(client):
    client.post(PREDICT, json={"instances": [{"text": "uno"}, {"text": "dos"}]})
    client.post(PREDICT, json={"instances": [{"texto": 1}]})

    shown = card(client)

    assert shown["champion"]["version"] == "1"
    assert shown["condition"] == "serving"
    traffic = shown["traffic"]
    assert (traffic["answers"], traffic["requests"], traffic["refused"]) == (2, 2, 1)
    assert (traffic["p50_ms"], traffic["p99_ms"]) == (None, None)  # of two requests


def test_a_model_without_champion_has_a_card_too(client):
    shown = card(client, "empty")

    assert shown["condition"] == "no_champion"
    assert (shown["champion"], shown["challenger"], shown["metric"]) == (None, None, None)


def test_the_board_says_what_runs_and_how_far_it_is(client):
    client.post(f"/v1/models/{MODEL}/retrain", json=ASKED)

    run = card(client)["run"]

    assert run["share"] == 0.25
    assert run["url"].startswith("http://127.0.0.1:4200/runs/flow-run/")


def test_the_latest_assessment_is_on_the_card(client, stage):
    document = {"model": MODEL, "version": "1", "since": "2026-01-01", "answers": 300}
    for until, verdict in (("2026-01-08", "healthy"), ("2026-01-09", "drifting")):
        told = {"until": until, "verdict": verdict, "reasons": ["because"], "checks": []}
        assessments.keep(stage.settings.var, MODEL, until, document | told)

    drift = card(client)["drift"]

    assert (drift["verdict"], drift["reason"]) == ("drifting", "because")
    listed = client.get(f"/v1/models/{MODEL}/assessments").json()["assessments"]
    assert [each["verdict"] for each in listed] == ["drifting", "healthy"]


def test_a_story_is_read_anew_when_something_was_decided(client, stage):
    assert client.get(f"/v1/models/{MODEL}/story").json()["champion"] == "1"
    stage.promote("2", "dos")

    story = client.get(f"/v1/models/{MODEL}/story").json()

    assert story["champion"] == "2"
    assert story["rollback_to"] == "1"
    assert story["decisions"][0]["kind"] == "verdict"
    assert client.get("/v1/models/none/story").status_code == 404


def test_after_a_rollback_board_and_story_name_the_decision_that_went_back(client, stage):
    first = card(client)["champion"]["decision_id"]
    stage.promote("2", "dos")

    back = client.post(f"/v1/models/{MODEL}/rollback", json=ASKED).json()["decision_id"]

    assert back != first
    assert card(client)["champion"]["decision_id"] == back
    told = client.get(f"/v1/models/{MODEL}/story").json()["versions"]
    assert {point["version"]: point["champion_by"] for point in told}["1"] == back


def test_a_version_is_judged_by_the_flow_that_promotes(client, stage):
    response = client.post(f"/v1/models/{MODEL}/judgements", json={"version": "7", **ASKED})

    assert response.status_code == 202
    assert stage.orchestration.flows == ["promote"]
    assert stage.orchestration.asked == [(MODEL, {"version": "7"}, "ana", "to see")]


def test_the_form_of_a_retraining_is_that_of_its_flow(client):
    form = client.get(f"/v1/models/{MODEL}/retrain-form").json()

    assert form["parameters"]["properties"] == {"seed": {"type": "integer", "default": 7}}
    assert form["values"] == {"seed": 7}


def test_a_decision_without_figures_is_explained_too(client, stage):
    head = stage.log.head(MODEL)

    shown = client.get(f"/v1/decisions/{head.decision_id}/explanation").json()

    assert (shown["verdict"], shown["champion_now"], shown["checks"]) == ("promoted", "1", [])
    assert client.get("/v1/decisions/none/explanation").status_code == 404


def test_nothing_is_overridden_that_figures_have_settled(client, stage):
    head = stage.log.head(MODEL)

    refused = client.post(f"/v1/decisions/{head.decision_id}/override", json=ASKED)

    assert refused.status_code == 409
    assert refused.json()["type"].endswith("override-refused")


def test_traffic_is_what_came_within_the_window():
    now = [1_000.0]
    registry = CollectorRegistry()
    tallies = Tallies(registry)
    traffic = ModelTraffic(lambda: registry, clock=lambda: now[0])

    def count(instances: int) -> int:
        tallies.answered("codes", "1", instances)
        tallies.hand_over()
        now[0] += LOOK_SECONDS
        return traffic.of("codes").answers

    assert count(3) == 3
    now[0] += WINDOW_SECONDS
    assert count(4) == 4  # the look before was made by the window's beginning
    assert traffic.of("codes").answers == 4
    assert traffic.of("others").answers == 0


@pytest.mark.parametrize(
    ("requests", "known"), [(9, (False, False)), (99, (True, False)), (100, (True, True))]
)
def test_a_percentile_is_told_of_enough_requests(requests, known):
    registry = CollectorRegistry()
    tallies = Tallies(registry)

    async def ask() -> None:
        for _ in range(requests):
            tallies.handled("POST", "/x", 200, 0.002, "codes")

    asyncio.run(ask())
    tallies.hand_over()
    seen = ModelTraffic(lambda: registry).of("codes")

    assert (seen.p50_ms is not None, seen.p99_ms is not None) == known
    assert seen.requests == requests
    assert all(1 < each < 2.5 for each in (seen.p50_ms, seen.p99_ms) if each is not None)


def test_prefect_is_not_asked_again_at_once_while_it_is_away():
    now, asked = [0.0], [0]

    class Away(FakeOrchestration):
        def under_way(self) -> dict[str, FlowRun]:
            asked[0] += 1
            raise OrchestrationUnavailable("gone")

    watch = FlowWatch(Away(), clock=lambda: now[0])

    assert watch.runs() == {}
    now[0] += FRESH_SECONDS + 1
    assert watch.runs() == {}
    assert (asked[0], watch.reach) == (1, "away")
    now[0] += AWAY_SECONDS
    watch.runs()
    assert asked[0] == 2
