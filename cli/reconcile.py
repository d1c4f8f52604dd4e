"""`contender reconcile`: set right what somebody changed in the registry by hand."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cli import screen, stack
from cli.ledger import opened_store
from pipelines import catalog
from pipelines.decisions.log import DecisionLog
from pipelines.observability import logs
from pipelines.registry.client import RegistryClient

if TYPE_CHECKING:
    from pipelines.arena.reconciler import Finding, Reconciler
    from pipelines.decisions.log import Decision
    from pipelines.gate.verdict import Trigger
    from pipelines.settings import Settings
    from pipelines.store import Store

WATCH_SECONDS = 5.0

logger = logging.getLogger(__name__)


@screen.plain_errors
def reconcile(
    watch: Annotated[
        bool, typer.Option("--watch", help="Keep looking until stopped; `contender up` does so.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find foreign edits: aliases moved by hand, deleted champions, versions nobody judged.

    Each is judged or put back, as the model's policy says, and recorded either way.

    Example: `contender reconcile --json`
    """
    settings = stack.current_settings()
    with (
        opened_store(settings) as store,
        RegistryClient(settings.mlflow_url, login=settings.mlflow_login) as client,
    ):
        reconciler = _reconciler(settings, store, client)
        if watch:
            logs.configure(settings.logging, "reconciler")
            _watch(reconciler)
        findings, failures = look_everywhere(reconciler, catalog.names())
    if as_json:
        screen.print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            typer.echo(_line(finding))
        if not findings and not failures:
            typer.echo("nothing to set right")
    if failures:
        raise screen.CommandFailed("; ".join(dict.fromkeys(failures.values())))


def look_everywhere(
    reconciler: Reconciler, models: Iterable[str]
) -> tuple[list[Finding], dict[str, str]]:
    """Look at every model; return what was found, and why a model could not be looked at.

    One model's trouble, such as a test set that cannot be read, leaves the others looked after.
    """
    findings: list[Finding] = []
    failures: dict[str, str] = {}
    for model in models:
        try:
            findings += reconciler.look_at(model)
        except screen.expected_errors() as error:
            failures[model] = str(error)
    return findings, failures


def _reconciler(settings: Settings, store: Store, client: RegistryClient) -> Reconciler:
    from pipelines.arena.reconciler import Reconciler
    from pipelines.label_requests.steward import Steward

    log = DecisionLog(store, settings.var / "predictions")

    def judge(model: str, version: str, trigger: Trigger) -> Decision:
        # Loaded only now: to watch takes no learning library, to judge may take several.
        from pipelines.arena.gate import Gate

        with Gate(settings, store, log) as gate:
            return gate.judge(model, version, trigger=trigger)

    policies = {
        name: settings.models[name].policy.foreign_edits if name in settings.models else "judge"
        for name in catalog.names()
    }
    labels = Steward(log, client, settings.var / "test_sets")
    return Reconciler(log, client, judge, policies, labels=labels.look_at)


def _watch(reconciler: Reconciler) -> None:
    """Look until the process is stopped; what goes wrong is said once and tried again."""
    said: dict[str, str] = {}
    while True:
        findings, failures = look_everywhere(reconciler, catalog.names())
        for finding in findings:
            told = {"model": finding.model, "decision_id": finding.decision_id}
            logger.info("%s: %s", finding.model, finding.message, extra=told)
        for model, reason in failures.items():
            if said.get(model) != reason:
                told = {"model": model}
                logger.warning("%s: trying again: %s", model, reason, extra=told)
        said = failures
        time.sleep(WATCH_SECONDS)


def _line(finding: Finding) -> str:
    decision = f" ({finding.decision_id})" if finding.decision_id else ""
    return f"{_now()} {finding.model}: {finding.message}{decision}"


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
