"""Tensors to rows and rows to tensors: values survive, and what cannot is refused by name."""

from __future__ import annotations

import math

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wide_model import REQUEST, RESPONSE

from serving.bodies import CONTAINERS, BodyTooLarge, MalformedBody
from serving.live.answers import Answered, ServedModel
from serving.protocols.inference_answers import document, outputs_described, require_outputs
from serving.protocols.inference_requests import Asked, inputs_described, instances, parse
from serving.protocols.tensors import TensorRefused, packed, unpacked

SERVED = ServedModel("wide", "5", "d5", 5, "0" * 64)
LIMIT = 100
TEXT = {"name": "text", "shape": [2], "datatype": "BYTES", "data": ["a", "ñ"]}


def tensor(name: str, datatype: str, *elements: object, **more: object) -> dict:
    return {
        "name": name,
        "shape": [len(elements)],
        "datatype": datatype,
        "data": [*elements],
    } | more


def asked(*inputs: dict, data: bytes = b"", **more: object) -> Asked:
    head = orjson.dumps({"inputs": list(inputs)} | more)
    return parse(head + data, str(len(head)) if data else None, LIMIT)


def rows(*inputs: dict, data: bytes = b"") -> list:
    return instances(asked(*inputs, data=data), REQUEST)


def answered(*answers: dict, many: bool = False) -> Answered:
    ids = [f"p{place}" for place in range(len(answers))]
    listed = [[answer, answer] if many else [answer] for answer in answers]
    return Answered(listed, SERVED, ids, "r1", many, RESPONSE)


def outputs(answer: Answered, request: Asked) -> dict[str, dict]:
    body, length = document(answer, request)
    assert length is None
    return {output["name"]: output for output in orjson.loads(body)["outputs"]}


def test_each_tensor_is_a_column_of_the_rows():
    parts = '[{"item": "b1", "rating": null}]'
    found = rows(
        TEXT,
        tensor("size", "FP32", 0.5, None),
        tensor("count", "UINT8", 3, 4),
        tensor("urgent", "BOOL", True, False),
        tensor("parts", "BYTES", parts, "[]"),
        tensor("detail", "BYTES", None, "null"),
    )

    assert found == [
        {
            "text": "a",
            "size": 0.5,
            "count": 3,
            "urgent": True,
            "parts": [{"item": "b1", "rating": None}],
            "detail": None,
        },
        {"text": "ñ", "size": None, "count": 4, "urgent": False, "parts": [], "detail": None},
    ]


def test_binary_tensors_stand_behind_the_json_in_their_order():
    text, size = packed("BYTES", ["a", "ñ"]), packed("FP64", [1.5, None])
    found = rows(
        {
            "name": "text",
            "shape": [2, 1],
            "datatype": "BYTES",
            "parameters": {"binary_data_size": len(text)},
        },
        tensor("count", "INT64", 1, 2),
        {
            "name": "size",
            "shape": [2],
            "datatype": "FP64",
            "parameters": {"binary_data_size": len(size)},
        },
        data=text + size,
    )

    assert found == [
        {"text": "a", "count": 1, "size": 1.5},
        {"text": "ñ", "count": 2, "size": None},
    ]


def test_any_column_may_come_as_json():
    as_json = {"parameters": {"content_type": "json"}}
    found = rows(
        tensor("text", "BYTES", '"a"', **as_json), tensor("size", "BYTES", "null", **as_json)
    )

    assert found == [{"text": "a", "size": None}]


@given(st.lists(st.tuples(st.text(), st.none() | st.floats(allow_nan=False, allow_infinity=False))))
def test_what_is_answered_in_binary_is_what_the_runtime_said(values):
    said = [{"text": text, "size": size, "count": 1, "urgent": True} for text, size in values]
    wanted = [{"name": name, "parameters": {"binary_data": True}} for name in ("text", "size")]
    body, length = document(answered(*said), asked(TEXT, outputs=wanted))

    head = orjson.loads(body[:length])
    sizes = [output["parameters"]["binary_data_size"] for output in head["outputs"]]
    assert length + sum(sizes) == len(body)
    found = {}
    for output, size in zip(head["outputs"], sizes, strict=True):
        place = length if not found else length + sizes[0]
        data = body[place : place + size]
        found[output["name"]] = unpacked("x", output["datatype"], len(values), data)
    assert found["text"] == [text for text, _ in values]
    for number, (_, size) in zip(found["size"], values, strict=True):
        assert number == size or (size is None and math.isnan(number))


def test_an_answer_has_one_tensor_for_each_column_and_the_names_for_feedback():
    said = {"text": "a", "size": None, "count": 2, "urgent": True, "parts": [{"item": "b"}]}
    found = outputs(answered(said, said), asked(TEXT))

    assert {name: output["datatype"] for name, output in found.items()} == {
        "text": "BYTES",
        "size": "FP64",
        "count": "INT64",
        "urgent": "BOOL",
        "colour": "BYTES",
        "parts": "BYTES",
        "sure": "BYTES",
        "rank": "FP64",
        "prediction_id": "BYTES",
    }
    assert {name: output["data"][0] for name, output in found.items()} == {
        "text": "a",
        "size": None,
        "count": 2,
        "urgent": True,
        "colour": None,
        "parts": '[{"item":"b"}]',
        "sure": "null",
        "rank": None,
        "prediction_id": "p0",
    }
    as_json = {name for name, output in found.items() if "parameters" in output}
    assert as_json == {"parts", "sure"}
    assert {tuple(output["shape"]) for output in found.values()} == {(2,)}


def test_several_rows_of_an_instance_are_a_list_for_each_column():
    said = {"text": "a", "size": 1.5, "count": 2, "urgent": True, "parts": []}
    found = outputs(answered(said, many=True), asked(TEXT))

    assert found["size"]["data"] == ["[1.5,1.5]"]
    assert found["size"]["parameters"] == {"content_type": "json"}


def test_an_answer_is_what_the_metadata_promised():
    said = {"text": "a", "size": None, "count": 2, "urgent": True, "parts": []}
    for many in (False, True):
        found = outputs(answered(said, many=many), asked(TEXT))
        promised = {
            output["name"]: output["datatype"] for output in outputs_described(RESPONSE, many)
        }
        assert {name: output["datatype"] for name, output in found.items()} == promised


def test_only_the_outputs_asked_for_are_sent():
    said = {"text": "a", "size": 1.0, "count": 2, "urgent": True, "parts": []}
    found = outputs(answered(said), asked(TEXT, outputs=[{"name": "size"}]))

    assert list(found) == ["size"]


def test_the_id_is_echoed_and_the_decision_named():
    said = {"text": "a", "size": 1.0, "count": 2, "urgent": True, "parts": []}
    head = orjson.loads(document(answered(said), asked(TEXT, id="42"))[0])

    assert (head["id"], head["model_name"], head["model_version"]) == ("42", "wide", "5")
    assert head["parameters"] == {
        "version": "5",
        "decision_id": "d5",
        "generation": 5,
        "request_id": "r1",
    }
    assert orjson.loads(document(answered(said), asked(TEXT))[0])["id"] == "r1"


def test_no_instances_are_answered_by_empty_tensors():
    empty = {"name": "text", "shape": [0], "datatype": "BYTES", "data": []}

    assert rows(empty) == []
    assert outputs(answered(), asked(empty))["size"]["shape"] == [0]


def test_inputs_are_described_by_the_type_to_send():
    found = {row["name"]: (row["datatype"], row["shape"]) for row in inputs_described(REQUEST)}

    assert found["text"] == ("BYTES", [-1])
    assert found["size"] == ("FP64", [-1])
    assert found["count"] == ("INT64", [-1])
    assert found["urgent"] == ("BOOL", [-1])


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ([{**TEXT, "name": "txt"}], "no input is called 'txt'; there are: colour, count, detail"),
        ([{**TEXT, "datatype": "STRING"}], "no datatype is called 'STRING'"),
        ([{**TEXT, "datatype": None}], "no datatype is called None"),
        ([{**TEXT, "shape": [3]}], "'text': its shape says 3 elements, its data 2"),
        ([{**TEXT, "shape": [1]}], "'text': its shape says 1 elements, its data more"),
        ([{**TEXT, "shape": [1, 2]}], "expected"),
        ([{**TEXT, "shape": [2, 1, 1]}], "expected"),
        ([{**TEXT, "shape": []}], "no list of sizes"),
        ([{**TEXT, "shape": [-1]}], "no list of sizes"),
        ([{**TEXT, "shape": [True]}], "no list of sizes"),
        ([{**TEXT, "shape": [101]}], "101 instances in one call; the limit is 100"),
        ([{**TEXT, "data": None}], "'text': its data is not a list"),
        ([{**TEXT, "name": None}], "an input has no name"),
        ([TEXT, TEXT], "two inputs have the same name"),
        ([TEXT, tensor("size", "FP32", 1.0)], "different lengths: size 1, text 2"),
        ([TEXT, tensor("size", "BYTES", "1", "2")], "'size': BYTES, but it takes FP16"),
        ([TEXT, tensor("count", "FP64", 1.0, 2.0)], "'count': FP64, but it takes INT16"),
        ([TEXT, tensor("urgent", "INT8", 1, 0)], "'urgent': INT8, but it takes BOOL"),
        ([TEXT, tensor("parts", "FP32", 1, 0)], "'parts': FP32, but it takes JSON as BYTES"),
        ([TEXT, tensor("parts", "BYTES", "[", "")], "'parts', element 0 is not JSON"),
        ([TEXT, {**TEXT, "parameters": 3}], "parameters is not an object"),
        (["text"], "an input is not an object"),
        ([{**TEXT, "parameters": {"binary_data_size": 5}}], "binary_data_size must count"),
    ],
)
def test_an_input_that_is_wrong_is_refused_by_name(inputs, said):
    with pytest.raises((TensorRefused, MalformedBody)) as refused:
        rows(*inputs)

    assert said in str(refused.value)


def test_infinite_numbers_are_refused():
    data = packed("FP64", [math.inf])
    size = {"name": "size", "shape": [1], "datatype": "FP64"}

    with pytest.raises(TensorRefused, match="'size', element 0: it is infinite"):
        rows({**size, "parameters": {"binary_data_size": 8}}, data=data)


@pytest.mark.parametrize(
    ("size", "said"),
    [(99, "7 of which are left"), (-1, "7 of which"), ("7", "7 of which"), (5, "2 bytes follow")],
)
def test_a_wrong_binary_size_is_refused(size, said):
    text = {"name": "text", "shape": [1], "datatype": "BYTES"}
    data = packed("BYTES", ["a"]) + b"!!"

    with pytest.raises(TensorRefused, match=said):
        rows({**text, "parameters": {"binary_data_size": size}}, data=data)


def test_elements_that_are_json_hold_no_more_lists_than_a_body_may():
    parts = {"name": "parts", "shape": [9], "datatype": "BYTES"}
    data = packed("BYTES", ["[" + "[]," * 60_000 + "[]]"] * 9)

    with pytest.raises(BodyTooLarge, match="lists and objects"):
        rows({**parts, "parameters": {"binary_data_size": len(data)}}, data=data)


def test_numbers_whose_bytes_look_like_brackets_are_no_lists():
    many = CONTAINERS // 8 + 1
    count = {"name": "count", "shape": [many], "datatype": "INT64"}
    data = b"[" * 8 * many
    head = orjson.dumps({"inputs": [{**count, "parameters": {"binary_data_size": len(data)}}]})

    assert parse(head + data, str(len(head)), many).count == many


@pytest.mark.parametrize("said", ["-1", "999", "x", "", "1.0", "²", "9" * 5000])
def test_a_wrong_length_of_the_json_is_refused(said):
    with pytest.raises(TensorRefused, match="Inference-Header-Content-Length"):
        parse(b"{}", said, LIMIT)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "empty"),
        (b"{", "not JSON"),
        (b"[]", "the request is not an object"),
        (b"{}", '"inputs" must be a list of at least one tensor'),
        (b'{"inputs": []}', "at least one tensor"),
        (b'{"inputs": [], "ouputs": []}', "unknown fields: ouputs"),
        (b'{"inputs": [3]}', "an input is not an object"),
    ],
)
def test_a_request_of_the_wrong_shape_is_refused(body, said):
    with pytest.raises((TensorRefused, MalformedBody), match=said):
        parse(body, None, LIMIT)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"id": 42}, '"id" must be a text'),
        ({"outputs": {}}, '"outputs" must be a list'),
        ({"outputs": ["size"]}, "an output is not an object"),
        ({"outputs": [{"name": "siz"}]}, "no output is called siz; there are: text, size"),
        ({"outputs": [{"name": "size", "parameters": {"classification": 3}}]}, "classification"),
        ({"outputs": [{"name": "x", "parameters": {"shared_memory_region": "m"}}]}, "shared"),
    ],
)
def test_outputs_that_there_are_not_are_refused(more, said):
    with pytest.raises(TensorRefused, match=said):
        require_outputs(asked(TEXT, **more), RESPONSE)


@given(st.binary(max_size=60), st.none() | st.integers(-5, 70).map(str))
def test_any_body_is_read_or_refused(body, said):
    with pytest.raises((TensorRefused, MalformedBody)):
        parse(body, said, LIMIT)
