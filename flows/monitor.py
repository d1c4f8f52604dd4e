"""The daily look at every champion: drift, accuracy, alarms; an alarm may ask for a retraining."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial

from prefect import flow
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.events import emit_event
from prefect.logging import get_run_logger

from flows.report import artifact_key, number
from flows.told import told
from pipelines.decisions.log import DecisionLog
from pipelines.monitoring.assessment import Assessment
from pipelines.monitoring.monitor import NothingToAssess, monitor
from pipelines.monitoring.signals import SignalKind, signals, too_early
from pipelines.observability.context import bound
from pipelines.observability.spans import span
from pipelines.settings import Settings, load_settings
from pipelines.store import Store, open_store

NAME = "monitor"
RESOURCE = "contender.model"


class NotAllAssessed(RuntimeError):
    """Some models could not be assessed; the others were."""


@flow(name=NAME, description="Assess every champion by what it was asked and how it answered.")
def assess_champions() -> dict[str, str]:
    """Assess once; return each model's verdict."""
    settings = load_settings()
    with told(settings):
        store = open_store(settings.store_url)
        try:
            log = DecisionLog(store, settings.var / "predictions")
            look = partial(_look, settings, store, log)
            return each_by_itself(settings.models, look, get_run_logger().error)
        finally:
            store.close()


def each_by_itself(
    models: Iterable[str], look: Callable[[str], str | None], complain: Callable[[str], None]
) -> dict[str, str]:
    """Return what `look` says of each model; what goes wrong with one keeps no other from its turn.

    Raises `NotAllAssessed` when all have been looked at.
    """
    verdicts: dict[str, str] = {}
    failed: list[str] = []
    for model in models:
        try:
            verdict = look(model)
        except Exception as error:  # noqa: BLE001 - the flow's border: its source, its files, its rows
            complain(f"{model} cannot be assessed: {type(error).__name__}: {error}")
            failed.append(model)
            continue
        if verdict is not None:
            verdicts[model] = verdict
    if failed:
        raise NotAllAssessed(f"not assessed to the end: {', '.join(failed)}; the log says why")
    return verdicts


def _look(settings: Settings, store: Store, log: DecisionLog, model: str) -> str | None:
    """Assess one model, report, and ask for a retraining where something speaks for it."""
    with bound(model=model), span("assess", model=model):
        return _assessed(settings, store, log, model)


def _assessed(settings: Settings, store: Store, log: DecisionLog, model: str) -> str | None:
    found = None
    try:
        found = monitor(settings, store, log, model)
        report(found)
    except NothingToAssess as nothing:
        get_run_logger().info("%s", nothing)
    _ask(settings, store, log, model, found)
    return found.verdict if found else None


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


def _ask(
    settings: Settings, store: Store, log: DecisionLog, model: str, found: Assessment | None
) -> None:
    """Emit an event for the strongest signal; its automation starts the retraining."""
    told = signals(settings, store, log, model, found)
    if not told:
        return
    limits = settings.models[model].monitoring
    why_not = too_early(log, model, limits, datetime.now(UTC))
    if why_not is not None:
        get_run_logger().info("%s: no retraining, %s", model, why_not)
        return
    signal = told[0]
    get_run_logger().info("%s: a retraining is asked for, %s", model, signal.reason)
    emit_event(
        event=event_of(signal.kind),
        resource={
            "prefect.resource.id": f"{RESOURCE}.{model}",
            "prefect.resource.name": model,
        },
        payload={"kind": signal.kind, "reason": signal.reason},
    )


def event_of(kind: SignalKind) -> str:
    """Return the name of the event that says so."""
    return f"contender.{kind.replace('_', '-')}"


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
