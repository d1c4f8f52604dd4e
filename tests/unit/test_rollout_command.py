"""`contender rollout`: what the operator types becomes a recorded plan, and its state a table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import screen
from cli.main import app
from cli.rollout import changes, seconds, shares
from pipelines.decisions.log import DecisionLog, NewDecision
from pipelines.rollouts import records
from pipelines.rollouts.plan import Step
from pipelines.rollouts.steward import Steward
from pipelines.settings import load_settings
from pipelines.store import open_store

MODEL = "product_codes"


@pytest.fixture
def log(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CONTENDER_HOME", str(home))
    settings = load_settings()
    store = open_store(settings.store_url)
    log = DecisionLog(store, settings.var / "predictions")
    for model in (MODEL, "product_recommendations"):
        for version in ("1", "2"):
            log.append(NewDecision("admitted", model, {}, version, artifact_digest=f"a{version}"))
        log.append(
            NewDecision("override", model, {}, "1", artifact_digest="a1", becomes_champion=True)
        )
    yield log
    store.close()


def run(*arguments: str):
    return CliRunner().invoke(app, ["rollout", *arguments])


def start(*more: str, model: str = MODEL, mode: str = "canary"):
    return run(
        "start", model, "--version", "2", "--mode", mode, "--reason", "try it", *more, "--json"
    )


def test_what_is_typed_becomes_the_plan(log):
    result = start(
        *("--for", "2h", "--share", "0.01:10m,0.05:1h,0.2", "--set", "alpha=0.01"),
        *("--set", "guardrails.latency_ratio=2", "--set", "guardrails.errors=false"),
    )
    assert result.exit_code == 0, result.output
    rollout = records.active(log, MODEL)
    plan = rollout.plan
    assert json.loads(result.stdout)["rollout_id"] == rollout.rollout_id
    assert (plan.seconds, plan.share, plan.alpha) == (7_200, 0.2, 0.01)
    assert plan.ramp == (Step(0.01, 600), Step(0.05, 3_600))
    assert (plan.guardrails.latency_ratio, plan.guardrails.errors) == (2, False)
    assert (plan.metric, plan.target, plan.entity) == ("zero_one", "code", None)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("interleaving", ("choices", "", "user_id")),
        ("ab", ("squared_error", "rating", "user_id")),
        ("shadow", (None, "rating", "user_id")),
    ],
)
def test_how_feedback_is_compared_follows_from_model_and_mode(log, mode, expected):
    result = start(model="product_recommendations", mode=mode)
    assert result.exit_code == 0, result.output
    plan = records.active(log, "product_recommendations").plan
    assert (plan.metric, plan.target, plan.entity) == expected


def test_a_rollout_is_shown_and_stopped_by_its_model(log):
    start()
    shown = run("status", MODEL)
    assert "the challenger was asked nothing" in shown.stdout
    assert "errors" in shown.stdout
    stopped = json.loads(run("stop", MODEL, "--reason", "seen enough", "--json").stdout)
    assert (stopped["verdict"], stopped["finding"]) == ("stopped", "seen enough")
    assert records.active_rollouts(log) == {}
    assert "stopped" in run("status", MODEL).stdout


def test_of_a_rollout_that_has_ended_it_is_said_why(log):
    start()
    log.append(NewDecision("override", MODEL, {}, "3", artifact_digest="a3", becomes_champion=True))
    (end,) = Steward(log).tend()
    assert "superseded: version 3 is champion now, by" in run("status", MODEL).stdout
    assert f"(ended by steward, {end.decision_id})" in run("status", MODEL).stdout
    refused = run("stop", MODEL, "--reason", "seen enough")
    assert refused.exit_code == 1
    assert "has ended already: superseded (version 3 is champion now, by" in refused.stderr


def test_the_end_of_a_rollout_is_shown_among_the_decisions(log):
    start()
    run("stop", MODEL, "--reason", "seen enough")
    ended = log.list(MODEL)[0].decision_id
    shown = CliRunner().invoke(app, ["decisions", ended]).stdout
    assert "- seen enough" in shown
    assert "errors" in shown


def test_rollouts_are_listed_the_newest_first(log):
    start()
    run("stop", MODEL, "--reason", "seen enough")
    start(mode="shadow")
    listed = json.loads(run("list", MODEL, "--json").stdout)
    assert [entry["verdict"] for entry in listed] == ["running", "stopped"]
    assert "shadow" in run("list").stdout


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (("--for", "soon"), "no length of time"),
        (("--share", "0.1:soon,0.2"), "no length of time"),
        (("--share", "half"), "no shares"),
        (("--set", "alpha"), "no setting"),
        (("--set", "speed=3"), "no plan of a rollout"),
        (("--set", "guardrails.mercy=1"), "no plan of a rollout"),
        (("--set", "on_success=promote"), "can promote"),
        (("--version", "9"), "never admitted"),
        (("--version", "1"), "champion already"),
        (("--mode", "yolo"), "mode is one of"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(log, more, why):
    result = start(*more)
    assert result.exit_code == 1
    assert why in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert records.active_rollouts(log) == {}


def test_a_second_rollout_and_an_unknown_one_are_refused(log):
    start()
    assert "stop it first" in start().stderr
    for command in (("status", "nothing"), ("stop", "nothing", "--reason", "why")):
        result = run(*command)
        assert (result.exit_code, "no rollout is called" in result.stderr) == (1, True)


@pytest.mark.parametrize(
    ("text", "expected"), [("90s", 90), ("1.5h", 5_400), ("7d", 604_800), (" 30m ", 1_800)]
)
def test_lengths_of_time_are_read(text, expected):
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "10", "m", "-5m", "1e3s", "5 m"])
def test_other_texts_are_no_length_of_time(text):
    with pytest.raises(screen.CommandFailed):
        seconds(text)


def test_shares_and_settings_are_read():
    assert shares("0.5") == [(0.5, 0.0)]
    assert changes(["metric=zero_one", "guardrails.agreement_floor=null"]) == {
        "metric": "zero_one",
        "guardrails": {"agreement_floor": None},
    }


@pytest.mark.parametrize("command", ["start", "status", "stop", "list"])
def test_every_part_has_help_with_an_example(command):
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"contender rollout {command}" in result.output.split("Example:")[1]
