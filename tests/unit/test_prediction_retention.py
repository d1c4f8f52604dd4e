"""Predictions are kept as long as is set, and those that drift is measured against for longer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asgi_client import AppClient
from serving_stage import MODEL, Stage
from sqlalchemy import insert, select
from sqlalchemy.exc import OperationalError
from waiting import wait_for

from pipelines import prediction_retention
from pipelines.decisions.log import DecisionLog, NewDecision
from pipelines.model_settings import MonitoringSettings
from pipelines.prediction_log import PredictionLog, count
from pipelines.prediction_retention import Retention
from pipelines.rollouts.plan import LONGEST_SECONDS
from pipelines.section_settings import ServingSettings
from pipelines.settings import Settings
from pipelines.store import Store, feedback, predictions

pytestmark = pytest.mark.both_databases

NOW = datetime(2026, 6, 1, tzinfo=UTC)
LIMITS = MonitoringSettings(window_days=7, reference_days=28)


def days_ago(days: float) -> str:
    return (NOW - timedelta(days=days)).isoformat()


def keep(store: Store, model: str, days: Iterable[float]) -> None:
    """Log a prediction of each day, so many days ago, with feedback of the day after."""
    row = {"request_id": "r", "model": model, "version": "1", "decision_id": "d", "generation": 1}
    said = {"model": model, "actual": '"a"', "reviewer": "ana"}
    with store.write() as connection:
        for day in days:
            name, at = f"{model}-{day}", days_ago(day)
            asked = {"prediction_id": name, "instance": "{}", "answer": "[{}]", "created_at": at}
            connection.execute(insert(predictions).values(row | asked))
            told = {"feedback_id": name, "prediction_id": name, "created_at": days_ago(day - 1)}
            connection.execute(insert(feedback).values(said | told))


def kept(store: Store) -> set[str]:
    with store.read() as connection:
        found = set(connection.execute(select(predictions.c.prediction_id)).scalars())
        assert set(connection.execute(select(feedback.c.prediction_id)).scalars()) == found
    return found


def train(store: Store, folder: Path, version: str, days: float) -> None:
    """Have a version admitted and made champion so many days ago."""
    log = DecisionLog(store, folder, clock=lambda: NOW - timedelta(days=days))
    for kind, champion in (("admitted", False), ("verdict", True)):
        made = NewDecision(
            kind, "ours", version=version, artifact_digest="0" * 64, becomes_champion=champion
        )
        log.append(made)


def retention_of(store: Store, folder: Path, days: float = 100) -> Retention:
    log = DecisionLog(store, folder)
    return Retention(log, timedelta(days=days), lambda _model: LIMITS, clock=lambda: NOW)


def test_what_is_older_goes_with_its_feedback_also_of_models_that_nobody_serves(store, tmp_path):
    for model in ("a model of old", "ours"):
        keep(store, model, [1, 99, 101, 400])

    assert retention_of(store, tmp_path).forget() is False

    left = {"a model of old-1", "a model of old-99", "ours-1", "ours-99"}
    assert kept(store) == left


def test_what_the_champion_is_compared_with_stays_however_old_it_is(store, tmp_path):
    train(store, tmp_path, "1", days=900)
    train(store, tmp_path, "2", days=300)
    keep(store, "ours", [901, 329, 327, 301, 299, 273, 271, 150, 99])

    retention_of(store, tmp_path).forget()

    assert kept(store) == {f"ours-{day}" for day in (327, 301, 299, 273, 99)}


def test_a_window_that_is_longer_is_kept_whole_and_the_forecasts_of_its_days(store, tmp_path):
    keep(store, "ours", [150, 250, 270])
    limits = MonitoringSettings(window_days=200)
    log, days = DecisionLog(store, tmp_path), timedelta(days=100)

    Retention(log, days, lambda _model: limits, clock=lambda: NOW).forget()

    assert kept(store) == {"ours-150", "ours-250"}


def test_only_a_few_are_deleted_at_a_time_the_oldest_first(store, tmp_path, monkeypatch):
    monkeypatch.setattr(prediction_retention, "ROWS_AT_ONCE", 2)
    keep(store, "ours", [500, 501, 502, 1])
    forgets = retention_of(store, tmp_path)

    assert forgets.forget() is True
    assert kept(store) == {"ours-500", "ours-1"}
    assert forgets.forget() is False
    assert kept(store) == {"ours-1"}


def test_a_log_goes_on_deleting_while_there_is_more_and_after_the_store_was_away(
    store, tmp_path, monkeypatch
):
    monkeypatch.setattr("pipelines.prediction_log.DRAIN_SECONDS", 0.005)
    monkeypatch.setattr("pipelines.prediction_log.RESCUE_SECONDS", 0.02)
    keep(store, "ours", [500, 501, 502, 1])
    monkeypatch.setattr(prediction_retention, "ROWS_AT_ONCE", 1)
    forgets, times = retention_of(store, tmp_path), 0

    def forget() -> bool:
        nonlocal times
        times += 1
        if times == 2:
            raise OperationalError("DELETE", {}, OSError("away"))
        return forgets.forget()

    log = PredictionLog(store, tmp_path / "spool", forget=forget)
    log.start()
    wait_for(lambda: count(store) == 1)
    log.close()
    assert kept(store) == {"ours-1"}


def test_the_api_deletes_nothing_unless_it_is_set_how_long_predictions_are_kept(
    make_settings: Callable[..., Settings], store: Store
):
    keep(store, MODEL, [2_000])
    for serving, left in (({}, 1), ({"predictions_days": 100}, 0)):
        stage = Stage(make_settings(models={MODEL: {"source": {"url": "a"}}}, serving=serving))
        with AppClient(stage.app()):
            wait_for(lambda left=left: count(store) == left)
        stage.close()
        assert count(store) == left


def test_a_rollout_is_over_before_its_predictions_are_deleted():
    with pytest.raises(ValueError, match="predictions_days"):
        ServingSettings(predictions_days=LONGEST_SECONDS / 86_400)
    assert ServingSettings().predictions_days is None
