"""What feedback says about an answer, whatever kind of answer it is."""

from __future__ import annotations

import pytest

from pipelines.rollouts.losses import compared, loss, winner


def schema(column, **definitions):
    return {"properties": {"found": column}, "$defs": definitions}


NULL = {"type": "null"}
DAY = {"type": "object", "required": ["sold"], "properties": {"sold": {"type": "number"}}}
PAIR = {"type": "object", "required": ["a", "b"], "properties": {}}


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ({"type": "string"}, ("zero_one", "found")),
        ({"type": "integer"}, ("zero_one", "found")),
        ({"type": "boolean"}, ("zero_one", "found")),
        ({"type": "number"}, ("squared_error", "found")),
        ({"anyOf": [NULL, {"type": "number"}]}, ("squared_error", "found")),
        ({"type": "array", "items": {"type": "number"}}, ("squared_error", "found")),
        (
            {"type": "array", "items": {"anyOf": [{"$ref": "#/$defs/Day"}, {"type": "number"}]}},
            ("squared_error", "found.sold"),
        ),
        ({"type": "array", "items": {"$ref": "#/$defs/Pair"}}, (None, "found")),
        ({"type": "array", "items": {"$ref": "#/$defs/Gone"}}, (None, "found")),
        ({"type": "array"}, (None, "found")),
        ({"type": "object"}, (None, "found")),
        ({"$ref": "#/$defs/Name"}, ("zero_one", "found")),
        ({}, (None, "found")),
        ("nonsense", (None, "found")),
    ],
)
def test_what_is_compared_is_read_from_the_schema(column, expected):
    root = schema(column, Day=DAY, Pair=PAIR, Name={"type": "string"})
    assert compared(root, "found") == expected
    assert compared(root, "elsewhere") == (None, "elsewhere")
    assert compared({}, "found") == (None, "found")


@pytest.mark.parametrize(
    ("given", "actual", "expected"),
    [
        ("A1", "A1", 0.0),
        ("A1", " A1 ", 0.0),
        ("A1", "A2", 1.0),
        ("1", 1, 1.0),
        (None, "A1", None),
        ("A1", None, None),
    ],
)
def test_a_text_is_right_or_wrong(given, actual, expected):
    assert loss("zero_one", "code", [{"code": given}], actual) == expected


@pytest.mark.parametrize(
    ("given", "actual", "expected"),
    [
        (3.0, 5, 4.0),
        (3.0, "5", None),
        (True, 1, None),
        ([1.0, 2.0], [1.0, 4.0], 2.0),
        ([1.0, 2.0], [1.0], None),
        ([{"sold": 1.0}, {"sold": 2.0}], [1.0, 4.0], 2.0),
        ([{"sold": 1.0}], [{"sold": 3.0}], 4.0),
        ([{"other": 1.0}], [3.0], None),
        ([], [], None),
        (1e200, -1e200, None),
        (float("nan"), 1.0, None),
    ],
)
def test_numbers_have_a_squared_error_and_lists_its_mean(given, actual, expected):
    assert loss("squared_error", "days.sold", [{"days": given}], actual) == expected


def test_an_answer_of_several_rows_or_of_none_cannot_be_compared():
    assert loss("zero_one", "code", [{"code": "A"}, {"code": "B"}], "A") is None
    assert loss("zero_one", "code", [], "A") is None


LIST = [
    {
        "items": [
            {"item_id": "p1", "team": "champion"},
            {"item_id": 7, "team": "challenger"},
            {"item_id": "p3", "team": None},
            {"item_id": "p4"},
            "odd",
        ]
    }
]


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        ({"chosen": "p1"}, "champion"),
        ({"chosen": "7"}, "challenger"),
        ({"chosen": 7}, "challenger"),
        ({"chosen": "p3"}, None),
        ({"chosen": "p4"}, None),
        ({"chosen": "p9"}, None),
        ({"other": "p1"}, None),
        ("p1", None),
        (None, None),
    ],
)
def test_a_choice_belongs_to_whoever_put_the_item_there(actual, expected):
    assert winner(LIST, actual) == expected
    assert winner([{"items": None}], actual) is None
