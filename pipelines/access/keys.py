"""API keys: `ck_<id>_<secret>`, shown once; the store keeps the sha256 of the secret.

A secret has 256 random bits, so a fast digest hides it as well as a slow one would.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from pipelines import changes
from pipelines.access.roles import Role, role_named
from pipelines.access_tables import access_keys
from pipelines.store import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

SUBJECT = "access"
"""What the change counter calls keys and sessions together."""
OWNER_CHARACTERS = 128
OURS = "contender"
"""The owner of the key that our own flows and commands ask the API by; no person's name."""
WRITTEN = re.compile(r"ck_([a-z0-9]{10})_([0-9a-f]{64})")
Clock = Callable[[], datetime]


class UnknownKey(LookupError):
    """The store has no key of that id."""


class KeyRefused(ValueError):
    """The key cannot be made, replaced or revoked so."""


@dataclass(frozen=True)
class Key:
    """A key without its secret."""

    key_id: str
    owner: str
    role: Role
    secret_sha256: str
    created_at: str
    created_by: str
    expires_at: str | None
    revoked_at: str | None
    revoked_by: str | None
    succeeds: str | None
    """The key in whose place it was made."""

    @property
    def until(self) -> float:
        """Until when it is good, in seconds of the epoch; 0 where it was revoked."""
        if self.revoked_at is not None:
            return 0.0
        return seconds_of(self.expires_at) if self.expires_at else math.inf


@dataclass(frozen=True)
class NewKey:
    """A key just made, and what its owner types: nobody can say that a second time."""

    key: Key
    text: str


def now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """Return a moment as the tables hold it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def seconds_of(stamped: str) -> float:
    """Return a moment of the tables in seconds of the epoch."""
    return datetime.fromisoformat(stamped).timestamp()


def parts_of(text: str) -> tuple[str, str] | None:
    """Return id and secret of what somebody typed as a key; None where it cannot be one."""
    found = WRITTEN.fullmatch(text)
    return (found[1], found[2]) if found else None


def fits(key: Key, secret: str) -> bool:
    """Whether a secret is the key's; takes as long for a wrong one as for the right one."""
    given = hashlib.sha256(secret.encode()).hexdigest()
    return hmac.compare_digest(given, key.secret_sha256)


class Keys:
    """Makes, replaces and revokes keys; who reads them is told by the change counter."""

    def __init__(self, store: Store, *, clock: Clock = now) -> None:
        self._store = store
        self._clock = clock

    def create(self, owner: str, role: str, *, by: str, lasts: timedelta | None = None) -> NewKey:
        """Make a key. Raises `KeyRefused` or `UnknownRole`."""
        with self._store.write() as connection:
            owned_by, given = _person(owner), role_named(role)
            return self._made(connection, owned_by, given, by, lasts, None)

    def adopt(self, text: str, owner: str, role: str, *, by: str) -> Key:
        """Let a key in that was made elsewhere, as the secrets of containers are; return it.

        One that is known stays as it is, revoked ones too. Raises `KeyRefused` or `UnknownRole`.
        """
        parts = parts_of(text)
        if parts is None:
            raise KeyRefused("that is no key: one looks like ck_<10 letters or digits>_<64 digits>")
        with self._store.write() as connection:
            if not _is_known(connection, parts[0]):
                self._kept(connection, _owner(owner), role_named(role), by, None, None, parts)
            found = _found(connection, parts[0])
        if not fits(found, parts[1]):
            raise KeyRefused(f"there is a key {parts[0]} with another secret")
        return found

    def rotate(
        self, key_id: str, *, overlap: timedelta, by: str, lasts: timedelta | None = None
    ) -> NewKey:
        """Make a key in the place of another one, which stays good for `overlap` at most.

        Raises `UnknownKey`, or `KeyRefused` where the other one is not good any more.
        """
        if overlap < timedelta(0):
            raise KeyRefused("the overlap cannot be negative")
        with self._store.write() as connection:
            before = _found(connection, key_id)
            end = self._clock() + overlap
            if before.until <= self._clock().timestamp():
                raise KeyRefused(f"key {key_id} is not good any more; create a new one")
            made = self._made(connection, before.owner, before.role, by, lasts, key_id)
            if end.timestamp() < before.until:
                self._change(connection, key_id, expires_at=stamp(end))
            return made

    def revoke(self, key_id: str, *, by: str) -> Key:
        """End a key for good; API workers refuse it within a second. Raises `UnknownKey`.

        One that was revoked before stays revoked by whom it was.
        """
        with self._store.write() as connection:
            found = _found(connection, key_id)
            if found.revoked_at is None:
                self._change(connection, key_id, revoked_at=stamp(self._clock()), revoked_by=by)
            return _found(connection, key_id)

    def list(self) -> list[Key]:
        """Return every key there ever was, the newest first."""
        query = select(access_keys).order_by(access_keys.c.created_at.desc())
        with self._store.read() as connection:
            return [_key(row) for row in connection.execute(query)]

    def _made(
        self,
        connection: Connection,
        owner: str,
        role: Role,
        by: str,
        lasts: timedelta | None,
        succeeds: str | None,
    ) -> NewKey:
        parts = secrets.token_hex(5), secrets.token_hex(32)
        key = self._kept(connection, owner, role, by, lasts, succeeds, parts)
        return NewKey(key, f"ck_{parts[0]}_{parts[1]}")

    def _kept(
        self,
        connection: Connection,
        owner: str,
        role: Role,
        by: str,
        lasts: timedelta | None,
        succeeds: str | None,
        parts: tuple[str, str],
    ) -> Key:
        if lasts is not None and lasts <= timedelta(0):
            raise KeyRefused("a key has to be good for some time")
        made_at, (key_id, secret) = self._clock(), parts
        key = Key(
            key_id=key_id,
            owner=owner,
            role=role,
            secret_sha256=hashlib.sha256(secret.encode()).hexdigest(),
            created_at=stamp(made_at),
            created_by=by[:OWNER_CHARACTERS],
            expires_at=stamp(made_at + lasts) if lasts else None,
            revoked_at=None,
            revoked_by=None,
            succeeds=succeeds,
        )
        connection.execute(insert(access_keys).values(**{**vars(key), "role": role.word}))
        changes.moved(connection, SUBJECT)
        return key

    def _change(self, connection: Connection, key_id: str, **values: str) -> None:
        which = access_keys.c.key_id == key_id
        connection.execute(update(access_keys).where(which).values(**values))
        changes.moved(connection, SUBJECT)


def _owner(owner: str) -> str:
    plain = " ".join(owner.split())
    if not plain or len(plain) > OWNER_CHARACTERS or not plain.isprintable():
        raise KeyRefused(f"an owner has 1 to {OWNER_CHARACTERS} printable characters")
    return plain


def _person(owner: str) -> str:
    plain = _owner(owner)
    if plain.casefold() in (OURS, "anonymous"):
        raise KeyRefused(f"{plain!r} is no person's name here")
    return plain


def _is_known(connection: Connection, key_id: str) -> bool:
    query = select(access_keys.c.key_id).where(access_keys.c.key_id == key_id)
    return connection.execute(query).first() is not None


def _found(connection: Connection, key_id: str) -> Key:
    row = connection.execute(select(access_keys).where(access_keys.c.key_id == key_id)).first()
    if row is None:
        raise UnknownKey(f"no key is called {key_id!r}; `contender keys list` shows them")
    return _key(row)


def _key(row: Row[tuple[object, ...]]) -> Key:
    values = dict(row._mapping)
    return Key(**{**values, "role": role_named(str(values["role"]))})
