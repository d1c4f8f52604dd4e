"""What a list of decisions says of each: who, against whom, and what was not passed."""

from __future__ import annotations

import pytest

from pipelines.decisions.log import Decision
from serving import views


def decision(kind, record, **changes):
    fields = {
        "seq": 1,
        "decision_id": "d000001-abc",
        "kind": kind,
        "model": "codes",
        "version": "2",
        "verdict": None,
        "generation": None,
        "test_set_id": None,
        "look": None,
        "artifact_digest": None,
        "created_at": "2026-01-01T00:00:00+00:00",
        "prev_hash": "",
        "hash": "",
        "record": record,
    }
    return Decision(**(fields | changes))


CHECKS = [
    {"name": "floor", "passed": True},
    {"name": "leakage", "passed": None},
    {"name": "latency", "passed": False},
]


def test_a_verdict_names_its_champion_and_the_checks_that_failed():
    record = {"champion": {"version": "1"}, "ruling": {"checks": CHECKS, "reasons": ["too slow"]}}

    line = views.summary(decision("verdict", record))

    assert (line.against, line.failed, line.actor) == ("1", ["latency"], None)
    assert line.reasons == ["too slow"]


def test_the_end_of_a_trial_names_its_guardrail_and_its_steward():
    line = views.summary(decision("rollout_ended", {"actor": "steward", "checks": CHECKS}))

    assert (line.actor, line.failed) == ("steward", ["latency"])


@pytest.mark.parametrize(
    ("champion", "against"), [("3", "3"), (None, None), ({"version": "3"}, "3"), ({}, None)]
)
def test_a_champion_is_named_however_it_was_recorded(champion, against):
    line = views.summary(decision("foreign_edit", {"actor": "unknown", "champion": champion}))

    assert (line.against, line.failed) == (against, [])
