"""`contender keys` and `contender audit` as an operator types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.running import operator
from pipelines.access.keys import parts_of


@pytest.fixture(autouse=True)
def own_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTENDER_HOME", str(home))


def run(*arguments: str):
    return CliRunner().invoke(app, arguments)


def told(*arguments: str) -> object:
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_key_is_shown_when_it_is_made_and_never_again():
    made = told("keys", "create", "ana", "--role", "reviewer", "--days", "90")
    (listed,) = told("keys", "list")

    assert parts_of(made["key"])[0] == listed["key_id"]
    assert (listed["owner"], listed["role"], listed["state"]) == ("ana", "reviewer", "good")
    assert listed["expires_at"] > listed["created_at"]
    assert made["key"] not in run("keys", "list").output
    assert "not shown again" in run("keys", "create", "bob").stderr


def test_a_replaced_key_ends_and_a_revoked_one_has_ended():
    old = told("keys", "create", "ana", "--role", "operator")["key_id"]
    new = told("keys", "rotate", old, "--overlap-hours", "1")
    assert (new["role"], new["succeeds"]) == ("operator", old)
    assert told("keys", "revoke", new["key_id"])["revoked_by"] == operator()
    states = {row["key_id"]: row["state"] for row in told("keys", "list")}
    assert states == {old: "good", new["key_id"]: "revoked"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "ana", "--role", "root"), "viewer, reviewer, operator"),
        (("create", "contender"), "no person's name"),
        (("create", "ana", "--days", "1e300"), "has to be between"),
        (("create", "ana", "--days", "0"), "good for some time"),
        (("rotate", "nothing"), "contender keys list"),
        (("revoke", "nothing"), "contender keys list"),
    ],
)
def test_what_makes_no_sense_is_said_in_one_line_and_changes_nothing(arguments, said):
    done = run("keys", *arguments)
    assert done.exit_code == 1
    assert said in done.stderr
    assert told("keys", "list") == []
    assert told("audit") == []


def test_the_audit_log_says_who_made_and_ended_which_key():
    key_id = told("keys", "create", "ana", "--role", "operator")["key_id"]
    run("keys", "revoke", key_id)
    rows = told("audit")

    assert [(row["action"], row["path"]) for row in rows] == [
        ("contender keys revoke", key_id),
        ("contender keys create", key_id),
    ]
    assert {(row["who"], row["outcome"], row["address"]) for row in rows} == {
        (operator(), "done", "command line")
    }
    assert told("audit", "--outcome", "denied") == []
    assert "key of ana" in run("audit", "--limit", "1").stdout


@pytest.mark.parametrize("command", ["create", "list", "rotate", "revoke"])
def test_every_command_has_help_with_an_example(command):
    assert f"contender keys {command}" in run("keys", command, "--help").output.split("Example:")[1]
