"""The command `contender`: one module a group of subcommands, imported with nothing heavy."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from cli import (
    approve,
    audit,
    decisions,
    demo_data,
    drill,
    explain,
    jobs,
    keys,
    labels,
    monitor,
    policy,
    predict,
    promote,
    reconcile,
    replay,
    rollback,
    rollout,
    service,
    train,
    up,
    worker,
)
from pipelines.settings import HOME_VARIABLE

app = typer.Typer(
    name="contender",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Train challengers, let the gate judge them, and serve the champion.",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def home(
    folder: Annotated[
        Path | None,
        typer.Option("--home", help="Where var/ and mlruns/ live; also CONTENDER_HOME."),
    ] = None,
) -> None:
    """Train challengers, let the gate judge them, and serve the champion."""
    if folder is not None:
        os.environ[HOME_VARIABLE] = str(folder.expanduser().resolve())


app.command("up")(up.up)
app.command("down")(up.down)
app.command("status")(up.status)
app.command("service")(service.service)
app.command("worker")(worker.worker)
app.command("bootstrap")(service.bootstrap)
app.command("train")(train.train)
app.command("promote")(promote.promote)
app.command("approve")(approve.approve)
app.command("rollback")(rollback.rollback)
app.command("decisions")(decisions.decisions)
app.command("replay")(replay.replay)
app.command("predict")(predict.predict)
app.add_typer(jobs.app, name="jobs")
app.command("explain")(explain.explain)
app.command("demo-data")(demo_data.demo_data)
app.command("reconcile")(reconcile.reconcile)
app.command("monitor")(monitor.monitor)
app.command("drill")(drill.drill)
app.add_typer(policy.app, name="policy")
app.add_typer(rollout.app, name="rollout")
app.add_typer(labels.app, name="labels")
app.add_typer(keys.app, name="keys")
app.command("audit")(audit.audit)


if __name__ == "__main__":
    app()
