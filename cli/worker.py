"""`contender worker`: answers requests of models that are listed in `workers.models`."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from cli import extras, screen


@screen.plain_errors
def worker(
    models: Annotated[
        list[str] | None, typer.Argument(help="Some of workers.models; all of them.")
    ] = None,
) -> None:
    """Answer the requests of models, which the API hands over through Redis, until told to stop.

    Beside the API or on another machine, with the same store and the same CONTENDER_REDIS_URL.

    Example: `contender worker fashion_recommendations`
    """
    extras.require(["model_workers"])
    # This process becomes the worker, so that signals reach it and its end is ours.
    command = [sys.executable, "-m", "serving.model_worker", *(models or [])]
    os.execve(sys.executable, command, {**os.environ, "PYTHONSAFEPATH": "1"})
