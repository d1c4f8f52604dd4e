"""The daily look at every champion: drift, accuracy, alarms; an alarm may ask for a retraining."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from prefect import flow
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.events import emit_event
from prefect.logging import get_run_logger

from flows.report import artifact_key, number
from pipelines.decisions.log import DecisionLog
from pipelines.monitoring.assessment import Assessment
from pipelines.monitoring.monitor import NothingToAssess, monitor
from pipelines.settings import Settings, load_settings
from pipelines.store import open_store

NAME = "monitor"
ALARM = "contender.alarm"
RESOURCE = "contender.model"


@flow(name=NAME, description="Assess every champion by what it was asked and how it answered.")
def assess_champions() -> dict[str, str]:
    """Assess once; return each model's verdict."""
    settings = load_settings()
    store = open_store(settings.store_url)
    verdicts: dict[str, str] = {}
    try:
        log = DecisionLog(store, settings.var / "predictions")
        for model in settings.models:
            try:
                found = monitor(settings, store, log, model)
            except NothingToAssess as nothing:
                get_run_logger().info("%s", nothing)
                continue
            verdicts[model] = found.verdict
            report(found)
            if found.alarms:
                _ask(settings, log, found)
    finally:
        store.close()
    return verdicts


def report(found: Assessment) -> None:
    """Write an assessment's artifacts on the page of the flow run that is going on."""
    create_markdown_artifact(
        "\n".join(_lines(found)),
        key=artifact_key("assessment", found.model),
        description="Is the champion still what it was promoted as?",
    )
    rows = [
        {
            "check": check.name,
            "value": number(check.value),
            "limit": number(check.limit),
            "outcome": {True: "fine", False: "ALARM", None: "shown only"}[check.passed],
            "in words": check.note,
        }
        for check in found.checks
    ]
    create_table_artifact(
        rows, key=artifact_key("assessed", found.model), description="Every check of it"
    )


def due(settings: Settings, log: DecisionLog, model: str, now: datetime) -> str | None:
    """Return why an alarm asks for no retraining now; None when it does."""
    limits = settings.models[model].monitoring
    if not limits.retrain:
        return "the settings say that an alarm retrains nothing"
    earliest = now - timedelta(hours=limits.cool_down_hours)
    trained = [
        entry.created_at
        for entry in log.list(model)
        if entry.kind == "admitted" and datetime.fromisoformat(entry.created_at) > earliest
    ]
    if trained:
        return f"a version was trained at {trained[0]}, within {limits.cool_down_hours:g} hours"
    return None


def _ask(settings: Settings, log: DecisionLog, found: Assessment) -> None:
    why_not = due(settings, log, found.model, datetime.now(UTC))
    if why_not is not None:
        get_run_logger().info("%s: no retraining, %s", found.model, why_not)
        return
    emit_event(
        event=ALARM,
        resource={
            "prefect.resource.id": f"{RESOURCE}.{found.model}",
            "prefect.resource.name": found.model,
        },
        payload={"reason": "; ".join(found.reasons)[:500], "alarms": list(found.alarms)},
    )


def _lines(found: Assessment) -> Iterator[str]:
    yield f"## {found.model} version {found.version}: {found.verdict.replace('_', ' ')}"
    yield ""
    yield f"{found.since[:16]} to {found.until[:16]} UTC, {found.answers} different questions, "
    yield f"{found.labelled} of them with a known truth."
    yield ""
    yield from (f"- {reason}" for reason in found.reasons)
    for name, share in (("measured", found.live), ("estimated", found.estimated)):
        if share is not None:
            yield f"- accuracy, {name}: {share.value:.3f} ({share.lower:.3f} to {share.upper:.3f})"
