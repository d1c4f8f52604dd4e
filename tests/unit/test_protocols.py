"""The protocols of other servers, asked through the whole application without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import orjson
import pytest
from asgi_client import AppClient
from serving_stage import MODEL, Stage
from wide_model import WIDE, serve_wide

from pipelines.prediction_log import count
from pipelines.settings import Settings

INFER = f"/v2/models/{MODEL}/infer"
INVOKE = f"/v1/models/{MODEL}/invocations"
CSV = {"Content-Type": "text/csv; charset=utf-8"}


@pytest.fixture
def stage(make_settings: Callable[..., Settings]) -> Iterator[Stage]:
    source = {"source": {"url": "texts.csv"}}
    settings = make_settings(
        models={MODEL: source, WIDE: source, "empty": source},
        serving={"body_limit_bytes": 500_000, "instances_limit": 20_000},
    )
    stage = Stage(settings)
    yield stage
    stage.close()


@pytest.fixture
def client(stage: Stage) -> Iterator[AppClient]:
    stage.promote("1", "uno")
    with AppClient(stage.app()) as client:
        yield client


def texts(*said: str, **more: object) -> dict:
    return {"name": "text", "shape": [len(said)], "datatype": "BYTES", "data": [*said]} | more


def infer(client: AppClient, *inputs: dict, path: str = INFER, **more: object):
    return client.post(path, json={"inputs": list(inputs)} | more)


def columns(response) -> dict[str, list]:
    assert response.status_code == 200, response.text
    return {output["name"]: output["data"] for output in response.json()["outputs"]}


def logged(client: AppClient, stage: Stage) -> int:
    client.app.state.services.predictions.drain()
    return count(stage.store)


def test_an_inference_names_version_and_decision_and_is_logged(client, stage):
    response = infer(client, texts("pintura", "ñ"), id="42")

    found = columns(response)
    assert found["topic"] == ["uno", "uno"]
    document = response.json()
    assert (document["id"], document["model_version"]) == ("42", "1")
    head = stage.log.head(MODEL)
    assert document["parameters"]["decision_id"] == head.decision_id
    assert document["parameters"]["request_id"] == response.headers["X-Request-Id"]
    assert logged(client, stage) == 2
    feedback = {"prediction_id": found["prediction_id"][0], "actual": "uno", "reviewer": "ana"}
    assert client.post(f"/v1/models/{MODEL}/feedback", json=feedback).status_code == 201


def test_every_kind_of_column_reaches_the_model_and_comes_back(client):
    model = serve_wide(client.app)
    response = infer(
        client,
        texts("a"),
        {"name": "size", "shape": [1, 1], "datatype": "FP32", "data": [[0.5]]},
        {"name": "parts", "shape": [1], "datatype": "BYTES", "data": ['[{"item": "b1"}]']},
        path=f"/v2/models/{WIDE}/infer",
    )

    assert model.asked == [{"text": "a", "size": 0.5, "parts": [{"item": "b1"}]}]
    assert columns(response)["size"] == [0.5]
    assert orjson.loads(columns(response)["parts"][0]) == [{"item": "b1", "rating": None}]


def test_several_rows_of_an_instance_are_one_element(client):
    serve_wide(client.app, copies=3)

    found = columns(infer(client, texts("a", "b"), path=f"/v2/models/{WIDE}/infer"))

    assert found["text"] == ['["a","a","a"]', '["b","b","b"]']


def test_only_the_live_version_answers(client, stage):
    live, other = (f"/v2/models/{MODEL}/versions/{version}" for version in "12")

    assert columns(infer(client, texts("a"), path=f"{live}/infer"))["topic"] == ["uno"]
    refused = infer(client, texts("a"), path=f"{other}/infer")

    assert (refused.status_code, refused.json()) == (
        404,
        {"error": "version '2' of stub is not live; '1' is"},
    )
    assert [client.get(path).status_code for path in (live, other)] == [200, 404]
    assert client.get(f"{live}/ready").json() == {"name": MODEL, "ready": True}
    assert client.get(f"{other}/ready").status_code == 503
    assert logged(client, stage) == 1


def test_a_version_is_held_to_at_the_moment_of_the_answer(client, stage, monkeypatch):
    slots = client.app.state.services.slots
    answer = slots.answer

    async def after_a_swap(model, rows, **asked):
        serve_wide(client.app, version="6")
        return await answer(model, rows, **asked)

    serve_wide(client.app, version="5")
    monkeypatch.setattr(slots, "answer", after_a_swap)

    response = infer(client, texts("a"), path=f"/v2/models/{WIDE}/versions/5/infer")

    assert (response.status_code, logged(client, stage)) == (404, 0)


def test_server_and_models_describe_themselves(client):
    assert client.get("/v2").json()["extensions"] == ["binary_tensor_data"]
    found = client.get(f"/v2/models/{MODEL}").json()

    assert found["versions"] == ["1"]
    assert found["inputs"] == [{"name": "text", "datatype": "BYTES", "shape": [-1]}]
    assert {row["name"]: row["datatype"] for row in found["outputs"]} == {
        "topic": "BYTES",
        "confidence": "FP64",
        "prediction_id": "BYTES",
    }


def test_readiness_is_said_by_status(client, stage):
    for path in ("/v2/health/live", "/v2/health/ready", f"/v2/models/{MODEL}/ready", "/ping"):
        assert client.get(path).status_code == 200, path
    assert client.get("/v2/models/empty/ready").json() == {"name": "empty", "ready": False}
    assert client.get("/v2/models/empty/ready").status_code == 503
    assert client.get("/v1/models/empty/ping").status_code == 503
    client.app.state.services.follower.stop()  # a look of its own would say that it is reachable
    client.app.state.services.follower.log_reachable = False
    assert client.get("/v2/health/ready").json() == {"live": True, "ready": False}
    assert client.get("/ping").json()["error_code"] == "TEMPORARILY_UNAVAILABLE"


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        (INFER, {"inputs": [texts("a", name="txt")]}, 400, "no input is called 'txt'"),
        (INFER, {"inputs": [texts("a", shape=[2])]}, 400, "shape says 2"),
        (INFER, {"inputs": [texts("")]}, 400, "instance 0, field 'text'"),
        (INFER, {"inputs": [texts("a", "  ")]}, 400, "instance 1"),
        (INFER, {"inputs": [texts("a")], "outputs": [{"name": "x"}]}, 400, "no output"),
        (INFER, {"instances": []}, 400, "unknown fields: instances"),
        ("/v2/models/nobody/infer", {"inputs": [texts("a")]}, 404, "empty, stub, wide"),
        ("/v2/models/empty/infer", {"inputs": [texts("a")]}, 503, "no champion"),
        ("/v2/nothing", {}, 404, "nothing at this path"),
    ],
)
def test_a_refusal_has_the_shape_of_the_protocol(client, stage, path, body, status, said):
    response = client.post(path, json=body)

    assert response.status_code == status
    assert list(response.json()) == ["error"]
    assert said in response.json()["error"]
    assert ("Retry-After" in response.headers) == (status == 503)
    assert logged(client, stage) == 0


def test_a_wrong_method_names_the_right_one(client):
    response = client.get(INFER)

    assert (response.status_code, response.headers["Allow"]) == (405, "POST")


def test_a_long_request_is_answered_like_a_short_one(client):
    said = [f"pintura {number}" for number in range(9_000)]

    assert len(columns(infer(client, texts(*said)))["topic"]) == 9_000


def test_a_compressed_body_is_refused(client):
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}

    assert client.post(INFER, content=b"\x1f\x8b", headers=headers).status_code == 415
    plain = {**headers, "Content-Encoding": "Identity"}
    asked = orjson.dumps({"inputs": [texts("a")]})
    assert client.post(INFER, content=asked, headers=plain).status_code == 200


def test_requests_of_both_protocols_count_among_those_of_their_model(client):
    infer(client, texts("a"))
    client.post(INVOKE, json={"instances": [{"text": "a"}]})
    client.post(INVOKE, json={"nothing": 1})
    for path in (INFER, INVOKE):
        client.post(path.replace("stub", "nobody"), json={})
    told = client.get("/metrics").text

    counted = [line for line in told.splitlines() if line.startswith("contender_model_requests_to")]
    assert counted == [
        'contender_model_requests_total{model="stub",outcome="answered"} 2.0',
        'contender_model_requests_total{model="stub",outcome="refused"} 1.0',
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"columns": ["text"], "data": [["a"], ["b"]]}},
        {"dataframe_records": [{"text": "a"}, {"text": "b"}]},
        {"instances": [{"text": "a"}, {"text": "b"}]},
        {"inputs": ["a", "b"]},
        {"inputs": {"text": ["a", "b"]}},
    ],
)
def test_an_invocation_is_answered_by_records_and_logged(client, stage, body):
    document = client.post(INVOKE, json=body).json()

    assert [row["topic"] for row in document["predictions"]] == ["uno", "uno"]
    assert document["model"]["version"] == "1"
    assert len(document["prediction_ids"]) == logged(client, stage) == 2


def test_a_csv_is_answered(client):
    response = client.post(INVOKE, content="text\na\nñ\n".encode(), headers=CSV)

    assert [row["topic"] for row in response.json()["predictions"]] == ["uno", "uno"]


def test_mlflows_own_path_needs_to_know_which_model_of_several(client):
    body = {"inputs": ["a"]}

    refused = client.post("/invocations", json=body)
    assert refused.status_code == 404
    assert "?model=NAME, one of empty, stub, wide" in refused.json()["message"]
    assert client.post(f"/invocations?model={MODEL}", json=body).status_code == 200
    assert client.post("/invocations?model=nobody", json=body).status_code == 404


def test_mlflows_own_path_is_for_the_only_model(make_settings):
    stage = Stage(make_settings(models={MODEL: {"source": {"url": "texts.csv"}}}))
    stage.promote("1", "uno")
    with AppClient(stage.app()) as client:
        assert client.post("/invocations", json={"inputs": ["a"]}).status_code == 200
        assert client.get("/ping").text == "\n"
        assert client.get("/version").text == client.app.version
    stage.close()


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "said"),
    [
        (INVOKE, {"inputs": {"txt": ["a"]}}, 400, "BAD_REQUEST", "no column is called txt"),
        (INVOKE, {"text": ["a"]}, 400, "BAD_REQUEST", "one of dataframe_split"),
        (INVOKE, {"inputs": [""]}, 400, "INVALID_PARAMETER_VALUE", "instance 0, field 'text'"),
        ("/invocations?model=empty", {"inputs": ["a"]}, 503, "TEMPORARILY_UNAVAILABLE", "champion"),
        ("/invocations?model=no", {"inputs": [""]}, 404, "RESOURCE_DOES_NOT_EXIST", "called 'no'"),
    ],
)
def test_a_refusal_has_the_shape_of_mlflow(client, stage, path, body, status, code, said):
    response = client.post(path, json=body)

    assert response.status_code == status
    assert set(response.json()) == {"error_code", "message"}
    assert response.json()["error_code"] == code
    assert said in response.json()["message"]
    assert logged(client, stage) == 0


@pytest.mark.parametrize(
    ("path", "said", "status"),
    [
        (INVOKE, "text/csv", 200),
        (INVOKE, "text/csv; charset=latin-1", 415),
        (INVOKE, "text/plain", 415),
        (INVOKE, "application/octet-stream", 415),
        (INVOKE, "", 415),
        (INFER, "text/csv", 415),
        (INFER, "application/x-www-form-urlencoded", 415),
        (INFER, "", 400),
        (INFER, "application/octet-stream", 400),
        (f"/v1/models/{MODEL}/predict", "text/csv", 415),
        (f"/v1/models/{MODEL}/predict", "application/octet-stream", 415),
        (f"/v1/models/{MODEL}/feedback", "", 415),
    ],
)
def test_each_path_takes_its_own_media_types_and_no_other(client, path, said, status):
    response = client.post(path, content=b"text\na\n", headers={"Content-Type": said})

    assert response.status_code == status


@pytest.mark.parametrize(("path", "said"), [(INVOKE, "text/csv"), (INFER, "")])
def test_the_limit_on_bodies_holds_whatever_their_type(client, path, said):
    async def endless():
        for _ in range(100):
            yield b"x" * 100_000

    headers = {"Content-Type": said}

    assert client.post(path, content=b"x" * 500_001, headers=headers).status_code == 413
    assert client.post(path, content=endless(), headers=headers).status_code == 413


def test_the_documentation_shows_each_protocol_its_own_refusals(client):
    paths = client.get("/openapi.json").json()["paths"]

    def refusal(path: str) -> dict:
        return paths[path]["post"]["responses"]["default"]["content"]["application/json"]["example"]

    assert set(refusal("/v2/models/{name}/infer")) == {"error"}
    assert set(refusal("/v1/models/{name}/invocations")) == {"error_code", "message"}
    assert "errors" in refusal("/v1/categorizer/inference")
