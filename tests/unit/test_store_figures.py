"""What Prometheus is told of a store and a home, whoever is asked, on either database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count, islice

import pytest
from prometheus_client.parser import text_string_to_metric_families

from features.splits import pool_of
from features.text import group_key
from pipelines import assessments
from pipelines.decisions.log import DecisionLog, NewDecision
from pipelines.jobs.queue import JobQueue
from pipelines.jobs.record import Asked
from pipelines.label_requests.queue import LabelRequest, publish
from pipelines.labels import Labels
from pipelines.orders.confirmed_orders import ConfirmedOrders, OrderedLine
from serving.observability.store_figures import StoreFigures

pytestmark = pytest.mark.both_databases
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
# Labels of these are kept for measuring: only those answer a campaign.
TESTED = (
    text for text in map("clavo {}".format, count()) if pool_of(group_key(text), "codes") == "test"
)
QUESTIONS = list(islice(TESTED, 3))
MODELS = {"codes": {"source": {"url": "rows.csv"}}}


@pytest.fixture
def told(make_settings, store):
    """Return what is told right now: the value of each sample, by its name and labels."""

    def look() -> dict[str, float]:
        figures = StoreFigures(make_settings(models=MODELS), store, clock=lambda: NOW)
        return {
            f"{sample.name}{sorted(sample.labels.items())}": sample.value
            for family in text_string_to_metric_families(figures.render().decode())
            for sample in family.samples
        }

    return look


def sample(name: str, **labels: str) -> str:
    return f"{name}{sorted(labels.items())}"


def decide(log: DecisionLog, verdict: str, **changes: object) -> None:
    log.append(NewDecision("verdict", "codes", version="1", verdict=verdict, **changes))


def test_an_empty_store_is_up_and_has_nothing_to_tell(told):
    assert told() == {
        sample("contender_store_up"): 1.0,
        sample("contender_prediction_spool_bytes"): 0.0,
        sample("contender_prediction_spool_damaged_files"): 0.0,
    }


def test_decisions_and_champions_are_counted_by_kind_and_verdict(told, store, tmp_path):
    log = DecisionLog(store, tmp_path / "predictions")
    crowned = {"artifact_digest": "d", "becomes_champion": True}
    decide(log, "promoted", **crowned)
    decide(log, "promoted", **crowned)
    decide(log, "rejected")
    log.append(NewDecision("rollback", "codes", version="1", **crowned))

    found = told()

    decisions = "contender_decisions_total"
    assert found[sample(decisions, model="codes", kind="verdict", verdict="promoted")] == 2
    assert found[sample(decisions, model="codes", kind="verdict", verdict="rejected")] == 1
    assert found[sample(decisions, model="codes", kind="rollback", verdict="")] == 1
    changes = "contender_champion_changes_total"
    assert found[sample(changes, model="codes", kind="verdict")] == 2
    assert found[sample(changes, model="codes", kind="rollback")] == 1
    assert found[sample("contender_decided_generation", model="codes")] == 3


def test_questions_are_told_by_whether_somebody_answered_them(told, store, tmp_path):
    campaign = DecisionLog(store, tmp_path).append(NewDecision("labels_requested", "codes"))
    asked = [
        LabelRequest(campaign.decision_id, place, "codes", text, "agree", 1.0, {})
        for place, text in enumerate(QUESTIONS)
    ]
    publish(store, campaign.decision_id, asked)
    Labels(store).add("codes", QUESTIONS[1], "A", shown={}, reviewer="ana")

    found = told()

    assert found[sample("contender_label_requests", model="codes", state="open")] == 2
    assert found[sample("contender_label_requests", model="codes", state="answered")] == 1


def test_orders_are_told_by_their_delivery_and_the_oldest_by_its_age(told, store):
    line = OrderedLine("l1", "martillo", 2.0, "A", None, None, None)
    early = ConfirmedOrders(store, clock=lambda: NOW - timedelta(hours=2))
    early.confirm("m1", [line], reviewer="ana", deliver=True)
    late = ConfirmedOrders(store, clock=lambda: NOW)
    late.confirm("m2", [line], reviewer="ana", deliver=True)
    late.confirm("m3", [line], reviewer="ana", deliver=False)

    found = told()

    assert found[sample("contender_orders", delivery="waiting")] == 2
    assert found[sample("contender_orders", delivery="none")] == 1
    assert found[sample("contender_oldest_undelivered_order_seconds")] == 7200


def test_jobs_are_told_along_with_the_rest(told, store):
    JobQueue(store).submit("j1", Asked("codes", "csv", "csv"))

    assert told()[sample("contender_jobs", model="codes", state="queued")] == 1


def test_the_newest_assessment_is_told_check_by_check(told, make_settings):
    var = make_settings().var
    checks = [
        {"name": "drift of text", "value": 0.4, "limit": 0.2, "passed": False},
        {"name": "accuracy", "value": 0.9, "limit": 0.8, "passed": True},
        {"name": "answers", "value": 120, "limit": None, "passed": None},
        {"name": "words", "value": "many", "limit": None, "passed": None},
    ]
    for hours, verdict in ((30, "healthy"), (6, "drifting")):
        until = (NOW - timedelta(hours=hours)).isoformat()
        assessments.keep(
            var, "codes", until, {"until": until, "verdict": verdict, "checks": checks}
        )

    found = told()

    assert found[sample("contender_assessment", model="codes", verdict="drifting")] == 1
    assert found[sample("contender_assessment", model="codes", verdict="healthy")] == 0
    assert found[sample("contender_assessment_age_seconds", model="codes")] == 6 * 3600
    value, alarm = "contender_assessment_check", "contender_assessment_alarm"
    assert found[sample(value, model="codes", check="drift of text")] == 0.4
    assert found[sample(alarm, model="codes", check="drift of text")] == 1
    assert found[sample(alarm, model="codes", check="accuracy")] == 0
    assert found[sample(value, model="codes", check="answers")] == 120
    assert sample(alarm, model="codes", check="answers") not in found
    assert sample(value, model="codes", check="words") not in found


@pytest.mark.parametrize(
    "found", ["{", "[]", "7", "{}", '{"until": 7}', '{"until": "2026-11-22T06:00:00"}']
)
def test_an_assessment_that_cannot_be_read_keeps_nothing_from_being_told(
    told, make_settings, found
):
    folder = make_settings().var / "assessments" / "codes"
    folder.mkdir(parents=True)
    (folder / "2026.json").write_text(found)

    assert told()[sample("contender_store_up")] == 1


def test_the_spool_of_dead_workers_counts_and_so_does_what_was_set_aside(told, make_settings):
    spool = make_settings().var / "spool"
    spool.mkdir(parents=True)
    (spool / "1-dead.jsonl").write_bytes(b"x" * 100)
    (spool / "2-alive.jsonl").write_bytes(b"x" * 11)
    (spool / "3-broken.damaged").write_bytes(b"?")

    found = told()

    assert found[sample("contender_prediction_spool_bytes")] == 111
    assert found[sample("contender_prediction_spool_damaged_files")] == 1


def test_a_store_that_cannot_be_read_is_down_and_the_rest_is_told(told, store):
    with store.write() as connection:
        connection.exec_driver_sql("drop table jobs")

    found = told()

    assert found[sample("contender_store_up")] == 0
    assert sample("contender_prediction_spool_bytes") in found
