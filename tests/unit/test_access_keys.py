"""Keys are shown once, kept as a digest, replaced with an overlap, and end when they should."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from pipelines.access.audit import AuditLog, Deed
from pipelines.access.keys import KeyRefused, Keys, UnknownKey, fits, parts_of
from pipelines.access.register import moves, read
from pipelines.access.roles import Role, UnknownRole
from pipelines.access.sessions import Sessions, digest_of
from pipelines.store import Store, access_keys, access_sessions

pytestmark = pytest.mark.both_databases
DEED = Deed("ana", None, "operator", "POST /x", "/x", "127.0.0.1", "r1", 200, "done")


class Clock:
    """Begins now, because the register asks the real time, and goes on when told to."""

    def __init__(self) -> None:
        self.time = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Iterator[Clock]:
    return Clock()


@pytest.fixture
def keys(store: Store, clock: Clock) -> Keys:
    return Keys(store, clock=clock)


def test_a_key_is_what_its_id_and_secret_say_and_only_its_digest_is_kept(keys, store):
    made = keys.create("Ana  López", "reviewer", by="root")
    parts = parts_of(made.text)

    assert parts is not None
    key_id, secret = parts
    assert (key_id, made.key.owner, made.key.role) == (made.key.key_id, "Ana López", Role.REVIEWER)
    assert fits(made.key, secret)
    assert not fits(made.key, secret[:-1] + ("0" if secret[-1] != "0" else "1"))
    with store.read() as connection:
        kept = str(connection.execute(select(access_keys)).all())
    assert secret not in kept


@pytest.mark.parametrize(
    "text", ["", "ck_", "ck_0123456789_", "ck_0123456789_" + "g" * 64, "Ck_" + "0" * 75, "ñ" * 78]
)
def test_what_cannot_be_a_key_is_none(text):
    assert parts_of(text) is None


@pytest.mark.parametrize("owner", ["", "   ", "a\x00b", "x" * 129, "\u202eana"])
def test_an_owner_has_a_printable_name(keys, owner):
    with pytest.raises(KeyRefused):
        keys.create(owner, "viewer", by="root")


def test_an_unknown_role_is_refused_with_the_known_ones(keys):
    with pytest.raises(UnknownRole, match="viewer, reviewer, operator"):
        keys.create("ana", "anyone", by="root")


def test_a_replaced_key_stays_good_for_the_overlap_and_no_longer(keys, clock):
    old = keys.create("ana", "operator", by="root").key
    new = keys.rotate(old.key_id, overlap=timedelta(hours=1), by="root").key

    before = next(key for key in keys.list() if key.key_id == old.key_id)
    assert (new.owner, new.role, new.succeeds) == ("ana", Role.OPERATOR, old.key_id)
    assert before.until == pytest.approx((clock.time + timedelta(hours=1)).timestamp(), abs=0.01)


def test_an_overlap_never_lengthens_a_key(keys):
    old = keys.create("ana", "viewer", by="root", lasts=timedelta(minutes=5)).key
    keys.rotate(old.key_id, overlap=timedelta(days=1), by="root")

    assert next(key for key in keys.list() if key.key_id == old.key_id).until == old.until


def test_a_revoked_key_can_be_neither_replaced_nor_revoked_by_another(keys):
    key = keys.create("ana", "viewer", by="root").key
    keys.revoke(key.key_id, by="bob")

    assert keys.revoke(key.key_id, by="eve").revoked_by == "bob"
    with pytest.raises(KeyRefused):
        keys.rotate(key.key_id, overlap=timedelta(0), by="root")
    with pytest.raises(UnknownKey):
        keys.revoke("nobody", by="root")


@pytest.mark.parametrize("lasts", [timedelta(0), timedelta(days=-1)])
def test_a_key_is_good_for_some_time(keys, lasts):
    with pytest.raises(KeyRefused):
        keys.create("ana", "viewer", by="root", lasts=lasts)


def test_the_register_holds_what_is_good_and_the_counter_tells_of_each_change(store, keys, clock):
    good = keys.create("ana", "viewer", by="root").key
    gone = keys.create("bob", "viewer", by="root").key
    clock.time -= timedelta(days=2)
    late = keys.create("eve", "viewer", by="root", lasts=timedelta(days=1)).key
    before = moves(store)
    keys.revoke(gone.key_id, by="root")

    assert moves(store) == before + 1
    assert read(store).keys.keys() == {good.key_id}
    assert late.until < clock.time.timestamp() + 2 * 86_400


def test_a_session_ends_with_its_key_and_by_itself(store, keys, clock):
    key = keys.create("ana", "viewer", by="root").key
    sessions = Sessions(store, clock=clock)
    token, other = (sessions.begin(key.key_id, timedelta(hours=1)) for _ in range(2))
    assert read(store).sessions.keys() == {digest_of(token), digest_of(other)}

    sessions.end(other)
    assert read(store).sessions.keys() == {digest_of(token)}
    keys.revoke(key.key_id, by="root")
    assert read(store).sessions == {}
    with store.read() as connection:
        assert token not in str(connection.execute(select(access_sessions)).all())


def test_a_session_that_is_over_is_forgotten_with_the_next_one(store, keys, clock):
    key = keys.create("ana", "viewer", by="root").key
    sessions = Sessions(store, clock=clock)
    sessions.begin(key.key_id, timedelta(hours=1))
    clock.time += timedelta(hours=2)
    token = sessions.begin(key.key_id, timedelta(hours=1))

    with store.read() as connection:
        kept = connection.execute(select(access_sessions.c.session_sha256)).scalars().all()
    assert kept == [digest_of(token)]


def test_the_audit_log_is_numbered_read_in_parts_and_forgets_only_what_is_old(store, clock):
    log = AuditLog(store, clock=clock)
    log.add(DEED)
    clock.time += timedelta(days=10)
    log.add(Deed(**{**vars(DEED), "who": "eve", "outcome": "denied", "path": "/a\x00\x1b[2J" * 99}))
    log.add(DEED)

    assert [entry.number for entry in log.list()] == [3, 2, 1]
    assert [entry.number for entry in log.list(before=3, limit=1)] == [2]
    denied = log.list(outcome="denied")[0]
    assert (denied.who, len(denied.path), "\x00" in denied.path) == ("eve", 500 - 4, False) or (
        len(denied.path) <= 500 and denied.path.isprintable()
    )
    assert log.forget(timedelta(days=5)) == 1
    clock.time += timedelta(days=10)
    assert log.forget(timedelta(days=5)) == 1
    assert [entry.number for entry in log.list()] == [3]
