"""Assessments on simulated streams: quiet weeks stay quiet, planted drifts are found in time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import orjson
import pandas as pd
import pytest
from answer_stream import Stream
from sqlalchemy import insert

from pipelines import assessments
from pipelines.assessments import kept
from pipelines.decisions.log import DecisionLog, NewDecision
from pipelines.labels import Labels
from pipelines.model_settings import MonitoringSettings
from pipelines.monitoring.accuracy import Calibration, measured
from pipelines.monitoring.assessment import Windows, assess
from pipelines.monitoring.attribution import mix_loss
from pipelines.monitoring.monitor import NothingToAssess, monitor
from pipelines.monitoring.served import answers
from pipelines.settings import load_settings
from pipelines.store import feedback, predictions

pytestmark = pytest.mark.both_databases

LIMITS = MonitoringSettings()


@pytest.fixture
def stream():
    return Stream(7)


def week(now, before, tested, limits=LIMITS):
    return assess("codes", "1", "then", "now", Windows(now, before, tested, "code"), limits)


@pytest.mark.slow
def test_a_hundred_stable_weeks_raise_at_most_five_alarms(stream):
    before, tested = stream.answers(800, told=0.5), stream.tested(600)
    weeks = [week(stream.answers(250, told=0.4), before, tested) for _ in range(100)]
    assert sum(found.verdict != "healthy" for found in weeks) <= 5
    assert all(found.live is not None and found.estimated is not None for found in weeks)


def test_an_abrupt_change_is_found_in_its_first_week(stream):
    before, tested = stream.answers(800), stream.tested(600)
    for changes, alarm in [
        ({"new": 0.6}, "input: text"),
        ({"channel": 0.9}, "input: channel"),
        ({"hard": 0.8}, "accuracy: estimated"),
        ({"fooled": 0.3, "told": 0.5}, "accuracy: live"),
    ]:
        found = week(stream.answers(300, **changes), before, tested)
        assert alarm in found.alarms
        assert found.verdict == ("failing" if alarm.startswith("accuracy") else "drifting")


def test_a_slow_change_is_found_before_a_quarter_of_the_questions_are_new(stream):
    before, tested = stream.answers(800), stream.tested(600)
    shares = [0.03 * number for number in range(1, 13)]
    found = [week(stream.answers(300, new=share), before, tested).alarms for share in shares]
    first = next(number for number, alarms in enumerate(found, start=1) if "input: text" in alarms)
    assert first <= 8  # 24 %


@pytest.mark.parametrize("hard", [0.1, 0.3, 0.6, 0.9])
def test_accuracy_is_estimated_within_three_points_of_the_true_one(hard):
    """The mean error over 20 streams, so that chance in one of them does not decide."""
    errors = []
    for seed in range(20):
        stream = Stream(seed)
        found = week(stream.answers(1_000, hard=hard, told=1.0), [], stream.tested(1_000))
        errors.append(found.estimated.value - found.live.value)
    assert abs(np.mean(errors)) <= 0.03
    assert np.mean(np.abs(errors)) <= 0.03


def test_the_estimates_interval_covers_the_measured_share():
    inside = 0
    for seed in range(60):
        stream = Stream(100 + seed)
        calibration = stream.tested(500)
        found = week(stream.answers(400, told=1.0), [], calibration)
        inside += found.estimated.lower <= found.live.value <= found.estimated.upper
    assert inside >= 52


def test_alarms_are_ranked_by_what_they_cost(stream):
    tested = stream.tested(800)
    by_mail = [
        answer for answer in stream.answers(2_000, hard=1.0) if answer.instance["channel"] == "mail"
    ]
    by_desk = [
        answer for answer in stream.answers(900, hard=0.1) if answer.instance["channel"] == "desk"
    ]
    earlier, now = by_mail[:100] + by_desk[:400], by_mail[100:500] + by_desk[400:450]
    found = week(now, earlier, tested)
    assert found.alarms[0].startswith("accuracy")
    assert "input: channel" in found.alarms
    assert found.reasons[0].startswith("accuracy: estimated is")


def test_a_mix_that_moves_to_worse_values_costs_the_difference():
    worth = np.array([0.9] * 50 + [0.5] * 50), np.array([0.9] * 20 + [0.5] * 80)
    before, now = ["a"] * 50 + ["b"] * 50, ["a"] * 20 + ["b"] * 80
    assert mix_loss("category", before, now, worth) == pytest.approx(0.3 * 0.4)
    same = np.full(100, 0.7)
    assert mix_loss("category", before, now, (same, same)) == pytest.approx(0.0)


def test_few_answers_say_nothing_and_say_so(stream):
    found = week(stream.answers(40), stream.answers(800), stream.tested(600))
    assert found.verdict == "too_few_answers"
    assert "at least 200 are needed" in found.reasons[0]
    assert found.alarms == ()


def test_a_regressor_has_no_confidences_and_is_still_watched(stream):
    found = week(stream.answers(300, channel=0.95), stream.answers(800), stream.tested(0)[[]])
    assert found.estimated is None
    assert "input: channel" in found.alarms


def test_answers_of_other_versions_are_not_assessed(stream):
    found = week(stream.answers(300, version="9"), stream.answers(800), stream.tested(600))
    assert found.verdict == "too_few_answers"


def test_wilsons_interval_and_a_calibration_with_ties():
    share = measured([True] * 20)
    assert (share.value, share.upper) == (1.0, 1.0)
    assert share.lower == pytest.approx(0.8389, abs=1e-3)
    confidence = np.array([0.9, 0.9, 0.9, 0.9, 0.1, 0.1])
    worth = Calibration(confidence, np.array([1.0, 0, 1, 1, 0, 0])).worth(np.array([0.9, 0.1]))
    assert worth == pytest.approx([(3 + 0.5) / 5, 0.5 / 3])


def keep(store, model, found, at):
    rows = [
        {
            "prediction_id": answer.prediction_id,
            "request_id": "r",
            "model": model,
            "version": answer.version,
            "decision_id": "d",
            "generation": 1,
            "instance": orjson.dumps({"description": answer.instance["text"]}).decode(),
            "answer": orjson.dumps([answer.row]).decode(),
            "created_at": at.isoformat(),
        }
        for answer in found
    ]
    with store.write() as connection:
        connection.execute(insert(predictions), rows)


NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
def log(store, tmp_path):
    """A champion trained three weeks ago that got 4 of 5 test questions right."""
    clock = lambda: NOW - timedelta(days=21)  # noqa: E731 - one moment
    log = DecisionLog(store, tmp_path / "predictions", clock=clock)
    log.append(NewDecision("admitted", "product_codes", version="1", artifact_digest="a"))
    tested = Stream(1).tested(500).rename_axis("request")
    record = {"predictions": {"challenger": log.save_predictions(tested)}}
    log.append(
        NewDecision(
            "verdict",
            "product_codes",
            record,
            version="1",
            artifact_digest="a",
            becomes_champion=True,
        )
    )
    return log


def test_a_model_is_assessed_from_the_store_and_what_was_found_is_kept(
    store, log, tmp_path, monkeypatch
):
    settings = load_settings({"CONTENDER_HOME": str(tmp_path)})
    stream = Stream(3)
    keep(store, "product_codes", stream.answers(300), NOW - timedelta(days=30))
    keep(store, "product_codes", stream.answers(250, new=0.7), NOW - timedelta(days=2))
    found = monitor(settings, store, log, "product_codes", now=NOW)
    assert found.verdict == "drifting"
    assert found.alarms == ("input: description",)
    (again,) = kept(settings.var, "product_codes")
    assert again == orjson.loads(orjson.dumps(found.as_json()))
    monkeypatch.setattr(assessments, "KEPT", 2)
    for hours in (1, 2):
        monitor(settings, store, log, "product_codes", now=NOW + timedelta(hours=hours))
    newest = [found["until"] for found in kept(settings.var, "product_codes")]
    assert newest == [(NOW + timedelta(hours=hours)).isoformat() for hours in (2, 1)]


def test_the_first_answers_stand_in_for_what_was_asked_before_training(store, log, tmp_path):
    settings = load_settings({"CONTENDER_HOME": str(tmp_path)})
    stream = Stream(3)
    keep(store, "product_codes", stream.answers(300), NOW - timedelta(days=20))
    keep(store, "product_codes", stream.answers(250, new=0.7), NOW - timedelta(days=2))
    found = monitor(settings, store, log, "product_codes", now=NOW)
    assert "input: description" in found.alarms


def test_a_question_asked_often_counts_once_and_late_feedback_is_its_truth(store, log):
    answer = Stream(3).answers(1)[0]
    moment = NOW - timedelta(days=2)
    for number in range(3):
        again = type(answer)(**{**vars(answer), "prediction_id": f"again {number}"})
        keep(store, "product_codes", [again], moment + timedelta(hours=number))
    with store.write() as connection:
        for number, truth in enumerate(["first", "second"]):
            connection.execute(
                insert(feedback).values(
                    feedback_id=f"f{number}",
                    prediction_id="again 2",
                    model="product_codes",
                    actual=orjson.dumps(truth).decode(),
                    reviewer="ana",
                    created_at=(NOW + timedelta(days=number)).isoformat(),
                )
            )
    (found,) = answers(store, "product_codes", moment, NOW)
    assert found.actual == "second"


def test_labels_of_the_test_pool_are_truths_and_those_of_the_training_pool_are_not(
    store, log, tmp_path
):
    settings = load_settings({"CONTENDER_HOME": str(tmp_path)})
    found = Stream(3).answers(250)
    keep(store, "product_codes", found, NOW - timedelta(days=2))
    labels = Labels(store)
    for answer in found:
        text = answer.instance["text"]
        labels.add("product_codes", text, answer.row["code"], shown={}, reviewer="ana")
    of_the_test_pool = len(labels.test_rows("product_codes"))
    assert 0 < of_the_test_pool < 250
    assessed = monitor(settings, store, log, "product_codes", now=NOW)
    assert assessed.labelled == of_the_test_pool
    assert assessed.live.value == 1.0


def test_a_busy_window_is_read_evenly_to_its_end(store, log):
    found = Stream(3).answers(100)
    for number, answer in enumerate(found):
        keep(store, "product_codes", [answer], NOW - timedelta(minutes=100 - number))
    read = answers(store, "product_codes", NOW - timedelta(days=1), NOW, limit=12)
    places = [[answer.prediction_id for answer in found].index(each.prediction_id) for each in read]
    assert places == list(range(0, 100, 9))
    assert len(answers(store, "product_codes", NOW - timedelta(days=1), NOW, limit=100)) == 100


def test_answers_are_compared_with_the_champions_own_where_others_answered_before(
    store, log, tmp_path
):
    settings = load_settings({"CONTENDER_HOME": str(tmp_path)})
    stream = Stream(3)
    keep(store, "product_codes", stream.answers(300, version="0"), NOW - timedelta(days=30))
    keep(store, "product_codes", stream.answers(300), NOW - timedelta(days=15))
    one_sided = stream.answers(250)
    for answer in one_sided:
        answer.row["code"] = "c0"
    keep(store, "product_codes", one_sided, NOW - timedelta(days=2))
    found = monitor(settings, store, log, "product_codes", now=NOW)
    assert found.alarms == ("answers: code",)


def test_truth_or_falsehood_as_an_answer_and_odd_truths_and_columns_are_no_obstacle(stream):
    def odd(found):
        for number, answer in enumerate(found):
            answer.row["code"] = number % 2 == 0
            answer.instance["mixed"] = [True, 1, None, "x", [1]][number % 5]
            answer.instance["nothing"] = None
            yield replace(answer, actual=[3, {"a": 1}, True, 0.5][number % 4])

    found = week(list(odd(stream.answers(300))), list(odd(stream.answers(300))), stream.tested(600))
    assert found.verdict == "healthy"
    assert {"answers: code", "input: mixed"} <= {check.name for check in found.checks}
    assert "labels: code" not in {check.name for check in found.checks}


def test_a_small_test_set_is_not_taken_for_the_truth(stream):
    """Test sets of 60: their own chance must not become an alarm in every week that follows."""
    rng = np.random.default_rng(5)
    asked, alarms = stream.answers(2_000), 0
    for _ in range(100):
        tested = pd.DataFrame({"correct": (rng.random(60) < 0.8).astype(float)})
        right = rng.random(len(asked)) < 0.8
        told = [
            replace(answer, actual=answer.row["code"] if fine else "?")
            for answer, fine in zip(asked, right, strict=True)
        ]
        alarms += week(told, [], tested).verdict != "healthy"
    assert alarms <= 3


def test_a_floor_of_nothing_is_a_floor(stream):
    limits = MonitoringSettings(accuracy_floor=0.0)
    found = week(stream.answers(300, fooled=0.9, told=1.0), [], stream.tested(600), limits)
    assert found.verdict == "healthy"


def test_a_model_without_a_champion_has_nothing_to_assess(store, log, tmp_path):
    settings = load_settings({"CONTENDER_HOME": str(tmp_path)})
    with pytest.raises(NothingToAssess, match="product_categories has no champion"):
        monitor(settings, store, log, "product_categories", now=NOW)
