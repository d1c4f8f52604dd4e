"""What somebody who means ill tries at the door, and finds shut."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from access_stage import PREDICT, QUESTION, Guarded, guarded
from sqlalchemy.exc import OperationalError

from pipelines.access import register, sessions
from pipelines.access.audit import AuditLog, Deed
from pipelines.access.sessions import Sessions
from pipelines.settings import Settings
from serving.access import door, rules
from serving.access.rates import Rate

BOARD, SESSION = "/v1/board", "/v1/session"
ROLLBACK = "/v1/models/stub/rollback"


@pytest.fixture
def house(make_settings: Callable[..., Settings]) -> Iterator[Guarded]:
    with guarded(make_settings) as house:
        yield house


def test_a_change_that_breaks_off_is_in_the_audit_log_too(house):
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("half of it was done")

    state = house.app.state
    state.services = replace(state.services, roll_back=broken)
    body = {"actor": "operator-ana", "reason": "because"}
    answer = house.client.post(ROLLBACK, json=body, headers=house.bearer("operator"))

    assert answer.status_code == 500
    (row,) = AuditLog(house.stage.store).list()
    assert (row.who, row.status, row.outcome) == ("operator-ana", 500, "failed")
    assert row.action == "POST /v1/models/{name}/rollback"


def test_nothing_but_http_is_let_in(house):
    sent: list[object] = []

    async def connect() -> None:
        async def receive() -> dict[str, str]:
            return {"type": "websocket.connect"}

        async def send(message: dict[str, object]) -> None:
            sent.append(message["type"])

        for path in ("/static-offline-docs/x", BOARD):
            scope = {"type": "websocket", "path": path, "headers": [], "query_string": b""}
            await house.app({**scope, "root_path": "", "state": {}}, receive, send)

    asyncio.run(connect())
    assert sent == ["websocket.close"] * 2


def test_a_key_and_its_session_end_in_time_although_the_store_hangs(house, monkeypatch):
    def away(_store: object) -> int:
        raise OperationalError("SELECT", {}, OSError("gone"))

    lasts = 30.0
    key = house.made.create("eve", "viewer", by="root", lasts=timedelta(seconds=lasts))
    headers = {"X-API-Key": key.text}
    token = Sessions(house.stage.store).begin(key.key.key_id, timedelta(hours=1))
    cookie = {"Cookie": f"contender_session={token}"}
    for known in (headers, cookie):
        assert house.status("GET", BOARD, known) == 200

    # Who looks after the keys waits for the store, and drops none.
    monkeypatch.setattr(register, "moves", away)
    monkeypatch.setattr(house.app.state.door.standing, "_drop_ended", lambda: None)
    later = time.time() + lasts
    monkeypatch.setattr(time, "time", lambda: later)
    for ended in (headers, cookie):
        assert house.status("GET", BOARD, ended) == 401
    assert house.client.post(PREDICT, json=QUESTION, headers=headers).status_code == 401
    assert house.status("GET", BOARD, house.bearer("viewer")) == 200


def test_one_key_begins_no_more_sessions_than_a_few_and_the_newest_is_good(house, monkeypatch):
    monkeypatch.setattr(sessions, "MOST_OF_A_KEY", 2)
    begins, lasts = Sessions(house.stage.store), timedelta(hours=1)
    other = begins.begin(house.keys["operator"].key.key_id, lasts)
    viewer = house.keys["viewer"].key.key_id
    tokens = []
    for _ in range(3):
        tokens.append(begins.begin(viewer, lasts))
        time.sleep(0.002)  # they are told apart by the millisecond
    known = register.read(house.stage.store).sessions
    assert [sessions.digest_of(token) in known for token in (*tokens, other)] == [
        *(False, True, True),
        True,
    ]


def test_wrong_keys_of_others_behind_one_address_keep_nobody_from_signing_in(house, monkeypatch):
    monkeypatch.setattr(house.app.state.door, "_failures", door.Meter(Rate(1, 3600.0)))
    statuses = [
        house.client.post(SESSION, json={"key": key}).status_code
        for key in ("ck_wrong", "ck_wrong", house.keys["viewer"].text)
    ]
    assert statuses == [401, 429, 201]


def test_what_changes_something_is_never_answered_on_the_fast_path(house, monkeypatch):
    monkeypatch.setitem(rules.RULES, "POST /v1/models/{name}/predict", rules.REVIEWS)
    assert PREDICT in house.app.state.hot.places
    assert PREDICT not in house.stage.app().state.hot.places


def test_no_column_of_the_audit_log_takes_what_a_terminal_would_obey(house):
    log = AuditLog(house.stage.store)
    said = "evil\x9b31m\x1b]0;\u202e" + "x" * 600
    deed = Deed(said, "k", "viewer", said, said, said, said, 401, "denied", said)
    log.add(deed)
    (row,) = log.list()
    texts = [str(value) for value in vars(row).values()]
    assert all(text.isprintable() for text in texts)
    assert (len(row.who), len(row.address), len(row.path)) == (128, 64, 500)
