"""Rows are held against a JSON schema once compiled; each fault names its row and field."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, Field

from pipelines.versions.artifact import ArtifactRefused
from serving.live.validation import Fault, InvalidInstances, SchemaCheck


class Line(BaseModel):
    size: int = Field(ge=1)


class Order(BaseModel):
    name: str = Field(min_length=1, max_length=50)
    lines: list[Line] = Field(default_factory=list)


def faults(rows: list[object], text_limit: int | None = None) -> list[Fault]:
    with pytest.raises(InvalidInstances) as caught:
        SchemaCheck(Order.model_json_schema(), text_limit).check(rows)
    return list(caught.value.faults)


def test_rows_that_fit_pass_references_and_all():
    SchemaCheck(Order.model_json_schema()).check([{"name": "a", "lines": [{"size": 2}]}])


def test_a_fault_inside_a_row_is_named_by_its_path():
    found = faults([{"name": "a"}, {"name": "b", "lines": [{"size": 1}, {"size": 0}]}])

    assert [(fault.instance, fault.field) for fault in found] == [(1, "lines.1.size")]


def test_the_stricter_of_two_limits_counts():
    assert faults([{"name": "x" * 11}], 10)[0].message == "is longer than 10 characters"
    assert faults([{"name": "x" * 51}], 1000)[0].message == "is longer than 50 characters"


def test_many_faults_are_shown_as_the_first_twenty():
    assert len(faults([{}] * 1000)) == 20


def test_a_message_never_repeats_a_large_value():
    assert len(faults([{"name": ["y" * 100_000]}])[0].message) < 300


@pytest.mark.parametrize("schema", [{"type": 5}, {"$ref": "#/$defs/Missing"}])
def test_an_unusable_schema_is_refused_when_the_version_is_loaded(schema):
    with pytest.raises(ArtifactRefused, match="unusable JSON schema"):
        SchemaCheck(schema)
