"""`contender approve`: a named person makes champion what the gate let through, or refuses it."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import screen, stack
from cli.ledger import open_log
from cli.running import operator


@screen.plain_errors
def approve(
    decision: Annotated[
        str | None, typer.Argument(help="Id of a decision that waits; none lists them.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, for the decision record.")] = "",
    refuse: Annotated[bool, typer.Option("--refuse", help="Refuse it instead.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Approve a version that waits, or list what waits.

    Example: `contender approve d000042-1f9c03 --reason "the new codes are right"`
    """
    from pipelines.decisions import approval
    from pipelines.registry.aliases import project_if_possible
    from pipelines.registry.client import RegistryClient

    settings = stack.current_settings()
    with open_log(settings) as log, RegistryClient(settings.mlflow_url) as client:
        if decision is None:
            columns = ("decision_id", "model", "version", "created_at")
            rows = [{name: getattr(e, name) for name in columns} for e in approval.waiting(log)]
            if as_json:
                screen.print_json(rows)
            else:
                screen.print_table("Waiting for approval", columns, rows)
            return
        settled = approval.settle(
            log, decision, approved=not refuse, actor=operator(), reason=reason
        )
        project_if_possible(log, client, settled.model)
    names = ("model", "version", "verdict", "generation", "decision_id")
    screen.print_result({name: getattr(settled, name) for name in names}, as_json=as_json)
