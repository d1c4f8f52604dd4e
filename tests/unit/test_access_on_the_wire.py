"""What a connection answers by itself is let in as everything else is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection

import pytest
from access_stage import PREDICT, QUESTION
from answered_at_once import answered_at_once
from served_app import ServedApp
from serving_stage import MODEL, Stage
from waiting import wait_for

from pipelines.access.keys import Keys
from pipelines.settings import Settings
from serving.hot.wire import HotProtocol

Ask = Callable[..., int]


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the ids of the requests that connections answered by themselves."""
    return answered_at_once(monkeypatch)


@contextmanager
def asking(
    make_settings: Callable[..., Settings], host: str, **access: object
) -> Iterator[tuple[Stage, Ask]]:
    settings = make_settings(
        models={MODEL: {"source": {"url": "rows.csv"}}}, addresses={"host": host}, access=access
    )
    stage = Stage(settings)
    stage.promote("1", "pintura")
    with ServedApp(stage.app(), http=HotProtocol) as served:
        connection = HTTPConnection(served.host, served.port, timeout=30)

        def ask(request_id: str, **headers: str) -> int:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            told = {"Content-Type": "application/json", "X-Request-Id": request_id, **named}
            connection.request("POST", PREDICT, json.dumps(QUESTION), told)
            response = connection.getresponse()
            response.read()
            return response.status

        try:
            yield stage, ask
        finally:
            connection.close()
    stage.close()


def test_a_key_is_looked_at_twice_when_it_is_new_and_at_first_glance_afterwards(
    make_settings, at_once
):
    with asking(make_settings, "0.0.0.0") as (stage, ask):
        keys = Keys(stage.store)
        key = keys.create("ana", "viewer", by="root")
        assert ask("nobody") == 401
        assert ask("wrong", X_API_Key=key.text[:-1] + "x") == 401
        assert ask("new", Authorization=f"Bearer {key.text}") == 200
        assert ask("known", Authorization=f"Bearer {key.text}") == 200
        assert at_once[-1] == "known"
        assert {"nobody", "wrong"}.isdisjoint(at_once)

        keys.revoke(key.key.key_id, by="root")
        wait_for(lambda: ask("revoked", Authorization=f"Bearer {key.text}") != 200)
        assert ask("after", Authorization=f"Bearer {key.text}") == 401


def test_a_rate_counts_what_a_connection_answers_by_itself_once(make_settings, at_once):
    with asking(make_settings, "0.0.0.0", key_rate="3/hour") as (stage, ask):
        key = Keys(stage.store).create("ana", "viewer", by="root")
        statuses = [ask(str(number), X_API_Key=key.text) for number in range(5)]
        assert statuses == [200, 200, 200, 429, 429]
        assert at_once[-2:] == ["1", "2"]


def test_on_this_machine_only_direct_requests_by_our_own_name_need_no_key(make_settings, at_once):
    with asking(make_settings, "127.0.0.1") as (_, ask):
        assert ask("first") == 200
        assert ask("direct") == 200
        assert ask("strange", Host="evil.example") == 403
        assert ask("proxied", X_Forwarded_For="203.0.113.7") == 401
        assert ask("proxied-too", Forwarded="for=203.0.113.7") == 401
        assert set(at_once) == {"first", "direct"}
