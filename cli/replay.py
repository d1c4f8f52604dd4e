"""`contender replay`: recompute a recorded decision from its stored files."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import screen
from cli.ledger import open_log
from pipelines.decisions.log import DecisionLog
from pipelines.settings import load_settings


@screen.plain_errors
def replay(
    decision: Annotated[str | None, typer.Argument(help="Id of a decision.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Replay every recorded decision.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Recompute every number of a decision, without loading a model; exit 1 on any difference.

    Example: `contender replay --all`
    """
    if (decision is None) == (not every):
        raise screen.CommandFailed("give the id of one decision, or --all")
    with open_log(load_settings()) as log:
        ids = [decision] if decision else [entry.decision_id for entry in log.list()]
        problems = log.verify_chain() if every else []
        found = {each: _replayed(log, each) for each in ids}
    if as_json:
        rows = [{"decision_id": each, "differences": texts} for each, texts in found.items()]
        screen.print_json({"decisions": rows, "chain": problems})
    else:
        for each, texts in found.items():
            typer.echo(f"{each}: {'; '.join(texts) or 'holds'}")
        for problem in problems:
            typer.echo(f"chain: {problem}")
    if problems or any(found.values()):
        raise typer.Exit(1)


def _replayed(log: DecisionLog, decision_id: str) -> list[str]:
    from pipelines.records.replay import replay as recompute

    return [str(difference) for difference in recompute(log, decision_id)]
