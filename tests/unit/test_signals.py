"""What speaks for a retraining, and what says that it is too early."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from features.readers.table import SourceError
from flows.monitor import NotAllAssessed, each_by_itself
from pipelines import catalog
from pipelines.decisions.log import DecisionLog, NewDecision
from pipelines.labels import Labels
from pipelines.model_settings import MonitoringSettings
from pipelines.monitoring.assessment import Assessment
from pipelines.monitoring.signals import signals, too_early
from pipelines.settings import load_settings

pytestmark = pytest.mark.both_databases

NOW = datetime(2026, 11, 21, tzinfo=UTC)
MODEL = "product_codes"


@pytest.fixture
def settings(tmp_path):
    rows = "\n".join(f"martillo numero {number},{number % 3:06d}" for number in range(60))
    (tmp_path / "codes.csv").write_text(f"description,code\n{rows}\n")
    (tmp_path / "contender.toml").write_text(
        f"""
        [models.{MODEL}]
        monitoring = {{ new_labels = 5, new_data = true }}
        [models.{MODEL}.source]
        url = "codes.csv"
        """
    )
    return load_settings({"CONTENDER_HOME": str(tmp_path)})


@pytest.fixture
def log(store, settings, tmp_path):
    """A version trained two days ago on the source as it is."""
    log = DecisionLog(store, tmp_path / "predictions", clock=lambda: NOW - timedelta(days=2))
    raw = catalog.family(MODEL).load(settings.source(MODEL))
    record = {"origin": "contender", "fingerprints": {"source": raw.fingerprint}}
    log.append(NewDecision("admitted", MODEL, record, version="1", artifact_digest="a"))
    return log


def told(settings, store, log, found=None):
    return [signal.kind for signal in signals(settings, store, log, MODEL, found)]


def assessed(*alarms):
    return Assessment(MODEL, "1", "then", "now", "drifting", ("it fell",), (), alarms)


def test_nothing_speaks_for_a_retraining_while_nothing_happens(settings, store, log):
    assert told(settings, store, log) == []
    assert told(settings, store, log, assessed()) == []


def test_alarms_speak_for_one_and_a_lost_live_metric_by_its_name(settings, store, log):
    assert told(settings, store, log, assessed("input: text")) == ["drift"]
    assert told(settings, store, log, assessed("input: text", "accuracy: live")) == ["live_metric"]


def test_enough_new_labels_of_the_training_pool_do(settings, store, log):
    early = Labels(store, clock=lambda: NOW - timedelta(days=3))
    late = Labels(store, clock=lambda: NOW - timedelta(days=1))
    for number in range(40):
        early.add(MODEL, f"old {'x' * number} nail", "000001", shown={}, reviewer="ana")
    assert told(settings, store, log) == []
    for number in range(40):
        late.add(MODEL, f"new {'y' * number} screw", "000001", shown={}, reviewer="ana")
    assert told(settings, store, log) == ["label_volume"]


def test_a_source_that_has_changed_does_where_it_is_asked_for(settings, store, log, tmp_path):
    with (tmp_path / "codes.csv").open("a") as rows:
        rows.write("taladro nuevo,000002\n")
    assert told(settings, store, log) == ["new_data"]
    (tmp_path / "contender.toml").write_text(
        f'[models.{MODEL}]\nsource = {{ url = "codes.csv" }}\n'
    )
    quiet = load_settings({"CONTENDER_HOME": str(tmp_path)})
    assert told(quiet, store, log) == []


def test_without_a_training_only_alarms_speak(settings, store, tmp_path):
    empty = DecisionLog(store, tmp_path / "predictions")
    assert told(settings, store, empty) == []
    assert too_early(empty, MODEL, MonitoringSettings(), NOW) is None


def test_for_a_day_after_a_training_it_is_too_early(log):
    limits = MonitoringSettings()
    soon = NOW - timedelta(days=2) + timedelta(hours=23)
    assert "within 24 hours" in too_early(log, MODEL, limits, soon)
    assert too_early(log, MODEL, limits, soon + timedelta(hours=2)) is None
    never = MonitoringSettings(retrain=False)
    assert "retrains nothing" in too_early(log, MODEL, never, NOW)


def test_a_version_from_elsewhere_is_no_training(log):
    foreign = {"origin": "foreign"}
    late = DecisionLog(log.store, log.predictions_directory, clock=lambda: NOW)
    late.append(NewDecision("admitted", MODEL, foreign, version="2", artifact_digest="b"))
    assert too_early(late, MODEL, MonitoringSettings(), NOW) is None


def test_a_champion_from_elsewhere_is_left_its_day_too(log):
    late = DecisionLog(log.store, log.predictions_directory, clock=lambda: NOW)
    late.append(
        NewDecision("admitted", MODEL, {"origin": "foreign"}, version="2", artifact_digest="b")
    )
    late.append(
        NewDecision("verdict", MODEL, version="2", artifact_digest="b", becomes_champion=True)
    )
    assert "version 2 was" in too_early(late, MODEL, MonitoringSettings(), NOW)
    assert too_early(late, MODEL, MonitoringSettings(), NOW + timedelta(days=2)) is None


def test_a_model_that_cannot_be_assessed_keeps_no_other_from_its_turn():
    seen, said = [], []

    def look(model):
        seen.append(model)
        if model == "b":
            raise SourceError("the file is gone")
        return None if model == "d" else "healthy"

    with pytest.raises(NotAllAssessed, match="to the end: b;"):
        each_by_itself("abcd", look, said.append)
    assert seen == ["a", "b", "c", "d"]
    assert said == ["b cannot be assessed: SourceError: the file is gone"]
    assert each_by_itself("acd", look, said.append) == {"a": "healthy", "c": "healthy"}
