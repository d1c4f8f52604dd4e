"""`contender rollback`: back to the champion before, by a recorded decision."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import screen, stack
from cli.ledger import open_log
from cli.running import operator


@screen.plain_errors
def rollback(
    model: Annotated[str, typer.Argument(help="Name of the model.")],
    reason: Annotated[str, typer.Option(help="Why, for the decision record.")],
    to: Annotated[
        str | None, typer.Option(help="An earlier champion's version; default: the one before.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make the previous champion champion again.

    Works while MLflow is down: the decision counts at once, its alias follows.

    Example: `contender rollback product_codes --reason "wrong codes for paint"`
    """
    from pipelines import catalog
    from pipelines.registry import aliases as registry
    from pipelines.registry.client import RegistryClient

    settings = stack.current_settings()
    catalog.family(model)
    with (
        open_log(settings) as log,
        RegistryClient(settings.mlflow_url, login=settings.mlflow_login) as client,
    ):
        decision = registry.rollback(log, client, model, actor=operator(), reason=reason, to=to)
    result = {
        "model": model,
        "version": decision.version,
        "generation": decision.generation,
        "decision_id": decision.decision_id,
    }
    screen.print_result(result, as_json=as_json)
