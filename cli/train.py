"""`contender train`: a challenger from any source, judged by the gate unless told otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from cli import screen, stack
from cli.running import ALL, operator, run_flow
from pipelines import catalog
from pipelines.settings import Settings


@screen.plain_errors
def train(  # noqa: PLR0913, PLR0917 - each option is an argument
    model: Annotated[str, typer.Argument(help="Name of the model, or `all`.")],
    source: Annotated[
        str, typer.Option(help="CSV, Parquet, postgresql:// or http(s); default: contender.toml.")
    ] = "",
    columns: Annotated[
        str, typer.Option(help="What the source calls our columns: ours=theirs,ours=theirs.")
    ] = "",
    query: Annotated[str, typer.Option(help="SQL to read from a postgresql:// source.")] = "",
    param: Annotated[
        list[str] | None, typer.Option(help="A hyperparameter as NAME=VALUE; repeat for more.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same model.")] = 7,
    promote: Annotated[
        bool, typer.Option(help="Let the gate judge the challenger at once.")
    ] = True,
    reason: Annotated[str, typer.Option(help="Why, for the decision record.")] = "",
    detach: Annotated[
        bool, typer.Option("--detach", help="Hand it to the stack's worker and return.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Train a challenger on the configured source or on a file of yours.

    Example: `contender train product_codes --source items.csv
    --columns description=descripcion,code=clave`
    """
    settings = stack.running_settings()
    flow = "train-and-promote" if promote else "train"
    questions: dict[str, object] = {"requested_by": operator(), "reason": reason}
    if model != ALL:
        questions |= _parameters(settings, model, param or [])
        given = {"source": located(source), "columns": columns, "query": query, "seed": seed}
        questions |= {name: value for name, value in given.items() if value != ""}
    elif source or columns or query or param:
        raise screen.CommandFailed("`all` trains on the configured sources and parameters only")
    run_flow(settings, flow, model, questions, detach=detach, as_json=as_json)


def _parameters(settings: Settings, model: str, texts: list[str]) -> dict[str, object]:
    """Return the hyperparameters: the configured ones, overridden by those given."""
    given: dict[str, object] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise screen.CommandFailed(f"--param: {text!r} is not NAME=VALUE")
        given[name.strip()] = value.strip()
    configured = settings.models[model].params if model in settings.models else {}
    form = catalog.family(model).Params
    try:
        parsed = form.model_validate({**configured, **given})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise screen.CommandFailed(
            f"parameter {where}: {first['msg']}; there are: {', '.join(form.model_fields)}"
        ) from error
    return parsed.model_dump(mode="json", include={*configured, *given})


def located(url: str) -> str:
    """Return an address that means the same to a worker that runs in another folder."""
    return url if not url or "://" in url else str(Path(url).expanduser().absolute())
