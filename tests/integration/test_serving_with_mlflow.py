"""The server beside a real MLflow: what the gate promotes is what it answers with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from asgi_client import AppClient
from foreign_models import log_sklearn_pipeline
from stub_lifecycle import GOOD, WEAK, Lifecycle
from waiting import wait_for

from pipelines.decisions.log import NewDecision
from pipelines.registry import aliases as registry
from serving.composition import compose

pytestmark = pytest.mark.slow

PREDICT = "/v1/models/stub/predict"
ASKED = {"instances": [{"text": "pint1 pint2 común3"}, {"text": "herr4 herr2"}]}


@pytest.fixture
def client(lifecycle: Lifecycle) -> Iterator[AppClient]:
    with AppClient(compose(lifecycle.settings)) as client:
        yield client


def version(client: AppClient) -> str | None:
    response = client.post(PREDICT, json=ASKED)
    return response.json()["model"]["version"] if response.status_code == 200 else None


def test_a_promotion_and_a_rollback_are_served_with_their_decisions(lifecycle, client):
    assert version(client) is None
    first = lifecycle.judge(lifecycle.challenge(vocabulary=WEAK))
    wait_for(lambda: version(client) == first.version)

    second = lifecycle.judge(lifecycle.challenge(vocabulary=GOOD))
    assert second.verdict == "promoted"
    wait_for(lambda: version(client) == second.version)
    answer = client.post(PREDICT, json=ASKED).json()
    assert [row["topic"] for row in answer["predictions"]] == ["pintura", "herramienta"]
    shown = client.get("/v1/models/stub").json()
    assert shown["decision"]["decision_id"] == second.decision_id
    assert shown["decision"]["reasons"]

    asked = {"actor": "ana", "reason": "complaints"}
    decision = client.post("/v1/models/stub/rollback", json=asked).json()
    assert decision["reasons"] == ["ana: complaints"]
    wait_for(lambda: version(client) == first.version)
    assert lifecycle.alias() == first.version
    too_far = client.post("/v1/models/stub/rollback", json=asked)
    assert (too_far.status_code, too_far.json()["type"]) == (
        409,
        "urn:contender:problem:no-way-back",
    )


def test_a_champion_from_another_library_is_served_by_a_process_of_its_own(lifecycle, client):
    lifecycle.judge(lifecycle.challenge(vocabulary=WEAK))
    foreign = lifecycle.judge(log_sklearn_pipeline(lifecycle.settings.mlflow_url))
    # The gate's verdict hangs on latencies measured beside other tests; here it must be champion.
    decision = lifecycle.log.append(
        NewDecision(
            "override",
            "stub",
            version=foreign.version,
            artifact_digest=lifecycle.log.admitted("stub", foreign.version),
            becomes_champion=True,
        )
    )
    registry.project(lifecycle.log, lifecycle.gate.client, "stub")

    wait_for(lambda: version(client) == decision.version)

    answer = client.post(PREDICT, json=ASKED).json()
    assert (
        answer["model"]["decision_id"]
        == client.get("/v1/models/stub").json()["champion"]["decision_id"]
    )
    assert [row["topic"] for row in answer["predictions"]] == ["pintura", "herramienta"]
    assert client.get("/v1/models/stub").json()["contract"]["origin"] == "foreign"
