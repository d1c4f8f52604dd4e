"""Numbers may differ by the tolerance, text never."""

from __future__ import annotations

import pytest

from pipelines.contract import Row, Tolerance
from pipelines.versions.agreement import compare

WITHIN = Tolerance(absolute=1e-3, relative=0.0)
ASKED: list[Row] = [{"text": "tornillo"}]


@pytest.mark.parametrize(
    ("plain", "compiled", "accepted"),
    [
        ({"topic": "a", "confidence": 0.5}, {"topic": "a", "confidence": 0.5004}, True),
        ({"topic": "a", "confidence": 0.5}, {"topic": "a", "confidence": 0.502}, False),
        ({"topic": "a", "confidence": 0.5}, {"topic": "b", "confidence": 0.5}, False),
        ({"topic": "a"}, {"topic": "a", "confidence": 0.5}, False),
        ({"best": [{"c": 1.0}, {"c": 0.5}]}, {"best": [{"c": 1.0}, {"c": 0.5}]}, True),
        ({"best": [{"c": 1.0}, {"c": 0.5}]}, {"best": [{"c": 1.0}]}, False),
        ({"confidence": float("nan")}, {"confidence": float("nan")}, True),
        ({"confidence": float("nan")}, {"confidence": 0.5}, False),
        ({"confidence": float("inf")}, {"confidence": 0.5}, False),
        ({"sure": True}, {"sure": 1}, True),
        ({"topic": "1"}, {"topic": 1}, False),
    ],
)
def test_answers_agree(plain: Row, compiled: Row, accepted: bool) -> None:
    found = compare([[plain]], [[compiled]], ASKED, WITHIN)
    assert found.accepted is accepted
    assert bool(found.reason) is not accepted


def test_reason_names_the_request_and_both_answers() -> None:
    found = compare([[{"topic": "a"}]], [[{"topic": "b"}]], ASKED, WITHIN)
    assert found.reason == "{'text': 'tornillo'}: plain answers 'a', compiled 'b'"


def test_largest_difference_is_over_all_requests() -> None:
    plain: list[list[Row]] = [[{"c": 0.1}], [{"c": 0.2}], [{"c": 0.3}]]
    compiled: list[list[Row]] = [[{"c": 0.1}], [{"c": 0.2008}], [{"c": 0.3002}]]
    found = compare(plain, compiled, ASKED * 3, WITHIN)
    assert found.largest_difference == pytest.approx(0.0008)
    assert found.requests == 3
