"""What MLflow's clients send, turned into rows."""

from __future__ import annotations

import csv
import io

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wide_model import REQUEST

from serving.bodies import BodyTooLarge, MalformedBody
from serving.protocols.payloads import PayloadRefused, from_csv, from_json

LIMIT = 100
ALONE = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False)
ROWS = st.lists(st.tuples(st.text(min_size=1), NUMBERS))


def read(document: object, schema: dict | None = None) -> list:
    return from_json(orjson.dumps(document), schema or REQUEST, LIMIT)


def read_csv(text: str) -> list:
    return from_csv(text.encode(), REQUEST, LIMIT)


WANTED = [{"text": "a", "size": 1.5}, {"text": "ñ", "size": None}]


@pytest.mark.parametrize(
    "document",
    [
        {"dataframe_split": {"columns": ["text", "size"], "data": [["a", 1.5], ["ñ", None]]}},
        {
            "dataframe_split": {
                "index": [7, 8],
                "columns": ["size", "text"],
                "data": [[1.5, "a"], [None, "ñ"]],
            }
        },
        {"dataframe_records": WANTED},
        {"instances": WANTED},
        {"inputs": WANTED},
        {"inputs": {"text": ["a", "ñ"], "size": [1.5, None]}},
        {"instances": {"text": ["a", "ñ"], "size": [1.5, None]}},
        {"inputs": WANTED, "params": None},
    ],
)
def test_every_format_holds_the_same_rows(document):
    assert read(document) == WANTED


@pytest.mark.parametrize(
    "values", [["a", "b"], [["a"], ["b"]], {"text": ["a", "b"]}, [{"text": "a"}, {"text": "b"}]]
)
@pytest.mark.parametrize("name", ["instances", "inputs"])
def test_a_model_of_one_column_needs_no_names(name, values):
    assert read({name: values}, ALONE) == [{"text": "a"}, {"text": "b"}]


def test_the_one_required_column_is_meant_where_others_are_optional():
    assert read({"inputs": ["a"]}) == [{"text": "a"}]
    assert read({"dataframe_split": {"data": [["a"]]}}) == [{"text": "a"}]


def test_one_row_may_come_as_an_object_or_a_value():
    assert read({"inputs": {"text": "a", "size": 2.0}}) == [{"text": "a", "size": 2.0}]
    assert read({"inputs": "a"}, ALONE) == [{"text": "a"}]


def test_structured_values_stay_as_they_are():
    parts = [{"item": "b1"}]

    assert read({"inputs": {"text": ["a"], "parts": [parts]}}) == [{"text": "a", "parts": parts}]


def test_an_empty_cell_of_a_table_is_a_field_left_out_or_a_null():
    cells = {"columns": ["text", "count", "size"], "data": [["a", None, None]]}

    assert read({"dataframe_split": cells}) == [{"text": "a", "size": None}]
    assert read({"inputs": [{"text": "a", "count": None}]}) == [{"text": "a", "count": None}]


def test_cells_that_are_json_hold_no_more_lists_than_a_body_may():
    cell = "[" + "[]," * 30_000 + "[]]"
    with pytest.raises(BodyTooLarge, match="lists and objects"):
        from_csv(("text,parts\n" + f'a,"{cell}"\n' * 18).encode(), REQUEST, LIMIT)


def test_a_nan_of_mlflows_client_is_a_missing_number():
    body = b'{"dataframe_split": {"columns": ["text", "size"], "data": [["NaN", NaN]]}}'

    assert from_json(body, REQUEST, LIMIT) == [{"text": "NaN", "size": None}]


@pytest.mark.parametrize(
    "body",
    [
        b'{"inputs": [NaN, Infinity]}',
        b'{"inputs": [NaN, -Infinity]}',
        b'{"inputs": [NaN, 1e999]}',
        b'{"inputs": [NaN, -1e999]}',
        b'{"inputs": [NaN, "\\ud800"]}',
        b'{"inputs": [NaN, ' + b"[" * 300 + b"]" * 300 + b"]}",
        b'{"inputs": [NaN, ' + b"[" * 100_000,
        b'{"inputs": [NaN, "\xff"]}',
        b'{"inputs": [NaN, ' + b"9" * 5_000 + b"]}",
        b"NaN NaN",
    ],
)
def test_what_no_log_can_keep_is_refused_beside_a_nan_too(body):
    with pytest.raises(MalformedBody, match="not JSON"):
        from_json(body, REQUEST, LIMIT)


def test_no_rows_are_no_instances():
    for document in (
        {"inputs": []},
        {"instances": {"text": []}},
        {"dataframe_records": []},
        {"dataframe_split": {"columns": ["text"], "data": []}},
    ):
        assert read(document) == []
    assert read_csv("text\n") == []


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "the body must be an object with one of dataframe_split"),
        ({}, "there is: none"),
        ({"inputs": [], "instances": []}, "there is: inputs, instances"),
        ({"columns": ["text"], "data": []}, "there is: columns, data"),
        ({"inputs": [], "input": []}, "unknown fields: input"),
        ({"inputs": [], "params": {"top": 3}}, "takes no params"),
        ({"inputs": {"txt": ["a"]}}, "no column is called txt; there are: colour, count"),
        ({"inputs": [{"text": "a"}, {"txt": "a"}]}, "no column is called txt"),
        ({"inputs": {"text": ["a"], "size": [1, 2]}}, "different lengths"),
        ({"inputs": {"text": ["a"], "size": 1}}, "different lengths"),
        ({"inputs": [{"text": "a"}, 3]}, "row 1 is no object"),
        ({"inputs": ["a"] * 101}, "101 instances in one call; the limit is 100"),
        ({"inputs": {"text": ["a"] * 101}}, "the limit is 100"),
        ({"dataframe_records": [{}] * 101}, "the limit is 100"),
        ({"dataframe_records": {"text": ["a"]}}, "must be a list of objects"),
        ({"dataframe_records": ["a"]}, "row 0 is no object"),
        ({"dataframe_split": []}, "must hold columns and data"),
        ({"dataframe_split": {"columns": ["text"]}}, "must hold columns and data"),
        ({"dataframe_split": {"data": [], "rows": []}}, "dataframe_split knows no rows"),
        ({"dataframe_split": {"columns": [0], "data": []}}, "must be names"),
        ({"dataframe_split": {"columns": ["txt"], "data": []}}, "no column is called txt"),
        ({"dataframe_split": {"columns": ["text", "text"], "data": []}}, "the same name"),
        ({"dataframe_split": {"columns": ["text"], "data": [[]]}}, "row 0 of dataframe_split"),
        ({"dataframe_split": {"columns": [], "data": [[]] * 101}}, "the limit is 100"),
    ],
)
def test_a_payload_that_is_wrong_is_refused(document, said):
    with pytest.raises(PayloadRefused, match=said):
        read(document)


def test_values_without_names_are_refused_where_several_columns_could_be_meant():
    schema = {"properties": {"user": {"type": "string"}, "item": {"type": "string"}}}

    with pytest.raises(PayloadRefused, match="several columns: item, user"):
        read({"inputs": ["a"]}, schema)


def test_a_csv_gets_its_types_from_the_model():
    text = (
        ",text,size,count,urgent,parts\r\n"
        '0,"a, ""b""\n",1.5,3,True,"[{""item"": ""b1""}]"\r\n'
        "1,12,,2,false,[]\r\n"
        "\r\n"
        "2,NaN,NaN,,,\r\n"
    )

    assert read_csv(text) == [
        {
            "text": 'a, "b"\n',
            "size": 1.5,
            "count": 3,
            "urgent": True,
            "parts": [{"item": "b1"}],
        },
        {"text": "12", "size": None, "count": 2, "urgent": False, "parts": []},
        {"text": "NaN", "size": None},
    ]


def test_a_byte_order_mark_is_no_part_of_a_name():
    assert from_csv(b"\xef\xbb\xbftext\na\n", REQUEST, LIMIT) == [{"text": "a"}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("txt\na\n", "no column is called txt"),
        ("text,text\na,b\n", "the same name"),
        ("text,size\na\n", "line 2: 1 cells, the header has 2"),
        ("text,size\na,x\n", "line 2, column 'size': 'x' is no number"),
        ("text,size\na,true\n", "'true' is no number"),
        ("text,size\na,inf\n", "'inf' is no number"),
        ("text,count\na,1_000\n", "'1_000' is no integer"),
        ("text,urgent\na,1\n", "'1' is no boolean"),
        ("text,parts\na,[\n", "is no json"),
        ('text\n"a\n', "the body is no CSV"),
        ("text\n" + "a\n" * 101, "101 instances in one call; the limit is 100"),
    ],
)
def test_a_csv_that_is_wrong_is_refused_with_its_line(text, said):
    with pytest.raises(PayloadRefused, match=said):
        read_csv(text)


def test_a_csv_that_is_no_text_is_refused():
    with pytest.raises(PayloadRefused, match="no CSV"):
        from_csv(b"text\n\xff\n", REQUEST, LIMIT)


@given(ROWS)
def test_rows_come_back_from_a_csv(rows):
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(["text", "size"])
    writer.writerows(rows)

    assert read_csv(written.getvalue()) == [{"text": text, "size": size} for text, size in rows]


@given(ROWS)
def test_rows_come_back_from_a_split_dataframe(rows):
    cells = {"columns": ["text", "size"], "data": [list(row) for row in rows]}

    assert read({"dataframe_split": cells}) == [{"text": text, "size": size} for text, size in rows]


@given(st.binary(max_size=60))
def test_any_body_is_read_or_refused(body):
    with pytest.raises((MalformedBody, PayloadRefused)):
        from_json(body, REQUEST, LIMIT)
