from __future__ import annotations

import importlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from ports import free_port
from typer.testing import CliRunner

from cli import processes, screen, stack
from cli.main import app
from cli.reconcile import look_everywhere
from cli.train import located
from pipelines.arena.reconciler import Finding
from pipelines.decisions.log import DecisionLog, NewDecision
from pipelines.settings import load_settings
from pipelines.store import open_store

COMMANDS = [command.name for command in app.registered_commands]


@pytest.fixture(autouse=True)
def own_home(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CONTENDER_HOME", str(home))
    for name in ("API", "MLFLOW", "PREFECT"):
        monkeypatch.setenv(f"CONTENDER_PORT_{name}", str(free_port()))


def run(*arguments: str):
    return CliRunner().invoke(app, arguments)


def record_two_decisions() -> list[str]:
    settings = load_settings()
    store = open_store(settings.store_url)
    log = DecisionLog(store, settings.var / "predictions")
    news = [
        NewDecision(kind="admitted", model="product_codes", version="1", artifact_digest="d" * 64),
        NewDecision(kind="test_set", model="product_categories", record={"event": "retired"}),
    ]
    ids = [log.append(new).decision_id for new in news]
    store.close()
    return ids


def test_the_commands_are_those_that_the_manual_promises():
    promised = "up down status train promote rollback decisions replay predict demo-data"
    promised += " reconcile monitor explain approve audit drill service bootstrap worker"

    assert sorted(COMMANDS) == sorted(promised.split())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command):
    result = run(command, "--help")

    assert result.exit_code == 0
    assert f"contender {command}" in result.output.split("Example:")[1]


def test_decisions_as_json_are_objects_with_an_id_newest_first():
    first, second = record_two_decisions()

    listed = json.loads(run("decisions", "--json").stdout)

    assert [entry["decision_id"] for entry in listed] == [second, first]
    assert {"model", "kind", "created_at", "record", "hash"} <= listed[0].keys()


def test_decisions_of_one_model_are_a_table():
    first, second = record_two_decisions()

    output = run("decisions", "--model", "product_codes").stdout

    assert first in output
    assert second not in output


def test_a_decision_is_shown_with_what_followed_from_it():
    first, _ = record_two_decisions()
    settings = load_settings()
    store = open_store(settings.store_url)
    log = DecisionLog(store, settings.var / "predictions")
    words = {"worker-a": "2026-01-01T00:00:05+00:00"}
    for followed in (
        {"alias": {"name": "champion", "before": None, "after": "1"}},
        {"confirmations": words},
    ):
        log.append(NewDecision("effect", "product_codes", {"of": first, **followed}))
    store.close()

    shown = run("decisions", first).stdout
    assert "alias champion: none -> 1" in shown
    assert "2026-01-01T00:00:05+00:00 worker worker-a answers with it" in shown
    followed = json.loads(run("decisions", first, "--json").stdout)["followed"]
    assert followed[1]["confirmations"] == words


def test_no_decisions_yet_is_an_empty_list():
    assert json.loads(run("decisions", "--json").stdout) == []


def test_every_recorded_decision_replays():
    record_two_decisions()

    result = run("replay", "--all")

    assert result.exit_code == 0
    assert result.stdout.count("holds") == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["promote", "product_codes", "--override"], "needs --version and --reason"),
        (
            ["promote", "product_codes", "--version", "9", "--override", "--reason", "x"],
            "version 9 was never judged",
        ),
        (["decisions", "nope"], "no decision is called 'nope'"),
        (["replay", "nope"], "no decision is called 'nope'"),
        (["replay"], "give the id of one decision, or --all"),
        (["train", "product_codes"], "start one with `contender up --detach`"),
        (["promote", "product_codes"], "start one with `contender up --detach`"),
        (["predict", "product_codes", "{}"], "start one with `contender up --detach`"),
        (["rollback", "product_codes", "--reason", "x"], "product_codes has no champion"),
        (["rollback", "shoes", "--reason", "x"], "no model is called 'shoes'"),
        (["up", "--ports", "web=80"], "'web=80' is not NAME=NUMBER"),
        (["reconcile"], "does not answer"),
        (["rollout", "status", "product_codes"], "product_codes has had no rollout"),
        (["demo-data", f"{__file__}/shop"], "test_cli.py/shop cannot be written to"),
    ],
)
def test_a_failure_is_one_line_and_a_non_zero_exit(arguments, said):
    result = run(*arguments)

    assert result.exit_code == 1
    assert said in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert result.stderr.startswith("error: ")


def test_one_models_failure_does_not_keep_the_reconciler_from_the_others():
    class OneIsBroken:
        def look_at(self, model: str) -> list[Finding]:
            if model == "broken":
                raise screen.CommandFailed("its test set is gone")
            return [Finding(model, "projected", "2", "as decided")]

    findings, failures = look_everywhere(OneIsBroken(), ["broken", "sound"])

    assert [finding.model for finding in findings] == ["sound"]
    assert failures == {"broken": "its test set is gone"}


def test_up_names_the_port_that_is_taken_and_starts_nothing(monkeypatch):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        monkeypatch.setenv("CONTENDER_PORT_MLFLOW", str(port))

        result = run("up", "--detach")

    assert result.exit_code == 1
    assert f"port {port} (mlflow)" in result.stderr
    assert not stack.running(load_settings())


def test_up_refuses_a_second_stack_in_one_home():
    with stack.hold_lock(load_settings()):
        result = run("up", "--detach")

    assert result.exit_code == 1
    assert "a stack already runs" in result.stderr


def test_of_two_ups_at_once_the_slower_one_says_so():
    settings = load_settings()
    with (
        stack.hold_lock(settings),
        subprocess.Popen([sys.executable, "-c", ""]) as slower,
        pytest.raises(stack.StackError, match="another `contender up` was faster"),
    ):
        stack.wait_until_ready(settings, slower)


def test_down_without_a_stack_says_so_and_is_no_failure():
    result = run("down")

    assert result.exit_code == 0
    assert "no stack runs" in result.stdout


def test_status_of_a_stopped_stack_is_a_failure_that_programs_can_read():
    result = run("status", "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["phase"] == "stopped"


def test_wrong_settings_are_named_with_their_file(home):
    (home / "contender.toml").write_text("[serving]\nworkers = 0\n")

    result = run("status")

    assert result.exit_code == 1
    assert "contender.toml: serving.workers" in result.stderr


def test_the_home_can_be_given_as_an_option(tmp_path):
    other = tmp_path / "other"

    assert json.loads(run("--home", str(other), "status", "--json").stdout)["home"] == str(other)


@pytest.mark.parametrize(("module", "names"), screen.ERRORS)
def test_every_error_that_is_shown_plainly_exists(module, names):
    for name in names:
        assert issubclass(getattr(importlib.import_module(module), name), Exception)


def test_an_unforeseen_error_is_not_hidden():
    @screen.plain_errors
    def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()


def test_a_plain_error_keeps_its_cause():
    @screen.plain_errors
    def refused() -> None:
        raise screen.CommandFailed("no\nway")

    with pytest.raises(typer.Exit) as caught:
        refused()
    assert isinstance(caught.value.__cause__, screen.CommandFailed)


def test_a_relative_source_means_the_same_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert located("rows.csv") == str(tmp_path / "rows.csv")
    assert located("postgresql://reader@db/shop") == "postgresql://reader@db/shop"
    assert located("") == ""


def test_down_ends_a_stack_whose_files_are_gone():
    marks = processes.mark(stack.stack_id(load_settings()), processes.SUPERVISOR)
    sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
    supervisor = subprocess.Popen(sleeper, env={**os.environ, **marks})

    result = run("down")

    assert supervisor.wait(timeout=60) != 0
    assert "stopped" in result.stdout
