"""`contender monitor`: is each champion still what it was promoted as?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli import screen
from cli.ledger import opened_store
from pipelines.decisions.log import DecisionLog
from pipelines.settings import load_settings

if TYPE_CHECKING:
    from pipelines.monitoring.assessment import Assessment


@screen.plain_errors
def monitor(
    model: Annotated[str | None, typer.Argument(help="One model; all of them without it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Assess the champions by what they were asked and how they answered; exit 1 on an alarm.

    Example: `contender monitor product_codes`
    """
    from pipelines.monitoring.monitor import NothingToAssess
    from pipelines.monitoring.monitor import monitor as assess

    settings = load_settings()
    found: list[Assessment] = []
    failed: list[str] = []
    with opened_store(settings) as store:
        log = DecisionLog(store, settings.var / "predictions")
        for name in [model] if model else sorted(settings.models):
            try:
                found.append(assess(settings, store, log, name))
            except screen.expected_errors() as error:
                if model:
                    raise
                typer.echo(f"{error}", err=True)
                if not isinstance(error, NothingToAssess):
                    failed.append(name)
    if as_json:
        screen.print_json([each.as_json() for each in found])
    else:
        for each in found:
            _show(each)
    if failed:
        raise screen.CommandFailed(f"could not be assessed: {', '.join(failed)}")
    if any(each.alarms for each in found):
        raise typer.Exit(1)


def _show(found: Assessment) -> None:
    typer.echo(f"{found.model} version {found.version}: {found.verdict.replace('_', ' ')}")
    for reason in found.reasons:
        typer.echo(f"- {reason}")
    rows = [
        {**vars(check), "outcome": {True: "fine", False: "ALARM", None: "shown"}[check.passed]}
        for check in found.checks
    ]
    screen.print_table("Checks", ("name", "value", "limit", "outcome", "note"), rows)
