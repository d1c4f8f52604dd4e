"""The server on PostgreSQL, which refuses values that SQLite takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from asgi_client import AppClient
from postgresql_server import new_database, postgresql_server
from serving_stage import MODEL, Stage

from pipelines.settings import Settings


@pytest.fixture
def client(make_settings: Callable[..., Settings]) -> Iterator[AppClient]:
    with postgresql_server() as uri:
        models = {MODEL: {"source": {"url": "texts.csv"}}}
        stage = Stage(make_settings(models=models, store_url=new_database(uri)))
        stage.promote("1", "uno")
        with AppClient(stage.app()) as client:
            yield client
        stage.close()


def test_a_value_that_no_column_can_hold_is_the_callers_fault_and_not_the_stores(client):
    asked = client.post(f"/v1/models/{MODEL}/predict", json={"instances": [{"text": "a"}]})
    (known,) = asked.json()["prediction_ids"]
    given = {"prediction_id": known, "actual": "uno", "reviewer": "ana"}
    path = f"/v1/models/{MODEL}/feedback"

    refused = [
        client.get("/v1/decisions/%00"),
        client.get("/v1/decisions?model=%00"),
        client.post(path, json=given | {"prediction_id": "\0"}),
    ]
    hidden = client.post(path, json=given | {"reviewer": "a\0"})

    assert [response.status_code for response in refused] == [422] * 3
    assert {response.json()["type"] for response in refused} == {
        "urn:contender:problem:unstorable-value"
    }
    assert hidden.json()["type"] == "urn:contender:problem:invalid-request", "no name hides one"
    assert client.post(path, json=given).status_code == 201
