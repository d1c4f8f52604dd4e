"""What is allowed without a key is said at the start, and our own flows are let in either way."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable

import pytest

from pipelines.access import own_key
from pipelines.access.keys import OURS, KeyRefused, Keys, parts_of
from pipelines.access.openness import told
from pipelines.access_settings import own_key_file
from pipelines.settings import Settings, load_settings
from pipelines.store import Store
from serving import __main__ as server
from serving.access.caller import Caller, of_key
from serving.access.refusals import SomebodyElse

pytestmark = pytest.mark.both_databases


Make = Callable[..., Settings]
BEYOND = {"host": "0.0.0.0"}
KEY = "ck_0123456789_" + "a" * 64


@pytest.mark.parametrize(
    ("places", "access", "sentence", "urgent"),
    [
        ({}, {}, "whoever works on this machine is operator", False),
        ({}, {"anonymous": "viewer"}, "whoever works on this machine is viewer", False),
        ({}, {"anonymous": "none"}, "contender keys create NAME --role operator", True),
        (BEYOND, {}, "contender keys create NAME --role operator", True),
        (BEYOND, {"anonymous": "viewer"}, "reaches this machine's network is viewer", True),
    ],
)
def test_what_is_allowed_without_a_key_is_a_sentence(
    make_settings: Make, store: Store, places, access, sentence, urgent
):
    found = told(make_settings(addresses=places, access=access), store)
    assert sentence in found.sentence
    assert found.urgent is urgent


def test_the_keys_of_people_are_counted(make_settings: Make, store: Store):
    Keys(store).create("ana", "operator", by="root")
    Keys(store).adopt(KEY, OURS, "reviewer", by="settings")
    assert told(make_settings(addresses=BEYOND), store).sentence.endswith("good ones: 1")


def test_our_own_key_is_made_where_one_is_needed_for_our_eyes_only_and_found_again(
    make_settings: Make, store: Store
):
    settings = make_settings(addresses=BEYOND)
    file = own_key_file(settings.home)
    for _ in range(2):
        own_key.ensure(settings, store)
    (key,) = Keys(store).list()

    assert (key.owner, key.role.word) == (OURS, "reviewer")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    loaded = load_settings({"CONTENDER_HOME": str(settings.home)})
    assert parts_of(loaded.logins.api_key.get_secret_value())[0] == key.key_id
    assert loaded.logins.api_headers["Authorization"].startswith("Bearer ck_")
    assert list(file.parent.iterdir()) == [file]


def test_no_key_of_our_own_is_made_where_none_is_needed(make_settings: Make, store: Store):
    settings = make_settings()
    own_key.ensure(settings, store)
    assert Keys(store).list() == []
    assert not own_key_file(settings.home).exists()


def test_a_key_that_is_set_is_taken_and_one_that_is_none_ends_the_start(
    make_settings: Make, store: Store
):
    own_key.ensure(make_settings(addresses=BEYOND, logins={"api_key": KEY}), store)
    assert [key.key_id for key in Keys(store).list()] == ["0123456789"]
    with pytest.raises(KeyRefused):
        own_key.ensure(make_settings(logins={"api_key": "letmein"}), store)


def test_our_own_flows_act_in_the_name_of_who_started_them_but_of_nobody_with_a_key(store: Store):
    key = Keys(store).adopt(KEY, OURS, "reviewer", by="settings")
    ours = of_key(key, "key", key.until, frozenset({"ana"}))

    assert ours.named("demo day (simulated)") == "demo day (simulated)"
    with pytest.raises(SomebodyElse):
        ours.named("Ana")
    assert isinstance(ours, Caller)


@pytest.mark.parametrize("asked", [["--host", "0.0.0.0"], []])
def test_a_host_given_by_hand_counts_for_access_too(
    monkeypatch: pytest.MonkeyPatch, home, asked: list[str]
):
    monkeypatch.setenv("CONTENDER_HOME", str(home))
    monkeypatch.setenv("CONTENDER_HOST", "")  # what `main` sets goes with this test
    monkeypatch.setattr(server.DrainingServer, "run", lambda _self: None)
    monkeypatch.setenv(server.METRICS_VARIABLE, "")
    server.main(asked)
    assert load_settings(os.environ).addresses.beyond_loopback is bool(asked)
