"""A stack without a supervisor: one service in the foreground, and a key made elsewhere."""

from __future__ import annotations

import os

import pytest
from typer.testing import CliRunner

from cli import first_run, service, stack
from cli.main import app
from cli.stack import StackError
from pipelines.access.keys import KeyRefused, Keys
from pipelines.orchestration import Form, UnknownDeployment

pytestmark = pytest.mark.both_databases
KEY = "ck_0123456789_" + 64 * "a"


class Became(Exception):
    """What the process would have become."""


@pytest.fixture
def home_of_its_own(home, monkeypatch):
    monkeypatch.setenv("CONTENDER_HOME", str(home))
    (home / "contender.toml").write_text("", encoding="utf-8")
    return home


def test_the_process_becomes_the_service_with_the_places_of_the_stack(home_of_its_own, monkeypatch):
    def become(program, arguments, environment):
        raise Became(program, arguments, environment["CONTENDER_HOME"])

    monkeypatch.setattr(os, "execve", become)

    result = CliRunner().invoke(app, ["service", "jobs"])

    program, arguments, where = result.exception.args
    assert arguments == [program, "-m", "serving.job_worker"]
    assert where == str(home_of_its_own)


def test_an_unknown_service_is_refused_with_those_there_are(home_of_its_own):
    result = CliRunner().invoke(app, ["service", "apis"])

    assert result.exit_code == 1
    assert "apis is no service of this stack; it has mlflow-migration" in result.stderr


def test_what_it_needs_and_does_not_answer_is_named_after_a_while(home_of_its_own, monkeypatch):
    monkeypatch.setenv("CONTENDER_MLFLOW_URL", "http://127.0.0.1:1")

    result = CliRunner().invoke(app, ["service", "reconciler", "--wait-seconds", "0"])

    assert result.exit_code == 1
    assert "http://127.0.0.1:1/health does not answer" in result.stderr


def test_a_store_that_is_away_is_named_without_its_password(home_of_its_own, monkeypatch):
    monkeypatch.setenv(
        "CONTENDER_STORE_URL", "postgresql+psycopg://me:s3cret@127.0.0.1:1/contender"
    )

    result = CliRunner().invoke(app, ["service", "jobs", "--wait-seconds", "0"])

    assert result.exit_code == 1
    assert "the store at postgresql+psycopg://me:***@127.0.0.1:1/contender" in result.stderr
    assert "connection refused" in " ".join(result.stderr.split()).lower(), "and why"
    assert "s3cret" not in result.stderr


def test_bootstrap_waits_for_the_deployments_and_does_what_up_does(home_of_its_own, monkeypatch):
    asked: list[str] = []

    class Prefect:
        def __enter__(self):
            return self

        def __exit__(self, *_error):
            return None

        def form(self, model):
            asked.append(model)
            if len(asked) < 3:
                raise UnknownDeployment("not yet")
            return Form({}, {}, "")

    done: list[str] = []
    (home_of_its_own / "contender.toml").write_text('[models.stub]\nsource = { url = "x.csv" }\n')
    monkeypatch.setattr(service, "orchestration", lambda _settings: Prefect())
    monkeypatch.setattr(service, "PAUSE_SECONDS", 0.0)
    for step in ("bring_up_champions", "print_welcome", "begin_demo_day"):
        monkeypatch.setattr(first_run, step, lambda *_a, step=step, **_k: done.append(step))

    for _ in range(2):  # the second time finds everything there
        assert CliRunner().invoke(app, ["bootstrap"]).exit_code == 0

    assert asked == ["stub"] * 4
    assert done == ["bring_up_champions", "print_welcome", "begin_demo_day"] * 2


def test_a_key_made_elsewhere_is_let_in_once_and_never_with_another_secret(store):
    keys = Keys(store)
    keys.adopt(KEY, "contender", "operator", by="a test")
    keys.revoke("0123456789", by="ana")

    assert keys.adopt(KEY, "contender", "operator", by="a test").revoked_by == "ana"
    with pytest.raises(KeyRefused, match="another secret"):
        keys.adopt(KEY[:-1] + "b", "contender", "operator", by="a test")
    with pytest.raises(KeyRefused, match="that is no key"):
        keys.adopt("letmein", "contender", "operator", by="a test")


def test_commands_ask_an_api_that_runs_elsewhere_without_a_stack_of_ours(
    home_of_its_own, monkeypatch
):
    with pytest.raises(StackError, match="no stack runs"):
        stack.running_settings()

    monkeypatch.setenv("CONTENDER_API_URL", "http://api:8000")

    assert stack.running_settings().api_url == "http://api:8000"
