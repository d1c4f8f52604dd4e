"""Choices at the review desk, asked through the whole application as the console does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from asgi_client import AppClient
from domain_stage import DomainStage
from review_stage import MODELS, NOW, choose, desk, lines, reviewed

from pipelines.labels import Labels, exact
from pipelines.prediction_log import Provenance
from pipelines.settings import Settings


@pytest.fixture
def stage(make_settings: Callable[..., Settings]) -> Iterator[DomainStage]:
    stage = DomainStage(make_settings(models=MODELS))
    stage.write_catalogue()
    yield stage
    stage.close()


@pytest.fixture
def client(stage: DomainStage) -> Iterator[AppClient]:
    with reviewed(stage) as client:
        yield client


def test_a_choice_is_a_label_with_what_was_shown_and_progress_of_the_day(stage, client):
    stage.order("m1", "martillo", "cable")
    stage.predict()
    line = lines(client)["martillo"]

    assert choose(client, line, "accept", quantity=7, shown_state="s1")["outcome"] == "kept"
    assert choose(client, line, "accept")["outcome"] == "already"

    label = Labels(stage.store).confirmed("product_codes")[exact("martillo")]
    assert (label.value, label.reviewer) == ("27110001", "ana")
    assert label.shown["prediction_id"] == line["prediction_id"]
    assert (label.shown["confidence"], label.shown["state"]) == (87.65, "s1")
    now = desk(client)
    chosen = now["messages"][0]["lines"][0]["chosen"]
    assert (chosen["action"], chosen["quantity"], chosen["by"]) == ("accept", 7.0, "ana")
    assert {name: now["progress"][name] for name in ("lines", "done", "accepted")} == {
        "lines": 2,
        "done": 1,
        "accepted": 1,
    }
    assert [hour["done"] for hour in now["progress"]["per_hour"]] == [1]
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert desk(client, since=tomorrow)["progress"]["done"] == 0


def test_what_was_shown_is_kept_also_when_another_version_has_answered_since(stage, client):
    stage.order("m1", "martillo")
    stage.predict()
    line = lines(client)["martillo"]
    row = {"code": "99999999", "confidence": 0.5}
    log = client.app.state.services.predictions
    (earlier,) = log.append(
        Provenance("product_codes", "2", "d2", 2, "r1"), [{"description": "martillo"}], [[row]]
    )

    choose(client, {**line, "prediction_id": earlier}, "change", code="27110001")

    shown = Labels(stage.store).confirmed("product_codes")[exact("martillo")].shown
    assert (shown["code"], shown["confidence"], shown["prediction_id"]) == (
        "99999999",
        50.0,
        earlier,
    )
    assert shown["model"]["version"] == "2"


def test_choices_that_cannot_be_kept_say_why_and_keep_no_other_from_it(stage, client):
    stage.order("m1", "martillo")
    stage.predict()
    line = lines(client)["martillo"]
    choices = [
        {"id": "choice-a", "line_id": "nowhere", "action": "accept", "at": NOW},
        {"id": "choice-b", "line_id": line["line_id"], "action": "change", "at": NOW},
        {"id": "choice-c", "line_id": line["line_id"], "action": "undo", "at": NOW},
        {"id": "choice-d", "line_id": line["line_id"], "action": "skip", "at": NOW},
    ]
    response = client.post("/v1/review/choices", json={"reviewer": "ana", "choices": choices})
    outcomes = response.json()["outcomes"]
    assert [outcome["outcome"] for outcome in outcomes] == ["refused", "refused", "refused", "kept"]
    assert "no order line" in outcomes[0]["reason"]


def test_choices_of_another_shape_are_refused_as_a_problem(client):
    for bad in (
        {"reviewer": "ana", "choices": []},
        {"reviewer": "", "choices": [{"id": "choice-a", "line_id": "x", "action": "skip"}]},
        {
            "reviewer": "ana",
            "choices": [{"id": "a b", "line_id": "x", "action": "skip", "at": NOW}],
        },
    ):
        response = client.post("/v1/review/choices", json=bad)
        assert response.status_code == 422
        assert response.headers["content-type"] == "application/problem+json"


def test_similar_lines_wait_and_come_the_most_similar_first(stage, client):
    stage.order("m1", "martillo de uña", "2 martillos de uña", "cable calibre 12", "martillo uña")
    stage.predict()
    found = lines(client)
    choose(client, found["martillo uña"], "accept")

    response = client.get(f"/v1/review/lines/{found['martillo de uña']['line_id']}/similar")

    (similar,) = response.json()["lines"]
    assert similar["description"] == "2 martillos de uña"
    assert similar["code"] == "27110001"
    assert client.get("/v1/review/lines/nowhere/similar").status_code == 404
