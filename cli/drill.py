"""`contender drill`: break a throw-away stack on purpose, and see whether promises hold."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from cli import screen

if TYPE_CHECKING:
    from cli.drills.runner import Result


@screen.plain_errors
def drill(
    names: Annotated[
        list[str] | None, typer.Argument(help="Which drills; default: all. `--list` names them.")
    ] = None,
    long: Annotated[
        bool,
        typer.Option("--long", help="Let each fault last as long as it may: MLflow 10 minutes."),
    ] = False,
    write: Annotated[
        bool, typer.Option("--write", help="Write the table of docs/reliability.md anew.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the throw-away home with its logs.")
    ] = False,
    listing: Annotated[
        bool, typer.Option("--list", help="Name the drills and what each promises, and run none.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Cause failures in a stack of its own, and hold what happens against what is promised.

    It starts its own stack on free ports in a temporary folder, and touches no other. The exit
    code is 1 when a promise is broken or anything is lost. What needs a program that is not here
    is not run, and says so.

    Example: `contender drill api-killed database-locked`
    """
    from cli.drills import catalogue

    wanted = catalogue.chosen(names or [])
    if write and (names or listing):
        raise screen.CommandFailed("--write is for a run of every drill")
    if listing:
        told = [{"drill": d.name, "fault": d.fault, "promise": d.promise} for d in wanted]
        _print_rows("Drills", ("drill", "fault", "promise"), told, as_json=as_json)
        return
    from cli.drills import page, runner
    from cli.drills.ground import Ground

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stop as cleanly as on Ctrl-C
    results = runner.run(
        wanted, partial(Ground, long=long, say=_say), keep=keep, say=_say, told=_tell
    )
    if write:
        page.write(page.PAGE, page.table(results, datetime.now(UTC), long=long))
    columns = ("drill", "fault", "outcome", "happened", "recovery", "lost")
    rows = [result.as_json() for result in results] if as_json else [_row(r) for r in results]
    _print_rows("Failure drills", columns, rows, as_json=as_json)
    if any(result.outcome.verdict == "broken" for result in results):
        raise typer.Exit(1)


def _print_rows(
    title: str, columns: tuple[str, ...], rows: Sequence[Mapping[str, object]], *, as_json: bool
) -> None:
    if as_json:
        screen.print_json(rows)
    else:
        screen.print_table(title, columns, rows)


def _row(result: Result) -> dict[str, object]:
    from cli.drills import page

    outcome = result.outcome
    return {
        "drill": result.drill.name,
        "fault": result.drill.fault,
        "outcome": page.told(outcome).replace("**", ""),
        "happened": outcome.happened,
        "recovery": f"{page.seconds(outcome)} s",
        "lost": outcome.lost,
    }


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _tell(result: Result) -> None:
    outcome = result.outcome
    marks = "\n".join(
        f"    {'kept  ' if check.kept else 'BROKEN'}  {check.promise}"
        + (f" ({check.said})" if check.said else "")
        for check in outcome.checks
    )
    recovered = outcome.recovery_seconds
    after = "" if recovered is None else f"; recovered after {recovered:.1f} s"
    typer.echo(f"  {outcome.happened}{after}; lost: {outcome.lost}\n{marks}", err=True)
