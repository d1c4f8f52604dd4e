"""The server follows decisions: through restarts, without MLflow, and past edits by hand."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from asgi_client import AppClient
from serving_stage import MODEL, Stage
from waiting import wait_for

from pipelines.decisions.log import NewDecision
from pipelines.settings import Settings

PREDICT = f"/v1/models/{MODEL}/predict"


@pytest.fixture
def stage(make_settings: Callable[..., Settings]) -> Iterator[Stage]:
    settings = make_settings(
        models={MODEL: {"source": {"url": "texts.csv"}}}, serving={"poll_seconds": 0.05}
    )
    stage = Stage(settings)
    yield stage
    stage.close()


def answered_by(client: AppClient) -> str:
    response = client.post(PREDICT, json={"instances": [{"text": "a"}]})
    return response.json()["model"]["version"] if response.status_code == 200 else "nobody"


def slot(client: AppClient) -> dict:
    return client.get("/health").json()["slots"][0]


def test_a_promotion_is_served_and_confirmed_within_seconds(stage):
    stage.promote("1", "uno")
    with AppClient(stage.app()) as client:
        decision = stage.promote("2", "dos")
        start = time.monotonic()
        wait_for(lambda: answered_by(client) == "2", 5.0)
        wait_for(
            lambda: (
                [worker["decision_id"] for worker in client.get("/readyz").json()["workers"][MODEL]]
                == [decision.decision_id]
            ),
            5.0,
        )
        assert time.monotonic() - start < 5.0


def test_the_first_champion_is_served_without_a_restart(stage):
    with AppClient(stage.app()) as client:
        assert answered_by(client) == "nobody"
        stage.promote("1", "uno")
        wait_for(lambda: answered_by(client) == "1")


def test_a_version_that_only_the_alias_names_is_never_served(stage):
    stage.register("9", "nueve")
    stage.registry.aliases["champion"] = "9"
    with AppClient(stage.app()) as client:
        time.sleep(0.3)

        assert answered_by(client) == "nobody"
        assert stage.registry.downloads == 0


def test_an_alias_moved_by_hand_keeps_the_champion_and_is_said(stage):
    stage.promote("1", "uno")
    stage.register("9", "nueve")
    with AppClient(stage.app()) as client:
        stage.registry.aliases["champion"] = "9"
        wait_for(lambda: "version 9" in slot(client)["note"])

        assert answered_by(client) == "1"
        assert slot(client)["alias"] == "9"
        assert client.get("/readyz").status_code == 200


def test_a_restart_without_mlflow_serves_from_the_verified_cache(stage):
    decision = stage.promote("1", "uno")
    with AppClient(stage.app()):
        pass
    stage.registry.away = True
    with AppClient(stage.app()) as client:
        response = client.post(PREDICT, json={"instances": [{"text": "a"}]})

        assert response.json()["model"]["decision_id"] == decision.decision_id
        assert client.get("/health").json()["registry"] == "away"


def test_mlflow_going_away_changes_nothing_and_a_rollback_still_works(stage):
    stage.promote("1", "uno")
    with AppClient(stage.app()) as client:
        stage.promote("2", "dos")
        wait_for(lambda: answered_by(client) == "2")
        stage.registry.away = True
        time.sleep(0.2)
        assert answered_by(client) == "2"

        body = {"actor": "ana", "reason": "complaints"}
        client.post(f"/v1/models/{MODEL}/rollback", json=body)

        wait_for(lambda: answered_by(client) == "1")


def test_without_mlflow_and_with_a_damaged_cache_nothing_is_served_until_mlflow_is_back(stage):
    digest = stage.promote("1", "uno").artifact_digest
    with AppClient(stage.app()):
        pass
    damaged = stage.settings.var / "cache" / MODEL / digest / "compiled" / "weights.npz"
    damaged.write_bytes(b"not weights")
    stage.registry.away = True
    with AppClient(stage.app()) as client:
        assert answered_by(client) == "nobody"
        assert client.get("/readyz").status_code == 503
        wait_for(lambda: slot(client)["condition"] == "failed")  # between two tries

        stage.registry.away = False
        wait_for(lambda: answered_by(client) == "1")


def test_a_version_that_cannot_answer_keeps_the_old_one_and_says_why(stage):
    stage.promote("1", "uno")
    with AppClient(stage.app()) as client:
        stage.promote("2", "dos", golden=[{"text": "   "}])
        wait_for(lambda: "golden" in slot(client)["note"])

        assert answered_by(client) == "1"
        assert client.get("/readyz").status_code == 200


def test_a_champion_that_was_never_admitted_is_refused(stage):
    stage.promote("1", "uno")
    with AppClient(stage.app()) as client:
        forged = stage.log.append(
            NewDecision(
                "verdict",
                MODEL,
                version="2",
                artifact_digest="0" * 64,
                becomes_champion=True,
            )
        )
        stage.registry.aliases["champion"] = "2"
        wait_for(lambda: "never admitted" in slot(client)["note"])

        assert answered_by(client) == "1"
        assert forged.generation == 2


def test_a_package_changed_in_the_registry_after_its_admission_is_refused(stage):
    stage.promote("1", "uno")
    with AppClient(stage.app()) as client:
        stage.registry.spoil = lambda folder: (folder / "compiled" / "weights.npz").write_bytes(
            b"x"
        )
        stage.promote("2", "dos")
        wait_for(lambda: "weights.npz" in slot(client)["note"])

        assert answered_by(client) == "1"


def test_while_the_store_is_away_the_old_champion_answers_and_readiness_fails(stage, monkeypatch):
    stage.promote("1", "uno")
    with AppClient(stage.app()) as client:

        def away(_model):
            raise ConnectionError("the store is away")

        monkeypatch.setattr(stage.log, "head", away)
        wait_for(lambda: client.get("/readyz").status_code == 503)

        assert answered_by(client) == "1"
        assert client.get("/health").json()["decision_log"] == "away"
