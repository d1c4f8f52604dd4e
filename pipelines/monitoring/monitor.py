"""Assesses one model from the store: finds the windows, keeps each assessment as a JSON file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pandas as pd

from pipelines import catalog
from pipelines.labels import Labels
from pipelines.model_settings import MonitoringSettings
from pipelines.monitoring.assessment import Assessment, Windows, assess
from pipelines.monitoring.served import Answer, answers, with_labels

if TYPE_CHECKING:
    from pipelines.decisions.log import Champion, Decision, DecisionLog
    from pipelines.settings import Settings
    from pipelines.store import Store

KEPT = 500


class NothingToAssess(LookupError):
    """The model has no champion whose answers could be assessed."""


def monitor(
    settings: Settings, store: Store, log: DecisionLog, model: str, *, now: datetime | None = None
) -> Assessment:
    """Assess the champion's latest window and keep what was found. Raises `NothingToAssess`."""
    family = catalog.family(model)
    head = log.head(model)
    if head is None:
        raise NothingToAssess(f"{model} has no champion, so there is nothing to assess")
    configured = settings.models.get(model)
    limits = configured.monitoring if configured else MonitoringSettings()
    until = now or datetime.now(UTC)
    since = until - timedelta(days=limits.window_days)
    current, before = _windows(store, model, since, until, _trained_at(log, head), limits)
    if family.label_text is not None:
        labels = Labels(store)
        current = with_labels(current, labels, model, family.label_text)
        before = with_labels(before, labels, model, family.label_text)
    windows = Windows(current, before, _tested(log, head), family.target)
    found = assess(model, head.version, since.isoformat(), until.isoformat(), windows, limits)
    _keep(folder_of(settings, model), found)
    return found


def folder_of(settings: Settings, model: str) -> Path:
    """Return where a model's assessments are kept."""
    return settings.var / "assessments" / model


def kept(settings: Settings, model: str, limit: int | None = None) -> list[dict[str, object]]:
    """Return the kept assessments, the newest first."""
    files = sorted(folder_of(settings, model).glob("*.json"), reverse=True)
    return [orjson.loads(file.read_bytes()) for file in files[:limit]]


def _windows(
    store: Store,
    model: str,
    since: datetime,
    until: datetime,
    trained_at: datetime,
    limits: MonitoringSettings,
) -> tuple[list[Answer], list[Answer]]:
    """Return the answers to assess, and those to compare with.

    Those are from before the champion was trained: what has changed since is what it does not
    know. Where they are too few its first answers take their place; they are not assessed.
    """
    reach = timedelta(days=limits.reference_days)
    current = answers(store, model, max(since, trained_at), until)
    before = answers(store, model, trained_at - reach, trained_at)
    if len(before) >= limits.minimum_answers:
        return current, before
    first = answers(store, model, trained_at, min(trained_at + reach, since))
    return current, first


def _trained_at(log: DecisionLog, head: Champion) -> datetime:
    return datetime.fromisoformat(_admission(log, head).created_at)


def _admission(log: DecisionLog, head: Champion) -> Decision:
    """Return the first admission of the champion's version: the end of its training."""
    found = [
        entry
        for entry in log.list(head.model)
        if entry.kind == "admitted" and entry.version == head.version
    ]
    return found[-1] if found else log.get(head.decision_id)


def _tested(log: DecisionLog, head: Champion) -> pd.DataFrame:
    """Return what the champion did on the test set when it was last judged, if ever it was."""
    for entry in log.list(head.model):
        if entry.kind == "verdict" and entry.version == head.version:
            files = entry.record["predictions"]
            assert isinstance(files, dict)
            if files["challenger"] is not None:
                return log.load_predictions(str(files["challenger"]))
    return pd.DataFrame()


def _keep(folder: Path, found: Assessment) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = found.until.replace(":", "").replace("+0000", "Z")
    partial = folder / f".{name}.partial"
    partial.write_bytes(orjson.dumps(found.as_json(), option=orjson.OPT_INDENT_2))
    partial.replace(folder / f"{name}.json")
    for old in sorted(folder.glob("*.json"), reverse=True)[KEPT:]:
        old.unlink(missing_ok=True)
