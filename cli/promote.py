"""`contender promote`: let the gate judge a registered version, or say so where it cannot."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import screen, stack
from cli.ledger import opened_store
from cli.running import operator, run_flow


@screen.plain_errors
def promote(
    model: Annotated[str, typer.Argument(help="Name of the model, or `all`.")],
    version: Annotated[
        str, typer.Option(help="Registered version; default: the one with the alias challenger.")
    ] = "",
    reason: Annotated[str, typer.Option(help="Why, for the decision record.")] = "",
    override: Annotated[
        bool,
        typer.Option(
            "--override",
            help="Make it champion without figures, by your name and for your reason: only where "
            "its verdict is incomparable or champion_unloadable.",
        ),
    ] = False,
    detach: Annotated[
        bool, typer.Option("--detach", help="Hand it to the stack's worker and return.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Judge a version against the champion, and promote it if it deserves it.

    Any version that was registered under the model's name may be judged, also one logged by plain
    MLflow code from another library.

    Example: `contender promote product_codes --version 7 --reason "trained on the big machine"`
    """
    if override:
        _override(model, version, reason, as_json=as_json)
        return
    settings = stack.running_settings()
    questions: dict[str, object] = {"requested_by": operator(), "reason": reason}
    if version:
        questions["version"] = version
    run_flow(settings, "promote", model, questions, detach=detach, as_json=as_json)


def _override(model: str, version: str, reason: str, *, as_json: bool) -> None:
    if not version or not reason.strip():
        raise screen.CommandFailed("an override needs --version and --reason")
    from pipelines import catalog
    from pipelines.arena.gate import Gate
    from pipelines.decisions.log import DecisionLog

    settings = stack.current_settings()
    catalog.family(model)
    with opened_store(settings) as store:
        log = DecisionLog(store, settings.var / "predictions")
        with Gate(settings, store, log) as gate:
            decision = gate.override(model, version, actor=operator(), reason=reason)
    result = {
        "model": model,
        "version": decision.version,
        "generation": decision.generation,
        "decision_id": decision.decision_id,
        "overrides": decision.record["overrides"],
    }
    screen.print_result(result, as_json=as_json)
