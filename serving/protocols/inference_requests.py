"""Inference requests of the Open Inference Protocol: tensors over the wire, rows behind.

One tensor holds one column, and its first dimension counts the instances. A column of structured
values is a tensor of BYTES whose elements are JSON; any other may come so too, and says it by the
parameter `content_type: json`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.contract import Row
from serving.bodies import json_in, json_with_nan, require_few_containers
from serving.protocols.columns import SHOWN_CHARACTERS, Column, columns_of, known, shown
from serving.protocols.tensors import (
    BYTES,
    FLOATS,
    FORMATS,
    INTEGERS,
    Element,
    TensorRefused,
    described,
    listed,
    unpacked,
)

MEMBERS = frozenset({"id", "parameters", "inputs", "outputs", "model_name", "model_version"})
UNSUPPORTED = frozenset({"classification", "shared_memory_region"})
LENGTH_DIGITS = 15
DECLARED = {"text": BYTES, "json": BYTES, "boolean": "BOOL", "integer": "INT64", "number": "FP64"}
TAKEN: Mapping[str, frozenset[str]] = {
    "text": frozenset({BYTES}),
    "boolean": frozenset({"BOOL"}),
    "integer": INTEGERS,
    "number": INTEGERS | FLOATS,
}


@dataclass(frozen=True)
class Tensor:
    """One input: its elements in order, None where one is missing."""

    name: str
    datatype: str
    elements: Sequence[Element]
    holds_json: bool


@dataclass(frozen=True)
class Asked:
    """A request as it was sent, its tensors all of one length."""

    id: str | None
    count: int
    tensors: Sequence[Tensor]
    outputs: Mapping[str, bool] | None
    """The outputs wanted and whether as binary data; None for all of them."""
    binary: bool


def parse(body: bytes, header_length: str | None, limit: int) -> Asked:
    """Return the request in `body`, the first `header_length` bytes of which are JSON.

    At most `limit` instances are looked at.

    Raises `MalformedBody`, `BodyTooLarge`, or `TensorRefused` naming the tensor.
    """
    split = len(body) if header_length is None else _length(header_length, len(body))
    document = _object(json_with_nan(body[:split], "the request"), "the request")
    if unknown := document.keys() - MEMBERS:
        raise TensorRefused(f"unknown fields: {shown(unknown)}")
    inputs = document.get("inputs")
    if not isinstance(inputs, list) or not inputs:
        raise TensorRefused('"inputs" must be a list of at least one tensor')
    binary = _parameters(document).get("binary_data_output") is True
    count, tensors = _tensors(inputs, memoryview(body)[split:], limit)
    if any(tensor.datatype == BYTES for tensor in tensors):
        # Their elements are JSON each. Of numbers any byte may pass for a bracket.
        require_few_containers(body)
    identity = document.get("id")
    if identity is not None and not isinstance(identity, str):
        raise TensorRefused('"id" must be a text')
    return Asked(identity, count, tensors, _wanted(document.get("outputs"), binary), binary)


def instances(asked: Asked, schema: Mapping[str, object]) -> list[Row]:
    """Return the rows that the tensors hold. Raises `TensorRefused` naming tensor and element."""
    columns = {column.name: column for column in columns_of(schema)}
    rows: list[dict[str, object]] = [{} for _ in range(asked.count)]
    for tensor in asked.tensors:
        if tensor.name not in columns:
            names = known(columns.values())
            raise TensorRefused(f"no input is called {tensor.name!r}; there are: {names}")
        for row, value in zip(rows, _values(tensor, columns[tensor.name]), strict=True):
            row[tensor.name] = value
    return list(rows)


def inputs_described(schema: Mapping[str, object]) -> list[dict[str, Any]]:
    """Return the metadata of the input tensors."""
    return [
        described(column.name, DECLARED[column.kind], holds_json=column.kind == "json")
        for column in columns_of(schema)
    ]


def _values(tensor: Tensor, column: Column) -> list[object]:
    if tensor.holds_json or column.kind == "json":
        return [_parsed(tensor, place) for place in range(len(tensor.elements))]
    if tensor.datatype not in TAKEN[column.kind]:
        wanted = ", ".join(sorted(TAKEN[column.kind]))
        raise TensorRefused(f"tensor {tensor.name!r}: {tensor.datatype}, but it takes {wanted}")
    return [_finite(tensor, place, element) for place, element in enumerate(tensor.elements)]


def _parsed(tensor: Tensor, place: int) -> object:
    element = tensor.elements[place]
    if element is None:
        return None
    if not isinstance(element, str):
        raise TensorRefused(
            f"tensor {tensor.name!r}: {tensor.datatype}, but it takes JSON as BYTES"
        )
    return json_in(element.encode(), f"tensor {tensor.name!r}, element {place}")


def _finite(tensor: Tensor, place: int, element: Element) -> Element:
    if not isinstance(element, float) or math.isfinite(element):
        return element
    if math.isnan(element):
        return None
    raise TensorRefused(f"tensor {tensor.name!r}, element {place}: it is infinite")


def _tensors(inputs: Sequence[object], data: memoryview, limit: int) -> tuple[int, list[Tensor]]:
    tensors: list[Tensor] = []
    counts: set[int] = set()
    for given in inputs:
        tensor, data = _tensor(_object(given, "an input"), data, limit)
        tensors.append(tensor)
        counts.add(len(tensor.elements))
    if len({tensor.name for tensor in tensors}) < len(tensors):
        raise TensorRefused("two inputs have the same name")
    if len(counts) > 1:
        found = shown(f"{tensor.name} {len(tensor.elements)}" for tensor in tensors)
        raise TensorRefused(f"the inputs are of different lengths: {found}")
    if data:
        raise TensorRefused(f"{len(data)} bytes follow the last tensor")
    return counts.pop(), tensors


def _tensor(given: Mapping[str, Any], data: memoryview, limit: int) -> tuple[Tensor, memoryview]:
    name, datatype = given.get("name"), given.get("datatype")
    if not isinstance(name, str):
        raise TensorRefused("an input has no name")
    if not isinstance(datatype, str) or (datatype != BYTES and datatype not in FORMATS):
        raise TensorRefused(f"tensor {name!r}: no datatype is called {datatype!r}")
    count = _count(name, given.get("shape"))
    if count > limit:
        raise TensorRefused(f"{count} instances in one call; the limit is {limit}")
    parameters = _parameters(given)
    size = parameters.get("binary_data_size")
    holds_json = parameters.get("content_type") == "json"
    if size is None:
        return Tensor(
            name, datatype, listed(name, datatype, count, given.get("data")), holds_json
        ), data
    if "data" in given or not _is_count(size) or size > len(data):
        raise TensorRefused(
            f"tensor {name!r}: binary_data_size must count its bytes, {len(data)} of which are left"
        )
    elements = unpacked(name, datatype, count, bytes(data[:size]))
    return Tensor(name, datatype, elements, holds_json), data[size:]


def _count(name: str, shape: object) -> int:
    if not isinstance(shape, list) or not shape or not all(_is_count(size) for size in shape):
        raise TensorRefused(f"tensor {name!r}: its shape is no list of sizes")
    if shape[1:] not in ([], [1]):
        raise TensorRefused(f"tensor {name!r}: shape {shape}; [n] or [n, 1] is expected")
    return int(shape[0])


def _is_count(size: object) -> bool:
    return isinstance(size, int) and not isinstance(size, bool) and size >= 0


def _wanted(outputs: object, binary: bool) -> dict[str, bool] | None:
    if outputs is None or outputs == []:
        return None
    if not isinstance(outputs, list):
        raise TensorRefused('"outputs" must be a list')
    wanted = {}
    for output in outputs:
        asked = _object(output, "an output")
        parameters = _parameters(asked)
        if beyond := parameters.keys() & UNSUPPORTED:
            raise TensorRefused(f"outputs know no {', '.join(sorted(beyond))} here")
        wanted[str(asked.get("name"))] = bool(parameters.get("binary_data", binary))
    return wanted


def _length(said: str, size: int) -> int:
    # Digits are counted first: of thousands int() makes an error of its own.
    digits = said.isascii() and said.isdigit() and len(said) <= LENGTH_DIGITS
    if not digits or int(said) > size:
        raise TensorRefused(
            f"Inference-Header-Content-Length is {said[:SHOWN_CHARACTERS]!r}; "
            f"the body has {size} bytes"
        )
    return int(said)


def _object(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TensorRefused(f"{what} is not an object")
    return value


def _parameters(holder: Mapping[str, Any]) -> dict[str, Any]:
    parameters = holder.get("parameters")
    return _object({} if parameters is None else parameters, "parameters")
