"""`contender audit`: who changed what by the API, and who was turned away."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from cli import screen, stack
from cli.ledger import opened_store

COLUMNS = ("number", "at", "who", "role", "outcome", "status", "action", "address", "note")


@screen.plain_errors
def audit(
    who: Annotated[str | None, typer.Option(help="Only of this name.")] = None,
    outcome: Annotated[
        Literal["done", "denied", "refused", "failed"] | None, typer.Option(help="Only these.")
    ] = None,
    before: Annotated[int | None, typer.Option(help="Only below this number.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with request ids.")] = False,
) -> None:
    """List who changed what, from where, and what became of it, the newest first.

    Example: `contender audit --outcome denied`
    """
    from pipelines.access.audit import AuditLog

    with opened_store(stack.current_settings()) as store:
        found = AuditLog(store).list(who=who, outcome=outcome, before=before, limit=limit)
    rows = [vars(entry) for entry in found]
    if as_json:
        screen.print_json(rows)
    elif rows:
        screen.print_table("Audit log", COLUMNS, rows)
    else:
        typer.echo("nothing in the audit log")
