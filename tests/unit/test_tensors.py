"""Elements of tensors, as JSON and as bytes: nothing is lost, and nothing wrong is taken."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.protocols.tensors import FORMATS, TensorRefused, listed, packed, unpacked

NUMPY = {
    "BOOL": "?",
    "INT8": "<i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "UINT8": "<u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
}


@given(st.lists(st.text()))
def test_texts_come_back_from_bytes(texts):
    assert unpacked("x", "BYTES", len(texts), packed("BYTES", texts)) == texts


@given(st.lists(st.floats(allow_nan=False)))
def test_numbers_come_back_from_bytes(numbers):
    assert unpacked("x", "FP64", len(numbers), packed("FP64", numbers)) == numbers


@pytest.mark.parametrize("datatype", FORMATS)
def test_bytes_are_numpys_own(datatype):
    values = np.array([0, 1, 1, 0], dtype=NUMPY[datatype])

    assert packed(datatype, values.tolist()) == values.tobytes()
    assert unpacked("x", datatype, 4, values.tobytes()) == values.tolist()


def test_what_is_missing_is_nan_or_an_empty_text():
    assert math.isnan(struct.unpack("<d", packed("FP64", [None]))[0])
    assert packed("BYTES", [None]) == b"\0\0\0\0"


@given(st.binary(max_size=40), st.integers(0, 5), st.sampled_from([*FORMATS, "BYTES"]))
def test_any_bytes_are_read_or_refused_by_name(data, count, datatype):
    try:
        elements = unpacked("weight", datatype, count, data)
    except TensorRefused as refused:
        said = str(refused)
    else:
        said = f"'weight' has {len(elements)}"

    assert said.startswith(("tensor 'weight'", f"'weight' has {count}"))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\1\0", "within the length"),
        (b"\5\0\0\0ab", "within an element"),
        (b"\1\0\0\0\xff", "element 0: it is not UTF-8"),
        (b"", "its data 0"),
        (b"\0\0\0\0" * 3, "its data more"),
    ],
)
def test_a_damaged_text_tensor_is_refused(data, said):
    with pytest.raises(TensorRefused, match=said):
        unpacked("x", "BYTES", 1, data)


def test_too_few_bytes_are_refused():
    with pytest.raises(
        TensorRefused, match="7 bytes hold no 2 elements of FP32, which take 4 each"
    ):
        unpacked("x", "FP32", 2, b"1234567")


def test_elements_may_stand_alone_or_in_a_list_of_their_own():
    assert listed("x", "INT8", 3, [1, [2], None]) == [1, 2, None]


@pytest.mark.parametrize(
    ("datatype", "element"),
    [
        ("BYTES", 1),
        ("BYTES", ["a", "b"]),
        ("BOOL", 1),
        ("INT32", True),
        ("INT32", 1.0),
        ("INT8", 128),
        ("UINT8", -1),
        ("FP32", "1"),
        ("FP32", False),
        ("FP64", {}),
        ("FP64", [[1.0]]),
    ],
)
def test_an_element_of_another_type_is_refused(datatype, element):
    with pytest.raises(TensorRefused, match=f"element 1: it is no {datatype}"):
        listed("x", datatype, 2, [None, element])


@pytest.mark.parametrize("data", [None, "abc", {}, 3])
def test_data_that_is_no_list_is_refused(data):
    with pytest.raises(TensorRefused, match="not a list"):
        listed("x", "FP64", 1, data)
