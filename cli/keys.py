"""`contender keys`: who may ask the API, and what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from cli import screen, stack
from cli.ledger import opened_store
from cli.running import operator

if TYPE_CHECKING:
    from pipelines.access.keys import Key, Keys, NewKey

app = typer.Typer(no_args_is_help=True, help="Keys for the API, and the roles they have.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
KeyId = Annotated[str, typer.Argument(help="Id of the key, as `contender keys list` shows it.")]
Days = Annotated[float | None, typer.Option(help="Days that it is good for; default: no end.")]
COLUMNS = ("key_id", "owner", "role", "state", "created_at", "expires_at", "succeeds")
MOST_DAYS = 36_500


@app.command("create")
@screen.plain_errors
def create(
    owner: Annotated[str, typer.Argument(help="Whose it is: this name stands in the records.")],
    role: Annotated[str, typer.Option(help="viewer, reviewer or operator.")] = "viewer",
    days: Days = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and show it, this once: the store keeps its digest alone.

    Example: `contender keys create ana --role reviewer --days 90`
    """
    with _keys("create") as (keys, note):
        made = keys.create(owner, role, by=operator(), lasts=_lasting(days))
        note(made.key)
    _show_new(made, as_json=as_json)


@app.command("list")
@screen.plain_errors
def show(as_json: AsJson = False) -> None:
    """List the keys that there are and were, the newest first.

    Example: `contender keys list`
    """
    with _keys("list") as (keys, _):
        rows = [_row(key) for key in keys.list()]
    if as_json:
        screen.print_json(rows)
    elif rows:
        screen.print_table("Keys", COLUMNS, rows)
    else:
        typer.echo("there are no keys; `contender keys create NAME --role operator` makes one")


@app.command("rotate")
@screen.plain_errors
def rotate(
    key_id: KeyId,
    overlap_hours: Annotated[
        float, typer.Option("--overlap-hours", help="How long the old one stays good.")
    ] = 24.0,
    days: Days = None,
    as_json: AsJson = False,
) -> None:
    """Make a key of the same owner and role; the old one ends when the overlap does.

    Example: `contender keys rotate 3f9a1c07de --overlap-hours 1`
    """
    overlap = _duration(overlap_hours, "hours")
    with _keys("rotate") as (keys, note):
        made = keys.rotate(key_id, overlap=overlap, by=operator(), lasts=_lasting(days))
        note(made.key)
    _show_new(made, as_json=as_json)


@app.command("revoke")
@screen.plain_errors
def revoke(key_id: KeyId, as_json: AsJson = False) -> None:
    """End a key, and every sign-in at the console by it; the API knows within a second.

    Example: `contender keys revoke 3f9a1c07de`
    """
    with _keys("revoke") as (keys, note):
        revoked = keys.revoke(key_id, by=operator())
        note(revoked)
    screen.print_result(_row(revoked), as_json=as_json)


@contextmanager
def _keys(command: str) -> Iterator[tuple[Keys, Callable[[Key], None]]]:
    """Yield the keys, and what tells the audit log of a change in the same transaction."""
    from pipelines.access.audit import AuditLog, Deed
    from pipelines.access.keys import Keys

    def note(key: Key) -> None:
        for_another = f", for {key.succeeds}" if key.succeeds else ""
        deed = Deed(
            who=operator(),
            key_id=None,
            role="operator",
            action=f"contender keys {command}",
            path=key.key_id,
            address="command line",
            request_id="",
            status=0,
            outcome="done",
            note=f"key of {key.owner}, {key.role.word}{for_another}",
        )
        AuditLog(store).add(deed)

    with opened_store(stack.current_settings()) as store, store.together():
        yield Keys(store), note


def _show_new(made: NewKey, *, as_json: bool) -> None:
    shown = {"key": made.text, **_row(made.key)}
    screen.print_result(shown, as_json=as_json)
    if not as_json:
        typer.echo("write the key down now: it is not shown again", err=True)


def _row(key: Key) -> dict[str, object]:
    from pipelines.access.keys import now

    bad = "revoked" if key.revoked_at else "ended"
    return {
        "key_id": key.key_id,
        "owner": key.owner,
        "role": key.role.word,
        "state": "good" if key.until > now().timestamp() else bad,
        "created_at": key.created_at,
        "created_by": key.created_by,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "revoked_by": key.revoked_by,
        "succeeds": key.succeeds,
    }


def _lasting(days: float | None) -> timedelta | None:
    return None if days is None else _duration(days, "days")


def _duration(amount: float, unit: str) -> timedelta:
    """Return a time span. Raises `CommandFailed` where a calendar cannot hold its end."""
    if not 0 <= amount <= MOST_DAYS:
        raise screen.CommandFailed(f"{amount:g} {unit}: it has to be between 0 and {MOST_DAYS:,}")
    return timedelta(**{unit: amount})
