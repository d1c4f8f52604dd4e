from __future__ import annotations

import httpx
import pytest
from fake_prefect import FakePrefect

from pipelines.orchestration import (
    OrchestrationClient,
    OrchestrationRefused,
    OrchestrationUnavailable,
    UnknownDeployment,
)


@pytest.fixture
def prefect() -> FakePrefect:
    return FakePrefect(deployments={"train-and-promote/product_codes": "deployment-1"})


@pytest.fixture
def client(prefect: FakePrefect):
    with OrchestrationClient(
        "http://prefect/", transport=prefect.transport, sleep=lambda _: None
    ) as client:
        yield client


def test_a_started_run_says_who_asked_and_why_and_where_to_look(client, prefect):
    run = client.start("product_codes", {"trees": 5}, actor="ana", reason="new prices")

    asked = {"trees": 5, "requested_by": "ana", "reason": "new prices"}
    assert prefect.runs[0]["parameters"] == asked
    assert run.url == "http://prefect/runs/flow-run/run-1"
    assert (run.state, run.ended) == ("SCHEDULED", False)


def test_a_busy_server_is_asked_again(client, prefect):
    prefect.busy = 3

    assert client.start("product_codes", {}, actor="ana", reason="").name == "wise-owl-1"


def test_an_answer_that_was_lost_does_not_start_a_second_run(client, prefect):
    prefect.cut_after_create = True

    run = client.start("product_codes", {}, actor="ana", reason="")

    assert [known["id"] for known in prefect.runs] == [run.id]


def test_one_idempotency_key_starts_one_run(client, prefect):
    first = client.start("product_codes", {}, actor="ana", reason="", idempotency_key="k")
    second = client.start("product_codes", {}, actor="ana", reason="", idempotency_key="k")

    assert first.id == second.id
    assert len(prefect.runs) == 1


def test_a_server_that_stays_busy_is_named(client, prefect):
    prefect.busy = 100

    with pytest.raises(OrchestrationUnavailable, match="http://prefect does not answer"):
        client.running("product_codes")


def test_a_server_that_is_not_there_is_named():
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused")

    transport = httpx.MockTransport(refuse)
    client = OrchestrationClient("http://prefect", transport=transport, sleep=lambda _: None)

    assert not client.ready()
    with pytest.raises(OrchestrationUnavailable, match="connection refused"):
        client.get("run-1")


def test_a_model_without_a_deployment_is_named(client):
    with pytest.raises(UnknownDeployment, match="train-and-promote/shoes is not deployed"):
        client.start("shoes", {}, actor="ana", reason="")


def test_refused_parameters_are_told_in_prefects_words(client):
    with pytest.raises(OrchestrationRefused, match="less than the minimum"):
        client.start("product_codes", {"trees": -1}, actor="ana", reason="")


def test_only_an_unfinished_run_of_the_model_counts_as_running(client, prefect):
    assert client.running("product_codes") is None
    run = client.start("product_codes", {}, actor="ana", reason="")
    assert client.running("product_codes") == run
    assert client.running("product_categories") is None

    prefect.runs[0]["state_type"] = "COMPLETED"

    assert client.running("product_codes") is None
    assert client.get(run.id).ended


def test_progress_is_a_share_and_a_step(client, prefect):
    assert client.progress("run-1") is None
    prefect.progress["run-1"] = (40.0, "fitting")

    found = client.progress("run-1")

    assert (found.share, found.step) == (0.4, "fitting")


def test_the_runs_under_way_are_told_by_model(client, prefect):
    assert client.under_way() == {}
    run = client.start("product_codes", {}, actor="ana", reason="")

    assert client.under_way() == {"product_codes": run}

    prefect.runs[0]["state_type"] = "FAILED"
    assert client.under_way() == {}


def test_looking_at_what_is_under_way_is_impatient(client, prefect):
    prefect.busy = 1

    with pytest.raises(OrchestrationRefused):
        client.under_way()


def test_a_form_is_the_deployments_schema_and_values(client):
    form = client.form("product_codes")

    assert form.parameters["properties"]["trees"]["default"] == 200
    assert form.values == {"trees": 300}
    assert "/deployments/deployment/" in form.url
