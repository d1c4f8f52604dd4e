"""What a decision waits for, over REST, and what becomes of a label that is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from asgi_client import AppClient
from serving_stage import MODEL, Stage

from features.splits import pool_of
from features.text import group_key
from pipelines.decisions.log import DecisionLog, NewDecision
from pipelines.label_requests import queue
from pipelines.label_requests.campaign import close, open_campaign
from pipelines.label_requests.queue import LabelRequest
from pipelines.labels import Labels
from pipelines.settings import Settings

REQUESTS = f"/v1/models/{MODEL}/label-requests"
LABELS = f"/v1/models/{MODEL}/labels"
NUMBERS = [f"pintura roja {number}" for number in range(60)]
TEXTS = [text for text in NUMBERS if pool_of(group_key(text), MODEL) == "test"][:3]
TRAINING = next(text for text in NUMBERS if pool_of(group_key(text), MODEL) == "train")


@pytest.fixture
def stage(make_settings: Callable[..., Settings]) -> Iterator[Stage]:
    settings = make_settings(
        models={MODEL: {"source": {"url": "texts.csv"}}}, serving={"poll_seconds": 0.05}
    )
    stage = Stage(settings)
    yield stage
    stage.close()


@pytest.fixture
def client(stage: Stage) -> Iterator[AppClient]:
    stage.promote("1", "uno")
    with AppClient(stage.app()) as client:
        yield client


def opened(log: DecisionLog) -> str:
    """A campaign that waits for three labels of the test pool."""
    entry = log.append(
        NewDecision(
            kind="labels_requested",
            model=MODEL,
            version="2",
            test_set_id="t1",
            look=1,
            record={
                "of": "d000009-aaaaaa",
                "pool": "0" * 64,
                "strata": {"disagree": 20, "agree": 80},
                "asked": {"disagree": 2, "agree": 1},
                "unjudged": 0,
                "generation_judged": 1,
                "stopping_rule": {"rule": "superiority", "alpha": 0.01},
                "deadline": "2100-01-01T00:00:00+00:00",
            },
        )
    )
    requests = [
        LabelRequest(
            entry.decision_id,
            place,
            MODEL,
            text,
            "disagree",
            10.0,
            {"champion": "uno", "challenger": "dos"},
        )
        for place, text in enumerate(TEXTS)
    ]
    queue.publish(log.store, entry.decision_id, requests)
    return entry.decision_id


def give(client: AppClient, text: str, value: str = "uno"):
    return client.post(LABELS, json={"text": text, "value": value, "reviewer": "ana"})


def test_a_model_that_waits_for_nothing_says_so(client):
    found = client.get(REQUESTS).json()
    assert found["decision_id"] is None
    assert found["requests"] == []


def test_the_open_questions_come_in_their_turn_without_what_the_versions_say(client, stage):
    campaign = opened(stage.log)
    found = client.get(REQUESTS).json()
    assert (found["decision_id"], found["challenger"]) == (campaign, "2")
    assert (found["asked"], found["answered"], found["disagree"]) == (3, 0, 20)
    assert [each["text"] for each in found["requests"]] == TEXTS
    assert {each["answers"] for each in found["requests"]} == {None}
    assert "stratum" not in found["requests"][0]


def test_what_the_versions_say_is_shown_to_who_asks_for_it(client, stage):
    opened(stage.log)
    found = client.get(REQUESTS, params={"reveal": True, "limit": 1}).json()
    assert [each["answers"] for each in found["requests"]] == [
        {"champion": "uno", "challenger": "dos"}
    ]


def test_a_label_is_kept_at_once_with_how_its_question_was_drawn(client, stage):
    campaign = opened(stage.log)
    response = give(client, TEXTS[1].upper())
    assert response.status_code == 201
    said = response.json()
    assert (said["asked"], said["open"], said["pool"]) == (True, 2, "test")
    (label,) = Labels(stage.store).test_rows(MODEL)
    assert label.shown == {
        "blind": True,
        "campaign": campaign,
        "stratum": "disagree",
        "weight": 10.0,
    }
    assert client.get(REQUESTS).json()["answered"] == 1


def test_a_label_that_nobody_asked_for_is_kept_too(client, stage):
    opened(stage.log)
    said = give(client, TRAINING).json()
    assert (said["asked"], said["open"], said["pool"]) == (False, 3, "train")


def test_once_the_campaign_is_closed_nothing_is_asked_for(client, stage):
    opened(stage.log)
    campaign = open_campaign(stage.store, MODEL)
    assert campaign is not None
    close(stage.log, campaign, "stopped", reason="enough", actor="ana")
    assert client.get(REQUESTS).json()["requests"] == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"text": "a", "value": " ", "reviewer": "ana"}, 422),
        ({"text": " ", "value": "uno", "reviewer": "ana"}, 422),
        ({"text": "a", "value": "uno"}, 422),
        ({"text": "a", "value": "uno", "reviewer": "ana", "code": "1"}, 422),
    ],
)
def test_what_is_no_label_is_refused(client, body, status):
    assert client.post(LABELS, json=body).status_code == status


def test_an_unknown_model_is_refused(client):
    assert client.get("/v1/models/nobody/label-requests").status_code == 404
    assert client.post("/v1/models/nobody/labels", json={}).status_code in {404, 422}
