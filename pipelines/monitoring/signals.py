"""Signals: what speaks for retraining a model now, and whether it is too early for that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, get_args

from pipelines import catalog
from pipelines.labels import Labels
from pipelines.monitoring.assessment import Assessment

if TYPE_CHECKING:
    from pipelines.decisions.log import Decision, DecisionLog
    from pipelines.model_settings import MonitoringSettings
    from pipelines.settings import Settings
    from pipelines.store import Store

SignalKind = Literal["drift", "live_metric", "label_volume", "new_data"]
KINDS: tuple[SignalKind, ...] = get_args(SignalKind)
LIVE = "accuracy: live"
REASON_CHARACTERS = 500


@dataclass(frozen=True)
class Signal:
    """One thing that speaks for a retraining."""

    kind: SignalKind
    reason: str


def signals(
    settings: Settings,
    store: Store,
    log: DecisionLog,
    model: str,
    found: Assessment | None,
) -> list[Signal]:
    """Return what speaks for retraining `model`, the strongest first; `found` is its assessment.

    Raises `SourceError` or `SchemaError` where new data are looked for and cannot be read.
    """
    limits = settings.models[model].monitoring
    trained = _last_training(log, model)
    told = _alarms(found) if found else []
    if trained is None:
        return told  # there is nothing to retrain; the first training is somebody's decision
    told += _labels(store, model, limits, trained)
    if limits.new_data:
        told += _data(settings, model, trained)
    return told


def too_early(
    log: DecisionLog, model: str, limits: MonitoringSettings, now: datetime
) -> str | None:
    """Return why no signal retrains the model now; None where one does."""
    if not limits.retrain:
        return "the settings say that a signal retrains nothing"
    newest = _newest(log, model)
    if newest is None:
        return None
    if datetime.fromisoformat(newest.created_at) > now - timedelta(hours=limits.cool_down_hours):
        hours = f"{limits.cool_down_hours:g} hours"
        said = f"version {newest.version} was trained or handed in at {newest.created_at}"
        return f"{said}, within {hours}"
    return None


def _newest(log: DecisionLog, model: str) -> Decision | None:
    """Return the admission of the version trained last, or of the champion where that is newer.

    A champion from elsewhere is as new as one of ours; a version that is none yet is no reason to
    wait.
    """
    head, trained = log.head(model), _last_training(log, model)
    admissions = [entry for entry in log.list(model) if head and _admits(entry, head.version)]
    found = [entry for entry in (trained, *admissions[-1:]) if entry is not None]
    return max(found, key=lambda entry: entry.seq, default=None)


def _admits(entry: Decision, version: str) -> bool:
    restored = entry.record.get("origin") == "restored"
    return entry.kind == "admitted" and entry.version == version and not restored


def _alarms(found: Assessment) -> list[Signal]:
    if not found.alarms:
        return []
    kind: SignalKind = "live_metric" if LIVE in found.alarms else "drift"
    return [Signal(kind, "; ".join(found.reasons)[:REASON_CHARACTERS])]


def _labels(
    store: Store, model: str, limits: MonitoringSettings, trained: Decision
) -> list[Signal]:
    if catalog.family(model).label_text is None:
        return []
    given = [
        label
        for label in Labels(store).training_rows(model)
        if label.created_at > trained.created_at
    ]
    if len(given) < limits.new_labels:
        return []
    return [Signal("label_volume", f"{len(given)} labels were given since {trained.created_at}")]


def _data(settings: Settings, model: str, trained: Decision) -> list[Signal]:
    fingerprints = trained.record.get("fingerprints")
    known = fingerprints.get("source") if isinstance(fingerprints, dict) else None
    raw = catalog.family(model).load(settings.source(model))
    if known in (None, raw.fingerprint):
        return []
    rows = f"{len(raw.frame):,} rows"
    return [Signal("new_data", f"the source has changed since {trained.created_at}: {rows} now")]


def _last_training(log: DecisionLog, model: str) -> Decision | None:
    """Return the newest admission of a version that our own code trained."""
    return next(
        (
            entry
            for entry in log.list(model)
            if entry.kind == "admitted" and entry.record.get("origin", "contender") == "contender"
        ),
        None,
    )
