"""What the operator sees: tables on a terminal, JSON for programs, errors as one line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import ParamSpec

import orjson
import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

P = ParamSpec("P")

PIPE_WIDTH = 140

ERRORS = (
    ("cli.drills.catalogue", ("UnknownDrill",)),
    ("cli.drills.ground", ("NeverHappened",)),
    ("cli.drills.page", ("NoPlace",)),
    ("cli.drills.trainer", ("TrainerFailed",)),
    ("cli.stack", ("StackError",)),
    ("features.schema", ("SchemaError",)),
    ("features.sources", ("SourceError",)),
    ("flows.promote", ("NoChallenger",)),
    ("flows.train", ("ColumnsRefused",)),
    ("pipelines.access.keys", ("KeyRefused", "UnknownKey")),
    ("pipelines.access.roles", ("UnknownRole",)),
    ("pipelines.arena.arena", ("JudgedTooOften",)),
    ("pipelines.arena.revenue", ("RevenueUnknown",)),
    ("pipelines.versions.artifact", ("ArtifactRefused",)),
    ("pipelines.catalog", ("UnknownFamily",)),
    ("pipelines.catalogue_diff.document", ("DiffDamaged", "NoDiff")),
    ("pipelines.contract", ("FitRefused",)),
    ("pipelines.decisions.approval", ("ApprovalRefused",)),
    ("pipelines.decisions.log", ("Conflict", "UnknownDecision")),
    ("pipelines.gate.business", ("NoBusinessFigure",)),
    ("pipelines.decisions.prediction_files", ("PredictionsDamaged",)),
    ("pipelines.leases", ("Busy",)),
    (
        "pipelines.orchestration",
        ("OrchestrationRefused", "OrchestrationUnavailable", "UnknownDeployment"),
    ),
    ("pipelines.registry.aliases", ("NoWayBack",)),
    ("pipelines.registry.client", ("NoSuchVersion", "RegistryRefused", "RegistryUnavailable")),
    ("pipelines.monitoring.monitor", ("NothingToAssess",)),
    ("pipelines.rollouts.plan", ("PlanRefused",)),
    ("pipelines.rollouts.records", ("RolloutRefused", "UnknownRollout")),
    ("pipelines.schema_version", ("StoreIsNewer",)),
    ("pipelines.settings", ("SettingsError",)),
    ("pipelines.test_sets.frozen", ("NotEnoughRows", "TestSetDamaged")),
    ("pipelines.training", ("NothingToTrainOn",)),
    ("pipelines.gate.override", ("OverrideRefused",)),
    ("prefect.exceptions", ("ParameterTypeError",)),
)
"""Module and names: errors whose message is meant for whoever typed the command."""


class CommandFailed(RuntimeError):
    """A command could not do what it was asked; the message is for the operator."""


def console() -> Console:
    """Return a console on standard output; a pipe is as wide as its lines need."""
    wide = None if sys.stdout.isatty() else PIPE_WIDTH
    return Console(highlight=False, width=wide)


def progress_console() -> Console:
    """Return a console on standard error, so that progress never mixes with results."""
    return Console(file=sys.stderr, highlight=False)


def print_json(value: object) -> None:
    """Write a value as JSON."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    sys.stdout.write(orjson.dumps(value, option=options, default=str).decode() + "\n")


def print_table(title: str, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Write rows as a table with the given columns."""
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold", no_wrap=column.endswith("id"))
    for row in rows:
        # A cell may hold what somebody typed or a file says: its brackets are no markup.
        table.add_row(*(escape(_cell(row.get(column))) for column in columns))
    console().print(table)


def print_result(result: Mapping[str, object], *, as_json: bool) -> None:
    """Write what a command achieved, one line each."""
    if as_json:
        print_json(result)
        return
    for name, value in result.items():
        if isinstance(value, list | tuple):
            for item in value:
                console().print(f"  - {item}", soft_wrap=True, markup=False)
        else:
            console().print(
                f"{name.replace('_', ' ')}: {_cell(value)}", soft_wrap=True, markup=False
            )


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def plain_errors(command: Callable[P, None]) -> Callable[P, None]:
    """Turn the errors that a command may meet into one line on standard error and exit code 1."""

    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except expected_errors() as error:
            message = " ".join(str(error).split())
            typer.echo(f"error: {message or type(error).__name__}", err=True)
            raise typer.Exit(1) from error

    return guarded


def expected_errors() -> tuple[type[Exception], ...]:
    """Return the errors that say what is wrong in their own words.

    Those of a training or a judgement are known only to a command that has loaded them.
    """
    loaded = (
        getattr(sys.modules.get(module), name, None) for module, names in ERRORS for name in names
    )
    return (CommandFailed, *(error for error in loaded if isinstance(error, type)))
