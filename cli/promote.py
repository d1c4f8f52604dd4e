"""`contender promote`: let the gate judge a registered version."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import screen, stack
from cli.running import operator, run_flow


@screen.plain_errors
def promote(
    model: Annotated[str, typer.Argument(help="Name of the model, or `all`.")],
    version: Annotated[
        str, typer.Option(help="Registered version; default: the one with the alias challenger.")
    ] = "",
    reason: Annotated[str, typer.Option(help="Why, for the decision record.")] = "",
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
    settings = stack.running_settings()
    questions: dict[str, object] = {"requested_by": operator(), "reason": reason}
    if version:
        questions["version"] = version
    run_flow(settings, "promote", model, questions, detach=detach, as_json=as_json)
