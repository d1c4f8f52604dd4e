"""Rollouts on PostgreSQL: counted, sampled, and told apart by what callers name and say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asgi_client import AppClient
from postgresql_server import new_database, postgresql_server
from serving_stage import MODEL, Stage
from waiting import wait_for

from pipelines.settings import Settings

PLAN = {"challenger": "2", "seconds": 600, "actor": "ana", "reason": "to see"}


@pytest.fixture
def client(make_settings: Callable[..., Settings]) -> Iterator[AppClient]:
    with postgresql_server() as uri:
        settings = make_settings(
            models={MODEL: {"source": {"url": "texts.csv"}}},
            store_url=new_database(uri),
            serving={"poll_seconds": 0.1},
        )
        stage = Stage(settings)
        stage.promote("1", "uno")
        stage.register("2", "dos")
        with AppClient(stage.app()) as client:
            yield client
        stage.close()


def started(client: AppClient, mode: str, **plan: Any) -> str:
    body = {"mode": mode, **PLAN, **plan}
    response = client.post(f"/v1/models/{MODEL}/rollouts", json=body)
    assert response.status_code == 201, response.text
    rollout_id = str(response.json()["rollout_id"])
    wait_for(lambda: shown(client, rollout_id)["here"] == "taking_part")
    return rollout_id


def shown(client: AppClient, rollout_id: str) -> dict[str, Any]:
    return dict(client.get(f"/v1/rollouts/{rollout_id}").json())


def ask(client: AppClient, unit: str) -> str:
    response = client.post(
        f"/v1/models/{MODEL}/predict",
        json={"instances": [{"text": "pintura\0"}]},
        headers={"X-Unit-Id": unit},
    )
    return str(response.json()["prediction_ids"][0])


def test_what_a_shadow_and_an_ab_test_see_is_kept_and_decides(client):
    shadow = started(client, "shadow", share=1.0)
    for number in range(10):
        ask(client, f"u{number}")
    wait_for(lambda: shown(client, shadow)["arms"]["challenger"]["compared"] == 10)
    wait_for(lambda: len(shown(client, shadow)["disagreements"]) == 10)
    client.post(f"/v1/rollouts/{shadow}/stop", json={"actor": "ana", "reason": "enough"})
    test = started(client, "ab", share=0.5, guardrails={"latency": False})
    for number in range(200):
        told = {"prediction_id": ask(client, f"v{number}"), "actual": "uno", "reviewer": "ana"}
        client.post(f"/v1/models/{MODEL}/feedback", json=told)
    wait_for(lambda: shown(client, test)["verdict"] == "rolled_back")

    assert shown(client, shadow)["verdict"] == "stopped"
    failed = {check["name"] for check in shown(client, test)["checks"] if not check["passed"]}
    assert "metric" in failed
