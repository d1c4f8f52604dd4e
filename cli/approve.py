"""`contender approve`: a named person makes champion what the gate let through, or refuses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli import screen, stack
from cli.ledger import open_log
from cli.running import operator

if TYPE_CHECKING:
    from pipelines.decisions.log import Decision

COLUMNS = ("decision_id", "model", "version", "created_at", "answers_changed", "answers_compared")


@screen.plain_errors
def approve(
    decision: Annotated[
        str | None, typer.Argument(help="Id of a decision that waits; none lists them.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, for the decision record.")] = "",
    refuse: Annotated[bool, typer.Option("--refuse", help="Refuse it instead.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Approve a version that waits, or list what waits. `contender decisions ID --diff` shows what
    it changes.

    Example: `contender approve d000042-1f9c03 --reason "the new codes are right"`
    """
    from pipelines.decisions import approval
    from pipelines.registry.aliases import project_if_possible
    from pipelines.registry.client import RegistryClient

    settings = stack.current_settings()
    with (
        open_log(settings) as log,
        RegistryClient(settings.mlflow_url, login=settings.mlflow_login) as client,
    ):
        if decision is None:
            rows = [_row(entry) for entry in approval.waiting(log)]
            if as_json:
                screen.print_json(rows)
            else:
                screen.print_table("Waiting for approval", COLUMNS, rows)
            return
        settled = approval.settle(
            log, decision, approved=not refuse, actor=operator(), reason=reason
        )
        project_if_possible(log, client, settled.model)
    names = ("model", "version", "verdict", "generation", "decision_id")
    screen.print_result({name: getattr(settled, name) for name in names}, as_json=as_json)


def _row(entry: Decision) -> dict[str, object]:
    """Return one line about a decision that waits, with how much of the catalogue it changes."""
    from pipelines.catalogue_diff.document import RECORD_KEY

    named = entry.record.get(RECORD_KEY)
    diff = named if isinstance(named, dict) else {}
    known = {name: getattr(entry, name) for name in COLUMNS[:4]}
    return known | {
        "answers_changed": diff.get("changed"),
        "answers_compared": diff.get("questions"),
    }
