"""`contender policy`: the policies in force, and what another one would have decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import screen
from cli.ledger import open_log
from pipelines.model_settings import PolicySettings
from pipelines.settings import SettingsError, load_settings, policy_change

if TYPE_CHECKING:
    from pipelines.records.backtest import Again

app = typer.Typer(no_args_is_help=True, help="Show the gate's policies, and try changed ones.")


@app.command()
@screen.plain_errors
def show(
    model: Annotated[str | None, typer.Argument(help="Only this model's.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the policies that the next decisions are made by.

    Example: `contender policy show product_codes`
    """
    models = load_settings().models
    if model is not None and model not in models:
        raise SettingsError(f"no model is called {model!r}; there are: {', '.join(sorted(models))}")
    shown = {name: models[name].policy for name in sorted(models) if model in (None, name)}
    if as_json:
        screen.print_json({name: policy.model_dump(mode="json") for name, policy in shown.items()})
        return
    usual = _flat(PolicySettings())
    for name, policy in shown.items():
        rows = [
            {"setting": key, "value": value, "default": usual[key]}
            for key, value in _flat(policy).items()
        ]
        screen.print_table(name, ("setting", "value", "default"), rows)


@app.command()
@screen.plain_errors
def backtest(
    file: Annotated[
        Path, typer.Argument(help="TOML with the settings to change; others stay as they were.")
    ],
    model: Annotated[str | None, typer.Option(help="Only this model's decisions.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Decide every recorded verdict again under a changed policy, and show which would flip.

    Loads no model. Example: `contender policy backtest stricter.toml --model product_codes`
    """
    from pipelines.records.backtest import backtest as decide_again

    change = policy_change(file)
    with open_log(load_settings()) as log:
        found = decide_again(log, change, model)
    if as_json:
        screen.print_json([{**asdict(again), "flips": again.flips} for again in found])
        return
    columns = ("decision_id", "model", "version", "recorded", "then", "why")
    screen.print_table("Backtest", columns, [_row(again) for again in found])
    typer.echo(_summary(found))


def _row(again: Again) -> dict[str, object]:
    then = again.verdict or "unreadable"
    mark = " *" if again.other_history else ""
    return {**asdict(again), "then": f"{then}{' (flips)' if again.flips else ''}{mark}"}


def _summary(found: Sequence[Again]) -> str:
    flips = sum(again.flips for again in found)
    later = sum(again.other_history for again in found)
    said = f"{flips} of {len(found)} verdicts would have made another champion."
    return f"{said} * {later} would have met another champion than they did." if later else said


def _flat(policy: PolicySettings) -> dict[str, object]:
    document = policy.model_dump(mode="json")
    slices = document.pop("slices")
    return document | {f"slices.{key}": value for key, value in slices.items()}
