"""The clients of MLflow's scoring server and of Triton, unchanged, against a served application."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import httpx
import numpy as np
import pandas as pd
import pytest
import tritonclient.http as triton
from mlflow.models import convert_input_example_to_serving_input
from mlflow.pyfunc.scoring_server import CONTENT_TYPE_CSV
from mlflow.pyfunc.scoring_server.client import ScoringServerClient
from served_app import ServedApp
from serving_stage import MODEL, Stage
from tritonclient.utils import InferenceServerException
from wide_model import WIDE, Echo, serve_wide

from pipelines.prediction_log import count
from pipelines.settings import Settings

TEXTS = ["pintura roja", "ñandú «1/2»", ""]
ANSWERED = ["pintura roja", "ñandú «1/2»"]


@pytest.fixture
def stage(make_settings: Callable[..., Settings]) -> Iterator[Stage]:
    source = {"source": {"url": "texts.csv"}}
    stage = Stage(make_settings(models={MODEL: source, WIDE: source, "empty": source}))
    stage.promote("1", "uno")
    yield stage
    stage.close()


@pytest.fixture
def served(stage: Stage) -> Iterator[ServedApp]:
    with ServedApp(stage.app()) as served:
        yield served


@pytest.fixture
def wide(served: ServedApp) -> Echo:
    return serve_wide(served.app)


@pytest.fixture
def client(served: ServedApp) -> Iterator[triton.InferenceServerClient]:
    with triton.InferenceServerClient(served.address) as client:
        yield client


def tensor(name: str, values: np.ndarray, *, binary: bool) -> triton.InferInput:
    names = {"O": "BYTES", "f": f"FP{8 * values.itemsize}", "b": "BOOL"}
    datatype = names.get(values.dtype.kind, f"INT{8 * values.itemsize}")
    made = triton.InferInput(name, list(values.shape), datatype)
    return made.set_data_from_numpy(values, binary_data=binary)


def texts(*said: str, binary: bool = True) -> triton.InferInput:
    return tensor("text", np.array(said, dtype=object), binary=binary)


@pytest.mark.parametrize("binary", [True, False])
def test_tritons_client_is_answered_in_the_form_that_it_asks_for(client, stage, binary):
    names = ["topic", "confidence", "prediction_id"]
    wanted = [triton.InferRequestedOutput(name, binary_data=binary) for name in names]

    result = client.infer(
        MODEL, [texts(*ANSWERED, binary=binary)], outputs=wanted, request_id="order-17"
    )

    found = [value.decode() if binary else value for value in result.as_numpy("topic")]
    assert found == ["uno", "uno"]
    assert result.as_numpy("confidence").dtype == np.float64
    document = result.get_response()
    assert (document["id"], document["model_version"]) == ("order-17", "1")
    assert document["parameters"]["decision_id"] == stage.log.head(MODEL).decision_id
    assert ("data" in document["outputs"][0]) == (not binary)


def test_tritons_client_asks_for_everything_in_binary_by_default(client):
    result = client.infer(MODEL, [texts("pintura")], model_version="1")

    assert result.as_numpy("topic").tolist() == [b"uno"]
    assert result.get_output("prediction_id")["parameters"]["binary_data_size"] > 0
    assert client.infer(MODEL, [tensor("text", np.empty(0, object), binary=True)]).as_numpy(
        "topic"
    ).shape == (0,)


@pytest.mark.parametrize("binary", [True, False])
def test_every_datatype_of_tritons_client_reaches_the_model(client, wide, binary):
    parts = [json.dumps([{"item": "b1", "rating": 0.5}]), "[]"]
    result = client.infer(
        WIDE,
        [
            tensor("text", np.array([["a"], ["ñ"]], dtype=object), binary=binary),
            tensor("size", np.array([0.5, 1.25], dtype=np.float32), binary=binary),
            tensor("count", np.array([[3], [-4]], dtype=np.int32), binary=binary),
            tensor("urgent", np.array([True, False]), binary=binary),
            tensor("parts", np.array(parts, dtype=object), binary=binary),
        ],
    )

    assert wide.asked == [
        {
            "text": "a",
            "size": 0.5,
            "count": 3,
            "urgent": True,
            "parts": [{"item": "b1", "rating": 0.5}],
        },
        {"text": "ñ", "size": 1.25, "count": -4, "urgent": False, "parts": []},
    ]
    assert result.as_numpy("size").tolist() == [0.5, 1.25]
    assert result.as_numpy("count").tolist() == [3, -4]
    assert result.as_numpy("urgent").tolist() == [True, False]
    assert [json.loads(value) for value in result.as_numpy("parts")] == [
        [{"item": "b1", "rating": 0.5}],
        [],
    ]


@pytest.mark.parametrize("binary", [True, False])
def test_a_missing_number_is_nan_on_both_ways(client, wide, binary):
    inputs = [texts("a"), tensor("size", np.array([np.nan]), binary=binary)]
    wanted = [triton.InferRequestedOutput("size", binary_data=binary)]

    result = client.infer(WIDE, inputs, outputs=wanted)

    assert wide.asked[0]["size"] is None
    assert np.isnan(result.as_numpy("size")[0])


def test_tritons_client_reads_what_server_and_models_say_of_themselves(client):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(MODEL)
    assert client.is_model_ready(MODEL, "1")
    assert not client.is_model_ready(MODEL, "2")
    assert not client.is_model_ready("empty")
    assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    described = client.get_model_metadata(MODEL, "1")
    assert described["inputs"] == [{"name": "text", "datatype": "BYTES", "shape": [-1]}]


def test_tritons_client_understands_the_refusals(client, stage):
    for model, version, inputs, status, said in [
        (MODEL, "2", [texts("a")], "404", "version '2' of stub is not live"),
        ("nobody", "", [texts("a")], "404", "no model is called 'nobody'"),
        ("empty", "", [texts("a")], "503", "no champion"),
        (MODEL, "", [texts(*TEXTS)], "400", "instance 2, field 'text'"),
        (MODEL, "", [tensor("text", np.ones(2), binary=True)], "400", "it takes BYTES"),
        (MODEL, "", [tensor("txt", np.ones(2), binary=True)], "400", "there are: text"),
    ]:
        with pytest.raises(InferenceServerException) as refused:
            client.infer(model, inputs, model_version=version)
        assert refused.value.status() == status
        assert said in refused.value.message()
    assert count(stage.store) == 0


@pytest.fixture
def mlflow_client(served: ServedApp) -> ScoringServerClient:
    """MLflow's own, whose address is that of one model among several."""
    return ScoringServerClient(served.host, f"{served.port}/v1/models/{MODEL}")


def test_mlflows_client_waits_for_the_server_and_asks_for_its_version(mlflow_client, served):
    mlflow_client.wait_server_ready(timeout=60)

    assert mlflow_client.get_version() == served.app.version


@pytest.mark.parametrize(
    "data",
    [
        pd.DataFrame({"text": ANSWERED}),
        pd.DataFrame({"text": ANSWERED}, index=[7, 9]),
        np.array(ANSWERED, dtype=object),
        np.array([[text] for text in ANSWERED], dtype=object),
        ANSWERED,
        [{"text": text} for text in ANSWERED],
    ],
    ids=["frame", "indexed frame", "array", "column", "list", "records"],
)
def test_mlflows_client_is_answered_whatever_it_sends(mlflow_client, data):
    answer = mlflow_client.invoke(data)

    frame = answer.get_predictions()
    assert frame["topic"].tolist() == ["uno", "uno"]
    assert frame["confidence"].dtype == np.float64
    assert answer["model"]["version"] == "1"


@pytest.mark.parametrize(
    "example",
    [pd.DataFrame({"text": ANSWERED}), {"text": ANSWERED}, ANSWERED, [{"text": ANSWERED[0]}]],
    ids=["frame", "columns", "list", "records"],
)
def test_mlflows_serving_payloads_are_answered(served, example):
    payload = convert_input_example_to_serving_input(example)

    headers = {"Content-Type": "application/json"}
    url = f"http://{served.address}/invocations?model={MODEL}"
    response = httpx.post(url, content=payload, headers=headers, timeout=60, trust_env=False)

    assert {row["topic"] for row in response.json()["predictions"]} == {"uno"}


def test_a_frame_with_missing_numbers_goes_through_mlflows_client(served, wide):
    frame = pd.DataFrame({"text": ["a", "b"], "size": [1.5, np.nan], "count": [3, 4]})

    answer = ScoringServerClient(served.host, f"{served.port}/v1/models/{WIDE}").invoke(frame)

    assert wide.asked == [
        {"text": "a", "size": 1.5, "count": 3},
        {"text": "b", "size": None, "count": 4},
    ]
    assert answer.get_predictions()["size"].isna().tolist() == [False, True]


def test_a_frame_written_as_csv_goes_through(served, wide):
    frame = pd.DataFrame({"text": ["a, «b»", "12"], "size": [1.5, np.nan], "urgent": [True, False]})

    response = httpx.post(
        f"http://{served.address}/v1/models/{WIDE}/invocations",
        content=frame.to_csv(),
        headers={"Content-Type": CONTENT_TYPE_CSV},
        timeout=60,
        trust_env=False,
    )

    assert response.status_code == 200, response.text
    assert wide.asked == [
        {"text": "a, «b»", "size": 1.5, "urgent": True},
        {"text": "12", "size": None, "urgent": False},
    ]


def test_mlflows_client_shows_the_refusal(mlflow_client):
    with pytest.raises(Exception, match=r"error code 400.*INVALID_PARAMETER_VALUE.*instance 2"):
        mlflow_client.invoke(TEXTS)
