"""Keys and sessions over HTTP: what is taken, until when, and what a page from elsewhere may."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from access_stage import PREDICT, QUESTION, Guarded, guarded
from asgi_client import AppClient
from waiting import wait_for

from pipelines.settings import Settings
from serving.access import door
from serving.access.rates import Rate

BOARD, SESSION = "/v1/board", "/v1/session"
FEEDBACK = "/v1/models/stub/feedback"


@pytest.fixture
def house(make_settings: Callable[..., Settings]) -> Iterator[Guarded]:
    with guarded(make_settings) as house:
        yield house


def signed_in(house: Guarded, role: str) -> dict[str, str]:
    """Return the cookie of a new session."""
    answer = house.client.post(SESSION, json={"key": house.keys[role].text})
    house.client.forget_cookies()
    assert answer.status_code == 201, answer.text
    return {"Cookie": answer.headers["set-cookie"].partition(";")[0]}


def test_a_key_is_taken_in_either_header_and_under_no_other_scheme(house):
    key = house.keys["viewer"].text
    for headers, status in (
        ({"Authorization": f"Bearer {key}"}, 200),
        ({"Authorization": f"bearer   {key}"}, 200),
        ({"X-API-Key": key}, 200),
        ({"Authorization": key}, 401),
        ({"Authorization": f"Basic {key}"}, 401),
        ({"X-API-Key": f"Bearer {key}"}, 401),
        ({"X-API-Key": f"{key}0"}, 401),
        ({"X-API-Key": ""}, 401),
        ({"Authorization": "Bearer \xff\xfe".encode("latin-1")}, 401),
    ):
        assert house.client.get(BOARD, headers=headers).status_code == status, headers


def test_a_wrong_key_is_no_caller_without_one(make_settings):
    with guarded(make_settings, anonymous="viewer") as house:
        assert house.status("GET", BOARD, {}) == 200
        answer = house.client.get(BOARD, headers={"X-API-Key": "ck_wrong"})
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_two_keys_in_one_request_are_none(house):
    both = [("X-API-Key", house.keys["viewer"].text), ("X-API-Key", house.keys["operator"].text)]
    for method, path in (("GET", BOARD), ("POST", PREDICT)):
        assert house.client.request(method, path, headers=both).status_code == 401


def test_a_new_key_is_good_at_once_and_a_revoked_one_bad_within_a_second(house):
    key = house.made.create("eve", "viewer", by="root")
    headers = {"X-API-Key": key.text}
    assert house.status("GET", BOARD, headers) == 200
    assert house.client.post(PREDICT, json=QUESTION, headers=headers).status_code == 200

    house.made.revoke(key.key.key_id, by="root")
    wait_for(lambda: house.status("GET", BOARD, headers) == 401)
    assert house.client.post(PREDICT, json=QUESTION, headers=headers).status_code == 401


def go_on(monkeypatch: pytest.MonkeyPatch, minutes: int) -> None:
    """Let the time by which keys end go on by so much."""
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 60 * minutes)


def test_a_key_that_ends_is_good_until_then(house, monkeypatch):
    key = house.made.create("eve", "viewer", by="root", lasts=timedelta(minutes=2))
    headers = {"X-API-Key": key.text}
    assert house.status("GET", BOARD, headers) == 200
    go_on(monkeypatch, minutes=2)
    wait_for(lambda: house.status("GET", BOARD, headers) == 401)


def test_both_keys_are_good_while_one_takes_the_others_place(house, monkeypatch):
    old = house.keys["viewer"]
    new = house.made.rotate(old.key.key_id, overlap=timedelta(minutes=2), by="root")
    for key in (old, new):
        assert house.status("GET", BOARD, {"X-API-Key": key.text}) == 200
    go_on(monkeypatch, minutes=2)
    wait_for(lambda: house.status("GET", BOARD, {"X-API-Key": old.text}) == 401)
    assert house.status("GET", BOARD, {"X-API-Key": new.text}) == 200


def test_a_session_reads_what_its_key_may_and_no_script_reads_its_cookie(house):
    answer = house.client.post(SESSION, json={"key": f" {house.keys['reviewer'].text}\n"})
    attributes = answer.headers["set-cookie"].lower()
    cookie = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}

    assert "httponly" in attributes
    assert "samesite=strict" in attributes
    assert "path=/" in attributes
    assert house.keys["reviewer"].text not in answer.text + attributes
    assert answer.json()["by"] == "session"
    assert house.client.get(SESSION, headers=cookie).json()["name"] == "reviewer-ana"
    house.client.forget_cookies()
    assert house.status("GET", BOARD, cookie) == 200
    assert house.status("GET", "/v1/audit", cookie) == 403
    assert house.status("GET", BOARD, {}) == 401


def test_a_session_begun_at_one_worker_is_known_to_another_at_once(house):
    cookie = signed_in(house, "viewer")
    with AppClient(house.stage.app()) as other:
        cookie_too = signed_in(house, "viewer")
        assert other.get(BOARD, headers=cookie).status_code == 200
        assert other.get(BOARD, headers=cookie_too).status_code == 200


def test_signing_out_and_revoking_the_key_end_a_session(house):
    first, second = signed_in(house, "operator"), signed_in(house, "operator")
    out = house.client.request("DELETE", SESSION, headers={**first, "Origin": "http://contender"})
    assert (out.status_code, "max-age=0" in out.headers["set-cookie"].lower()) == (200, True)
    assert house.status("GET", BOARD, first) == 401
    assert house.status("GET", BOARD, second) == 200

    house.made.revoke(house.keys["operator"].key.key_id, by="root")
    wait_for(lambda: house.status("GET", BOARD, second) == 401)


@pytest.mark.parametrize(
    ("browser", "status"),
    [
        ({"Origin": "http://contender"}, 422),
        ({"Sec-Fetch-Site": "same-origin"}, 422),
        ({"Origin": "https://contender"}, 422),
        ({}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://contender:81"}, 403),
        ({"Origin": "http://contender", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://contender", "Sec-Fetch-Site": "same-site"}, 403),
    ],
)
def test_a_session_changes_things_only_for_the_console(house, browser, status):
    headers = {**signed_in(house, "reviewer"), **browser}
    assert house.client.post(FEEDBACK, json={}, headers=headers).status_code == status
    with_key = {**house.bearer("reviewer"), **browser}
    assert house.client.post(FEEDBACK, json={}, headers=with_key).status_code == 422


def test_nobody_is_signed_in_by_a_page_from_elsewhere_or_by_a_wrong_key(house):
    key = house.keys["operator"].text
    foreign = {"Origin": "http://evil.example"}
    assert house.client.post(SESSION, json={"key": key}, headers=foreign).status_code == 403
    wrong = house.client.post(SESSION, json={"key": key[:-1]})
    assert (wrong.status_code, "set-cookie" in wrong.headers) == (401, False)


def test_who_presents_unknown_keys_without_end_has_to_wait_and_good_keys_have_not(
    make_settings, monkeypatch
):
    monkeypatch.setattr(door, "FAILURES", Rate(3, 3600.0))
    wrong = {"X-API-Key": "ck_0123456789_" + "0" * 64}
    with guarded(make_settings) as house:
        statuses = [house.status("GET", BOARD, wrong) for _ in range(5)]
        assert statuses == [401, 401, 401, 429, 429]
        assert house.client.post(SESSION, json={"key": "ck_wrong"}).status_code == 429
        assert house.status("GET", BOARD, house.bearer("viewer")) == 200
        assert house.status("GET", "/livez", {}) == 200


def test_what_was_known_holds_while_the_store_is_away(house, monkeypatch):
    from sqlalchemy.exc import OperationalError

    from pipelines.access import register

    def away(_store: object) -> int:
        raise OperationalError("SELECT", {}, OSError("gone"))

    assert house.status("GET", "/v1/models", house.bearer("viewer")) == 200
    monkeypatch.setattr(register, "moves", away)
    house.app.state.door.standing.look()
    assert house.status("GET", "/v1/models", house.bearer("viewer")) == 200
    assert house.status("GET", "/v1/models", {"X-API-Key": "ck_unknown"}) == 401
