"""`contender decisions`: the decision log as a table, as JSON, or one decision in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

import typer

from cli import screen
from cli.ledger import open_log
from pipelines.catalogue_diff import document, telling
from pipelines.decisions.log import Decision
from pipelines.settings import load_settings

COLUMNS = ("decision_id", "at", "model", "what", "version", "generation")
COUNTS = ("before", "after", "questions", "sales")
MOVED = ("question", "sales", "asked", "before", "after", "movement")
SHOWN = 25
"""Rows of a catalogue diff on a screen; `--json` has them all."""
CHECKS = ("name", "value", "limit", "passed", "note")


@screen.plain_errors
def decisions(
    decision: Annotated[
        str | None, typer.Argument(help="One decision to show in full; none lists them.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Only this model's.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many, newest first.")] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Check the chain of hashes.")] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Of one decision: what it changes in the catalogue.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the recorded decisions, newest first.

    Example: `contender decisions --model product_codes --json`
    """
    if diff and decision is None:
        raise screen.CommandFailed("--diff needs the decision whose catalogue diff is wanted")
    with open_log(load_settings()) as log:
        if verify and (problems := log.verify_chain()):
            raise screen.CommandFailed(f"the decision log was changed: {'; '.join(problems)}")
        if decision is not None and diff:
            kept = document.of_record(log.predictions_directory, decision, log.get(decision).record)
            _show_diff(kept, as_json=as_json)
            return
        if decision is not None:
            _show_one(log.get(decision), log.effects(decision), as_json=as_json)
            return
        rows = [_row(entry) for entry in log.list(model, limit)]
    if as_json:
        screen.print_json(rows)
    else:
        screen.print_table("Decisions", COLUMNS, [_brief(row) for row in rows])


def _show_one(entry: Decision, effects: Sequence[Decision], *, as_json: bool) -> None:
    if as_json:
        screen.print_json({**_row(entry), "followed": [effect.record for effect in effects]})
        return
    screen.print_table("Decision", COLUMNS, [_brief(_row(entry))])
    ruling = entry.record.get("ruling")
    if isinstance(ruling, Mapping):
        for reason in _items(ruling.get("reasons")):
            typer.echo(f"- {reason}")
        screen.print_table("Checks", CHECKS, _checks(ruling))
    if "finding" in entry.record:
        typer.echo(f"- {entry.record['finding']}")
        screen.print_table("Checks", CHECKS, _checks(entry.record))
    for line in _followed(effects):
        typer.echo(line)


def _show_diff(diff: Mapping[str, object], *, as_json: bool) -> None:
    if as_json:
        screen.print_json(diff)
        return
    typer.echo(telling.headline(diff))
    typer.echo(str(diff["note"]))
    screen.print_table("Most frequent changes", COUNTS, telling.count_rows(diff, SHOWN))
    screen.print_table("What moves most", MOVED, telling.moved_rows(diff, SHOWN))


def _checks(judged: Mapping[str, object]) -> list[Mapping[str, object]]:
    return [check for check in _items(judged.get("checks")) if isinstance(check, Mapping)]


def _followed(effects: Sequence[Decision]) -> Iterator[str]:
    """Yield in words what followed from a decision."""
    for effect in effects:
        alias, words = effect.record.get("alias"), effect.record.get("confirmations")
        if isinstance(alias, Mapping):
            moved = f"alias {alias['name']}: {alias['before'] or 'none'} -> {alias['after']}"
            yield f"{effect.created_at} {moved}"
        if isinstance(words, Mapping):
            yield from (f"{at} worker {name} answers with it" for name, at in words.items())


def _items(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


def _brief(row: Mapping[str, object]) -> dict[str, object]:
    """Return a decision as one line that fits on a screen."""
    at = str(row["created_at"])[:19].replace("T", " ")
    return {**row, "at": at, "what": row["verdict"] or row["kind"]}


def _row(entry: Decision) -> dict[str, object]:
    return {
        "decision_id": entry.decision_id,
        "created_at": entry.created_at,
        "model": entry.model,
        "kind": entry.kind,
        "version": entry.version,
        "verdict": entry.verdict,
        "generation": entry.generation,
        "test_set_id": entry.test_set_id,
        "look": entry.look,
        "artifact_digest": entry.artifact_digest,
        "hash": entry.hash,
        "prev_hash": entry.prev_hash,
        "record": entry.record,
    }
