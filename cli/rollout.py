"""`contender rollout`: let a challenger meet real requests, see how it does, stop it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated

import orjson
import typer

from cli import screen, stack
from cli.ledger import open_log
from cli.running import operator
from pipelines.decisions.log import DecisionLog
from pipelines.rollouts.plan import Plan

SECONDS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
COLUMNS = ("rollout_id", "model", "mode", "champion", "challenger", "verdict", "started", "ends")
CHECKS = ("name", "value", "limit", "passed", "note")
ARMS = ("side", "version", "requests", "errors", "units", "p50_ms", "p95_ms", "p99_ms")

app = typer.Typer(
    no_args_is_help=True, help="Let a challenger meet real requests before it is champion."
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("start")
@screen.plain_errors
def start(
    model: Annotated[str, typer.Argument(help="Name of the model.")],
    version: Annotated[str, typer.Option(help="The challenger: an admitted version.")],
    mode: Annotated[str, typer.Option(help="shadow, canary, ab or interleaving.")],
    reason: Annotated[str, typer.Option(help="Why, for the decision record.")],
    lasting: Annotated[str, typer.Option("--for", help="How long: 30m, 24h, 7d.")] = "24h",
    share: Annotated[
        str, typer.Option(help="Part of the units that meet it; with steps: 0.01:10m,0.1:1h,0.5.")
    ] = "0.1",
    change: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Another part of the plan, repeatable: on_success=promote, alpha=0.01, "
            "metric=zero_one, guardrails.latency_ratio=2, guardrails.errors=false.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Start a rollout; the server takes it up within a second.

    Example: `contender rollout start product_codes --version 7 --mode canary --for 24h
    --share 0.01:10m,0.1 --reason "trained on the new catalogue"`
    """
    from pipelines.rollouts import records

    *ramp, (last, _) = shares(share)
    asked = {
        **_compared(model, mode),
        "model": model,
        "challenger": version,
        "mode": mode,
        "seconds": seconds(lasting),
        "actor": operator(),
        "reason": reason,
        "share": last,
        "ramp": [{"share": part, "seconds": length} for part, length in ramp],
    }
    plan = Plan.from_json(asked | changes(change or ()))
    with open_log(stack.current_settings()) as log:
        _show(log, records.start(log, plan).rollout_id, as_json=as_json)


@app.command("status")
@screen.plain_errors
def status(
    rollout: Annotated[str, typer.Argument(help="A rollout, or a model that has one.")],
    as_json: AsJson = False,
) -> None:
    """Show where a rollout stands: what was seen, what each check says.

    Example: `contender rollout status product_codes`
    """
    with open_log(stack.current_settings()) as log:
        _show(log, _named(log, rollout), as_json=as_json)


@app.command("stop")
@screen.plain_errors
def stop(
    rollout: Annotated[str, typer.Argument(help="A rollout, or a model that has one.")],
    reason: Annotated[str, typer.Option(help="Why, for the decision record.")],
    as_json: AsJson = False,
) -> None:
    """Stop a rollout: the champion answers alone again, within a second.

    Example: `contender rollout stop product_codes --reason "seen enough"`
    """
    from pipelines.rollouts import steward

    with open_log(stack.current_settings()) as log:
        rollout_id = _named(log, rollout)
        steward.stop(log, rollout_id, actor=operator(), reason=reason)
        _show(log, rollout_id, as_json=as_json)


@app.command("list")
@screen.plain_errors
def list_rollouts(
    model: Annotated[str | None, typer.Argument(help="Only this model's.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List rollouts, the newest first.

    Example: `contender rollout list product_codes`
    """
    from pipelines.rollouts import records, standing

    with open_log(stack.current_settings()) as log:
        rows = [standing.summary(entry) for entry in records.history(log, model, limit)]
    if as_json:
        screen.print_json(rows)
    else:
        screen.print_table("Rollouts", COLUMNS, [_line(row) for row in rows])


def seconds(text: str) -> float:
    """Return a length of time such as `90s`, `10m`, `24h` or `7d` in seconds."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text.strip())
    if found is None:
        raise screen.CommandFailed(f"{text!r} is no length of time; 30m, 24h and 7d are")
    return float(found[1]) * SECONDS[found[2]]


def shares(text: str) -> list[tuple[float, float]]:
    """Return shares and their seconds, written as `0.01:10m,0.1:1h,0.5`; the last has none."""
    *steps, last = text.split(",")
    try:
        ramp = [(float(part), seconds(length)) for part, _, length in map(_halves, steps)]
        return [*ramp, (float(last), 0.0)]
    except ValueError:
        raise screen.CommandFailed(f"{text!r} are no shares such as 0.01:10m,0.1") from None


def changes(settings: Sequence[str]) -> dict[str, object]:
    """Return parts of a plan written as `name=value`; `guardrails.name` is one of those."""
    plan: dict[str, object] = {}
    guardrails: dict[str, object] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise screen.CommandFailed(f"{setting!r} is no setting such as alpha=0.01")
        place, _, inside = name.strip().partition(".")
        if place == "guardrails":
            guardrails[inside] = _value(text)
        else:
            plan[name.strip()] = _value(text)
    return plan | ({"guardrails": guardrails} if guardrails else {})


def _halves(step: str) -> tuple[str, str, str]:
    return step.partition(":")


def _value(text: str) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _compared(model: str, mode: str) -> dict[str, object]:
    """Return how feedback on this model is compared, by its family."""
    from pipelines import catalog
    from pipelines.rollouts.losses import compared

    family = catalog.family(model)
    suits, target = compared(family.Response.model_json_schema(), family.target)
    if mode == "interleaving":
        suits, target = "choices", ""
    elif mode == "shadow":
        suits = None
    return {"metric": suits, "target": target, "entity": family.entity}


def _named(log: DecisionLog, name: str) -> str:
    """Return the id of a rollout that is named by itself or by the model that it is of."""
    from pipelines import catalog
    from pipelines.rollouts import records

    running = records.active(log, name)
    if running is not None:
        return running.rollout_id
    last = records.history(log, name, limit=1)
    if last:
        return last[0].rollout.rollout_id
    if name in catalog.names():
        raise records.UnknownRollout(f"{name} has had no rollout")
    return name


def _show(log: DecisionLog, rollout_id: str, *, as_json: bool) -> None:
    from pipelines.rollouts.standing import standing

    found = standing(log, rollout_id, time.time()).as_json()
    if as_json:
        screen.print_json(found)
        return
    screen.print_table("Rollout", COLUMNS, [_line(found)])
    screen.print_table("Seen", ARMS, _sides(found))
    checks = found["checks"]
    assert isinstance(checks, list)
    screen.print_table("Checks", CHECKS, checks)
    typer.echo(_conclusion(found))


def _conclusion(found: Mapping[str, object]) -> str:
    """Say what was found, and of an ended rollout how it ended, by whom, and where that stands."""
    if found["ended_at"] is None:
        return str(found["finding"])
    verdict = str(found["verdict"]).replace("_", " ")
    by = f"ended by {found['ended_by']}, {found['end_decision_id']}"
    return f"{verdict}: {found['finding']} ({by})"


def _sides(found: Mapping[str, object]) -> Iterator[dict[str, object]]:
    arms = found["arms"]
    assert isinstance(arms, Mapping)
    for side, counts in arms.items():
        yield {**counts, "side": side, "version": found[side]}


def _line(row: Mapping[str, object]) -> dict[str, object]:
    ends = row["ended_at"] or row["ends_at"]
    return {**row, "started": _moment(row["started_at"]), "ends": _moment(ends)}


def _moment(at: object) -> str:
    return datetime.fromtimestamp(float(str(at)), UTC).strftime("%Y-%m-%d %H:%M:%S")
