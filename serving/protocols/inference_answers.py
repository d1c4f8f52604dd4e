"""Inference answers of the Open Inference Protocol: one tensor for each column of the rows.

A missing number is NaN and a missing text empty; as JSON both are null. What is structured, a truth
value that may be missing, and whatever belongs to several rows of one instance, is JSON in a tensor
of BYTES.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from pipelines.contract import Row
from serving.live.answers import Answered
from serving.protocols.columns import Column, columns_of, shown
from serving.protocols.inference_requests import Asked
from serving.protocols.tensors import BYTES, Element, TensorRefused, described, packed

PREDICTION_ID = "prediction_id"
"""An output beside the model's own: the names of the answers, for feedback."""
# What a runtime answers may be one of numpy's numbers.
PLAIN: Mapping[str, Callable[[Any], Element]] = {
    "FP64": float,
    "INT64": int,
    "BOOL": bool,
    BYTES: str,
}


def outputs_described(schema: Mapping[str, object], many: bool) -> list[dict[str, Any]]:
    """Return the metadata of the output tensors; `many` where an instance has several rows."""
    columns = columns_of(schema)
    own = [
        described(column.name, *_form(column, many))
        for column in columns
        if column.name != PREDICTION_ID
    ]
    return [*own, described(PREDICTION_ID, BYTES)]


def require_outputs(asked: Asked, schema: Mapping[str, object]) -> None:
    """Raise `TensorRefused` where an output is asked for that there is not."""
    names = [output["name"] for output in outputs_described(schema, False)]
    if unknown := set(asked.outputs or ()).difference(names):
        raise TensorRefused(f"no output is called {shown(unknown)}; there are: {', '.join(names)}")


def document(answered: Answered, asked: Asked) -> tuple[bytes, int | None]:
    """Return the answer, and the length of its JSON where binary data follows."""
    outputs, blobs = [], []
    for output, elements in _outputs(answered):
        binary = asked.binary if asked.outputs is None else asked.outputs.get(output["name"])
        if binary is None:
            continue
        output["shape"] = [len(elements)]
        if binary:
            blobs.append(packed(output["datatype"], elements))
            sized = {"binary_data_size": len(blobs[-1])}
            output["parameters"] = output.get("parameters", {}) | sized
        else:
            output["data"] = elements
        outputs.append(output)
    head = orjson.dumps(_head(answered, asked) | {"outputs": outputs})
    return (b"".join([head, *blobs]), len(head)) if blobs else (head, None)


def _head(answered: Answered, asked: Asked) -> dict[str, object]:
    served = answered.model
    return {
        "model_name": served.name,
        "model_version": served.version,
        "id": answered.request_id if asked.id is None else asked.id,
        "parameters": {
            "version": served.version,
            "decision_id": served.decision_id,
            "generation": served.generation,
            "request_id": answered.request_id,
        },
    }


def _outputs(answered: Answered) -> list[tuple[dict[str, Any], list[Element]]]:
    schema, many = answered.response_schema, answered.many
    outputs: list[tuple[dict[str, Any], list[Element]]] = []
    columns = {column.name: column for column in columns_of(schema)}
    for output in outputs_described(schema, many):
        if output["name"] == PREDICTION_ID:
            elements: list[Element] = list(answered.prediction_ids)
        else:
            column = columns[output["name"]]
            elements = [_element(rows, column, many) for rows in answered.rows]
        outputs.append((output, elements))
    return outputs


def _element(rows: Sequence[Row], column: Column, many: bool) -> Element:
    if many:
        return _json([row.get(column.name) for row in rows])
    value: Any = rows[0].get(column.name)
    datatype, holds_json = _form(column, many)
    if holds_json:
        return _json(value)
    if value is None or (datatype == "FP64" and math.isnan(value)):
        return None
    return PLAIN[datatype](value)


def _form(column: Column, many: bool) -> tuple[str, bool]:
    """Return the datatype of an output, and whether its elements are JSON."""
    if many or column.kind == "json":
        return BYTES, True
    if column.kind == "text":
        return BYTES, False
    if column.kind == "boolean":
        return ("BOOL", False) if column.always else (BYTES, True)
    # A missing number is NaN, which no integer is.
    return ("INT64" if column.kind == "integer" and column.always else "FP64"), False


def _json(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode()
