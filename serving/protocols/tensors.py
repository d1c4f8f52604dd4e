"""Tensors of the Open Inference Protocol: their elements as JSON and as bytes, both ways.

Binary elements are little-endian and without padding; one of type BYTES is its length in four bytes
and then itself (https://github.com/triton-inference-server/server, `extension_binary_data.md`).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

BYTES = "BYTES"
FORMATS: Mapping[str, str] = {
    "BOOL": "?",
    "INT8": "b",
    "INT16": "h",
    "INT32": "i",
    "INT64": "q",
    "UINT8": "B",
    "UINT16": "H",
    "UINT32": "I",
    "UINT64": "Q",
    "FP16": "e",
    "FP32": "f",
    "FP64": "d",
}
"""Datatypes of a fixed size, with the letter by which `struct` knows them."""
INTEGERS = frozenset(name for name in FORMATS if "INT" in name)
FLOATS = frozenset(name for name in FORMATS if name.startswith("FP"))
LENGTH = struct.Struct("<I")

Element = str | int | float | bool | None
T = TypeVar("T")


class TensorRefused(ValueError):
    """A tensor is not what it says, or not what the model takes; the message names it."""


def described(name: str, datatype: str, holds_json: bool = False) -> dict[str, Any]:
    """Return what metadata and answers say of a tensor; every one is as long as there are rows."""
    tensor: dict[str, Any] = {"name": name, "datatype": datatype, "shape": [-1]}
    return tensor | ({"parameters": {"content_type": "json"}} if holds_json else {})


def unpacked(name: str, datatype: str, count: int, data: bytes) -> list[Element]:
    """Return the `count` elements that binary `data` holds."""
    if datatype == BYTES:
        return _counted(name, count, _texts(name, islice(_pieces(name, data), count + 1)))
    letter = FORMATS[datatype]
    size = struct.calcsize(letter)
    if len(data) != count * size:
        found = f"{len(data)} bytes hold no {count} elements of {datatype}"
        raise TensorRefused(f"tensor {name!r}: {found}, which take {size} each")
    return list(struct.unpack(f"<{count}{letter}", data))


def packed(datatype: str, elements: Sequence[Element]) -> bytes:
    """Return elements as binary data; what is missing becomes NaN, or an empty text."""
    if datatype == BYTES:
        encoded = [str("" if element is None else element).encode() for element in elements]
        return b"".join(part for text in encoded for part in (LENGTH.pack(len(text)), text))
    if datatype in FLOATS:
        elements = [math.nan if element is None else element for element in elements]
    return struct.pack(f"<{len(elements)}{FORMATS[datatype]}", *elements)


def listed(name: str, datatype: str, count: int, data: object) -> list[Element]:
    """Return the `count` elements of tensor data as JSON; null is a missing one.

    Each may stand in a list of its own, as in a tensor of shape [n, 1].
    """
    if not isinstance(data, list):
        raise TensorRefused(f"tensor {name!r}: its data is not a list")
    elements = [
        element[0] if isinstance(element, list) and len(element) == 1 else element
        for element in _counted(name, count, data)
    ]
    for place, element in enumerate(elements):
        if element is not None and not _fits(datatype, element):
            raise TensorRefused(f"tensor {name!r}, element {place}: it is no {datatype}")
    return elements


def _counted(name: str, count: int, elements: list[T]) -> list[T]:
    if len(elements) != count:
        found = "more" if len(elements) > count else f"{len(elements)}"
        raise TensorRefused(f"tensor {name!r}: its shape says {count} elements, its data {found}")
    return elements


def _fits(datatype: str, element: object) -> bool:
    if datatype == BYTES:
        return isinstance(element, str)
    if datatype == "BOOL" or isinstance(element, bool):
        return datatype == "BOOL" and isinstance(element, bool)
    if datatype in FLOATS:
        return isinstance(element, int | float)
    return isinstance(element, int) and _in_range(datatype, element)


def _in_range(datatype: str, number: int) -> bool:
    bits = 8 * struct.calcsize(FORMATS[datatype])
    if datatype.startswith("U"):
        return 0 <= number < 1 << bits
    return -(1 << bits - 1) <= number < 1 << bits - 1


def _texts(name: str, pieces: Iterable[bytes]) -> list[Element]:
    texts: list[Element] = []
    for place, element in enumerate(pieces):
        try:
            texts.append(element.decode())
        except UnicodeDecodeError as error:
            raise TensorRefused(f"tensor {name!r}, element {place}: it is not UTF-8") from error
    return texts


def _pieces(name: str, data: bytes) -> Iterable[bytes]:
    start = 0
    while start < len(data):
        content = start + LENGTH.size
        if content > len(data):
            raise TensorRefused(f"tensor {name!r}: its data ends within the length of an element")
        start = content + LENGTH.unpack_from(data, start)[0]
        if start > len(data):
            raise TensorRefused(f"tensor {name!r}: its data ends within an element")
        yield data[content:start]
