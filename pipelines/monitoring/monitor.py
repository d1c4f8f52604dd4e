"""Assesses one model from the store: finds the windows, keeps each assessment as a JSON file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pandas as pd

from pipelines import assessments, catalog
from pipelines.decisions.training_end import trained_at
from pipelines.labels import Labels
from pipelines.model_settings import FORECAST_DAYS, MonitoringSettings, monitoring_of
from pipelines.monitoring import forecasts
from pipelines.monitoring.assessment import Assessment, Windows, assess
from pipelines.monitoring.live import live_figures
from pipelines.monitoring.served import Answer, answers, with_labels
from pipelines.orders import stored_sales

if TYPE_CHECKING:
    from pipelines.decisions.log import Champion, DecisionLog
    from pipelines.settings import Settings
    from pipelines.store import Store


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
    limits = monitoring_of(settings.models, model)
    until = now or datetime.now(UTC)
    since = until - timedelta(days=limits.window_days)
    current, before, first = _windows(store, model, since, until, trained_at(log, head), limits)
    if family.label_text is not None:
        labels = Labels(store)
        current = with_labels(current, labels, model, family.label_text)
        before = with_labels(before, labels, model, family.label_text)
    passed_days = _passed(settings, store, model, since, until)
    windows = Windows(
        current,
        before,
        _tested(log, head),
        family.target,
        first,
        figures=(*live_figures(current, family.target), *forecasts.figures(passed_days)),
        more=tuple(
            forecasts.findings([e for e in passed_days if e.version == head.version], limits)
        ),
    )
    found = assess(model, head.version, since.isoformat(), until.isoformat(), windows, limits)
    assessments.keep(settings.var, model, found.until, found.as_json())
    return found


def _windows(
    store: Store,
    model: str,
    since: datetime,
    until: datetime,
    trained: datetime,
    limits: MonitoringSettings,
) -> tuple[list[Answer], list[Answer], list[Answer]]:
    """Return the answers to assess, those to compare with, and the champion's own first ones.

    Those are from before the champion was trained: what has changed since is what it does not
    know. Where they are too few its first answers take their place; they are not assessed.
    """
    reach = timedelta(days=limits.reference_days)
    current = answers(store, model, max(since, trained), until)
    before = answers(store, model, trained - reach, trained)
    first = answers(store, model, trained, min(trained + reach, since))
    if len(before) >= limits.minimum_answers:
        return current, before, first
    return current, first, []


def _passed(
    settings: Settings, store: Store, model: str, since: datetime, until: datetime
) -> list[forecasts.Passed]:
    """Return what became of forecasts of the window's days; none where no sales are stored."""
    if model != stored_sales.MODEL:
        return []
    folder = stored_sales.sales_folder(settings.var)
    pointer = stored_sales.pointer_in(folder)
    sales = stored_sales.stored_history(folder, pointer) if pointer else None
    if sales is None:
        return []
    made = answers(store, model, since - timedelta(days=FORECAST_DAYS), until)
    return forecasts.passed(made, sales, since.date(), until.date())


def _tested(log: DecisionLog, head: Champion) -> pd.DataFrame:
    """Return what the champion did on the test set when it was last judged, if ever it was."""
    for entry in log.list(head.model):
        if entry.kind == "verdict" and entry.version == head.version:
            files = entry.record["predictions"]
            assert isinstance(files, dict)
            if files["challenger"] is not None:
                return log.load_predictions(str(files["challenger"]))
    return pd.DataFrame()
