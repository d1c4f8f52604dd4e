"""Rollouts through the whole application: both recommenders interleaved, caches, refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asgi_client import AppClient
from fashion_stage import small_runtime, write_shop
from recommender_stage import SETTINGS, neighbours, small_layout
from rollout_stage import RolloutStage
from waiting import wait_for

from pipelines.families.fashion_recommendations.family import FAMILY as FASHION
from pipelines.families.product_recommendations.family import FAMILY as RECOMMENDER
from pipelines.families.product_recommendations.layout import ListArrays
from pipelines.settings import Settings

PLAN = {"challenger": "2", "seconds": 600, "actor": "ana", "reason": "to see"}
USERS = 32
"""So many that chance lets neither version of a rollout by halves go without any."""


def backwards() -> ListArrays:
    """Return lists that point to the two products before each one."""
    before = np.array([[(i - 1) % 6, (i - 2) % 6] for i in range(6)], dtype=np.int32)
    return ListArrays("ease", SETTINGS, {**neighbours().arrays, "neighbours": before})


@pytest.fixture
def stage(make_settings: Callable[..., Settings]) -> Iterator[RolloutStage]:
    models = {name: {"source": {"url": "x.csv"}} for name in (RECOMMENDER.name, FASHION.name)}
    stage = RolloutStage(make_settings(models=models, serving={"poll_seconds": 0.05}))
    yield stage
    stage.close()


@pytest.fixture
def client(stage: RolloutStage) -> Iterator[AppClient]:
    golden = {"user_id": "1", "top": 3}
    first = stage.package(RECOMMENDER, "1", golden, small_layout().save)
    stage.package(RECOMMENDER, "2", golden, small_layout(backwards()).save)
    stage.decide(RECOMMENDER, "1", first)
    with AppClient(stage.app()) as client:
        yield client


def start(client: AppClient, mode: str, model: str = RECOMMENDER.name, **plan: Any) -> str:
    response = client.post(f"/v1/models/{model}/rollouts", json={"mode": mode, **PLAN, **plan})
    assert response.status_code == 201, response.text
    rollout_id = str(response.json()["rollout_id"])
    wait_for(lambda: status(client, rollout_id)["here"] == "taking_part")
    return rollout_id


def status(client: AppClient, rollout_id: str) -> dict[str, Any]:
    return dict(client.get(f"/v1/rollouts/{rollout_id}").json())


def logged_teams(client: AppClient, prediction_id: str) -> dict[str, str | None]:
    """Return who put each item into a logged list; None for a list that was not drafted."""
    log = client.app.state.services.predictions
    (row,) = log.find(RECOMMENDER.name, prediction_id).answer
    return {item["item_id"]: item.get("team") for item in row["items"]}


def choose(client: AppClient, model: str, prediction_id: str, item: str) -> int:
    body = {"prediction_id": prediction_id, "chosen": item, "reviewer": "ana"}
    return client.post(f"/v1/models/{model}/feedback", json=body).status_code


def test_the_recommenders_lists_are_drafted_for_its_own_interface(client):
    champions = client.post("/recommend", json={"user_id": "1", "top": 4}).json()
    rollout_id = start(client, "interleaving", share=1.0)

    answer = client.post("/recommend", json={"user_id": "1", "top": 4})
    teams = logged_teams(client, answer.headers["X-Prediction-Id"])

    prediction = answer.headers["X-Prediction-Id"]
    history = client.get(f"/v1/models/{RECOMMENDER.name}/predictions/{prediction}")

    assert history.status_code == 200, history.text
    assert answer.headers["X-Decision-Id"] == rollout_id
    assert set(teams.values()) == {"champion", "challenger"}
    assert list(teams) == answer.json() != champions
    assert answer.json()[0] in {champions[0], "060606"}


def test_a_choice_counts_for_whoever_put_the_item_there_until_one_has_won(client):
    rollout_id = start(client, "interleaving", share=1.0)
    for user in range(12):
        answer = client.post("/recommend", json={"user_id": str(user), "history": ["010101"]})
        prediction_id = answer.headers["X-Prediction-Id"]
        teams = logged_teams(client, prediction_id)
        chosen = next((item for item, team in teams.items() if team == "challenger"), None)
        if chosen is None:
            break  # it is over already
        assert choose(client, RECOMMENDER.name, prediction_id, chosen) == 201
        assert choose(client, RECOMMENDER.name, prediction_id, "nothing like it") == 422
    wait_for(lambda: status(client, rollout_id)["verdict"] == "superior")

    found = status(client, rollout_id)
    assert "chose an item of the challenger's" in found["finding"]
    assert not found["promoted"]


def test_predict_gives_the_drafted_list_too_and_tells_nobody_whose_it_is(client):
    rollout_id = start(client, "interleaving", share=1.0)
    body = {"instances": [{"user_id": "1", "top": 4}, {"user_id": "1", "item_id": "020202"}]}

    answer = client.post(f"/v1/models/{RECOMMENDER.name}/predict", json=body).json()

    assert answer["model"]["decision_id"] == rollout_id
    assert len(answer["predictions"][0]["items"]) == 4
    assert "team" not in str(answer)
    # A question for a rating has no list to draft.
    assert answer["predictions"][1]["rating"] is not None


def test_the_fashion_shops_lists_are_drafted_with_their_pictures(stage, tmp_path: Path):
    reviews = write_shop(tmp_path / "shop")
    recommender = small_runtime(reviews)._recommender
    golden = {"customer_id": "ana", "top": 3}
    first = stage.package(FASHION, "1", golden, recommender.save)
    stage.package(FASHION, "2", {**golden, "top": 2}, recommender.save)
    stage.decide(FASHION, "1", first)
    with AppClient(stage.app()) as client:
        before = client.get("/recommendation?customer_id=ana").json()["recommendations"]
        rollout_id = start(client, "interleaving", FASHION.name, share=1.0)
        after = client.get("/recommendation?customer_id=ana").json()
        chosen = after["recommendations"][0]["item_id"]
        status_code = choose(client, FASHION.name, after["prediction_id"], chosen)

    # Two equal rankers draft the same list.
    assert after["recommendations"] == before
    assert (after["decision_id"], after["version"]) == (rollout_id, "1")
    assert status_code == 201


def test_kept_answers_are_neither_given_nor_made_while_a_rollout_runs(client):
    def versions() -> set[str]:
        asked = [client.post("/recommend", json={"user_id": str(user)}) for user in range(USERS)]
        return {answer.headers["X-Model-Version"] for answer in asked}

    assert versions() == {"1"}
    rollout_id = start(client, "canary", share=0.5)
    assert versions() == versions() == {"1", "2"}
    client.post(f"/v1/rollouts/{rollout_id}/stop", json={"actor": "ana", "reason": "enough"})
    wait_for(lambda: status(client, rollout_id)["here"] is None)

    assert versions() == {"1"}


def test_the_same_customer_gets_the_same_version_on_every_interface(client):
    start(client, "canary", share=0.5)
    versions: dict[str, set[str]] = {}
    for user in map(str, range(USERS)):
        recommended = client.post("/recommend", json={"user_id": user})
        body = {"instances": [{"user_id": user, "item_id": "020202"}]}
        predicted = client.post(f"/v1/models/{RECOMMENDER.name}/predict", json=body)
        versions[user] = {
            recommended.headers["X-Model-Version"],
            predicted.json()["model"]["version"],
        }

    assert all(len(seen) == 1 for seen in versions.values())
    assert set.union(*versions.values()) == {"1", "2"}


def test_a_rollout_is_listed_and_shown_with_everything_that_it_is_judged_by(client):
    ramp = [{"share": 0.05, "seconds": 60}]
    rollout_id = start(client, "canary", share=0.5, ramp=ramp, guardrails={"alpha": 0.01})

    (listed,) = client.get(f"/v1/models/{RECOMMENDER.name}/rollouts").json()["rollouts"]
    shown = status(client, rollout_id)

    assert client.get(f"/v1/models/{RECOMMENDER.name}").json()["rollout"] == rollout_id
    assert listed.items() <= shown.items()
    assert (shown["verdict"], shown["champion"], shown["challenger"]) == ("running", "1", "2")
    assert (shown["stage"], shown["share"]) == (0, 0.05)
    assert 500 < shown["remaining_seconds"] <= 600
    assert {check["name"] for check in shown["checks"]} == {"errors", "latency", "metric"}
    assert (shown["plan"]["entity"], shown["plan"]["guardrails"]["alpha"]) == ("user_id", 0.01)
    assert shown["arms"]["challenger"]["requests"] == 0
    assert client.get("/v1/models/product_recommendations/rollouts?limit=0").status_code == 422


@pytest.mark.parametrize(
    ("plan", "status_code", "slug"),
    [
        ({"challenger": "1"}, 409, "rollout-refused"),
        ({"challenger": "9"}, 409, "rollout-refused"),
        ({"mode": "canary", "share": 1.0}, 422, "plan-refused"),
        ({"mode": "shadow", "on_success": "promote"}, 422, "plan-refused"),
        ({"mode": "roulette"}, 422, "invalid-request"),
        ({"guardrails": {"error": True}}, 422, "invalid-request"),
        ({"actor": ""}, 422, "invalid-request"),
    ],
)
def test_what_makes_no_rollout_is_refused_with_the_reason(client, plan, status_code, slug):
    body = {"mode": "shadow", **PLAN, **plan}

    response = client.post(f"/v1/models/{RECOMMENDER.name}/rollouts", json=body)

    assert response.status_code == status_code, response.text
    assert response.json()["type"] == f"urn:contender:problem:{slug}"


def test_there_is_one_rollout_of_a_model_at_a_time_and_it_ends_once(client):
    rollout_id = start(client, "shadow")
    again = client.post(f"/v1/models/{RECOMMENDER.name}/rollouts", json={"mode": "shadow", **PLAN})
    stopped = [
        client.post(f"/v1/rollouts/{rollout_id}/stop", json={"actor": "ana", "reason": "done"})
        for _ in range(2)
    ]

    assert (again.status_code, again.json()["type"]) == (409, "urn:contender:problem:conflict")
    assert [response.status_code for response in stopped] == [200, 409]
    assert stopped[0].json()["verdict"] == "stopped"


def test_a_rollout_ends_when_its_champion_moves_on(client, stage):
    rollout_id = start(client, "canary", share=0.9)
    stage.decide(RECOMMENDER, "2", stage.log.admitted(RECOMMENDER.name, "2"))

    wait_for(lambda: status(client, rollout_id)["verdict"] == "superseded")
    wait_for(lambda: status(client, rollout_id)["here"] is None)

    assert "version 2 is champion now" in status(client, rollout_id)["finding"]


def test_what_is_not_there_is_not_found(client):
    missing = [
        client.get("/v1/rollouts/d000001-000000"),
        client.post("/v1/rollouts/d000001-000000/stop", json={"actor": "a", "reason": "b"}),
        client.get("/v1/models/nobody/rollouts"),
        client.post("/v1/models/nobody/rollouts", json={"mode": "shadow", **PLAN}),
    ]

    assert [response.status_code for response in missing] == [404] * 4


def test_a_model_without_a_champion_has_nothing_to_be_compared_with(client):
    body = {"mode": "shadow", **PLAN}

    assert client.post(f"/v1/models/{FASHION.name}/rollouts", json=body).status_code == 503


def test_feedback_says_what_was_true_or_what_was_chosen_and_not_both(client):
    answer = client.post("/recommend", json={"user_id": "1"})
    told = {"prediction_id": answer.headers["X-Prediction-Id"], "reviewer": "ana"}
    item = answer.json()[0]
    path = f"/v1/models/{RECOMMENDER.name}/feedback"

    assert client.post(path, json=told).status_code == 422
    assert client.post(path, json={**told, "chosen": item, "actual": 4.0}).status_code == 422
    assert client.post(path, json={**told, "chosen": item}).status_code == 201
    assert client.post(path, json={**told, "actual": 4.0}).status_code == 201
    # To say that there is no value is to say something.
    assert client.post(path, json={**told, "actual": None}).status_code == 201
