"""Which columns a JSON schema describes."""

from __future__ import annotations

import pytest
from wide_model import REQUEST, RESPONSE

from serving.protocols.columns import columns_of, shown


def test_every_kind_of_column_is_read_off_a_schema_of_pydantic():
    found = {column.name: (column.kind, column.always) for column in columns_of(REQUEST)}

    assert found == {
        "text": ("text", True),
        "size": ("number", False),
        "count": ("integer", False),
        "urgent": ("boolean", False),
        "colour": ("text", False),
        "parts": ("json", False),
        "detail": ("json", False),
    }


def test_a_column_that_may_be_null_is_not_always_there_even_if_required():
    columns = {column.name: column for column in columns_of(RESPONSE)}

    assert (columns["size"].required, columns["size"].nullable) == (True, True)
    assert not columns["size"].always
    assert columns["count"].always


@pytest.mark.parametrize(
    ("node", "kind", "nullable"),
    [
        ({"type": ["string", "null"]}, "text", True),
        ({"enum": ["a", None]}, "text", True),
        ({"const": 3}, "integer", False),
        ({"anyOf": [{"type": "integer"}, {"type": "number"}]}, "number", False),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "json", False),
        ({"allOf": [{"$ref": "#/$defs/Colour"}]}, "text", False),
        ({"$ref": "#/$defs/Nowhere"}, "json", False),
        ({"type": "array", "items": {"type": "number"}}, "json", False),
        ({}, "json", False),
        (True, "json", False),
    ],
)
def test_a_type_is_found_however_a_schema_says_it(node, kind, nullable):
    schema = {"properties": {"x": node}, "$defs": {"Colour": {"enum": ["red", "blue"]}}}

    (column,) = columns_of(schema)

    assert (column.kind, column.nullable) == (kind, nullable)


def test_a_schema_without_properties_has_no_columns():
    assert columns_of({"type": "object"}) == ()


def test_a_million_names_are_shown_in_a_line():
    assert len(shown("x" * 1000 for _ in range(100_000))) < 2000
