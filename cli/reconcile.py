"""`contender reconcile`: set right what somebody changed in the registry by hand."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cli import screen, stack
from cli.ledger import opened_store
from pipelines import catalog
from pipelines.decisions.log import DecisionLog
from pipelines.registry.client import RegistryClient

if TYPE_CHECKING:
    from pipelines.arena.reconciler import Finding, Reconciler
    from pipelines.decisions.log import Decision
    from pipelines.gate.verdict import Trigger
    from pipelines.settings import Settings
    from pipelines.store import Store

WATCH_SECONDS = 5.0


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
    with opened_store(settings) as store, RegistryClient(settings.mlflow_url) as client:
        reconciler = _reconciler(settings, store, client)
        if watch:
            _watch(reconciler)
        findings = reconciler.look()
    if as_json:
        screen.print_json([asdict(finding) for finding in findings])
        return
    for finding in findings:
        typer.echo(_line(finding))
    if not findings:
        typer.echo("nothing to set right")


def _reconciler(settings: Settings, store: Store, client: RegistryClient) -> Reconciler:
    from pipelines.arena.reconciler import Reconciler

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
    return Reconciler(log, client, judge, policies)


def _watch(reconciler: Reconciler) -> None:
    """Look until the process is stopped; what goes wrong is said once and tried again."""
    said = ""
    while True:
        try:
            for finding in reconciler.look():
                typer.echo(_line(finding))
            said = ""
        except screen.expected_errors() as error:
            if str(error) != said:
                said = str(error)
                typer.echo(f"{_now()} trying again: {error}", err=True)
        sys.stdout.flush()
        time.sleep(WATCH_SECONDS)


def _line(finding: Finding) -> str:
    decision = f" ({finding.decision_id})" if finding.decision_id else ""
    return f"{_now()} {finding.model}: {finding.message}{decision}"


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
