"""An operator's override: what it may do, and what it leaves to the gate."""

from __future__ import annotations

from pathlib import Path

import pytest
from ports import free_port
from rivals import contestant
from typer.testing import CliRunner

from cli.main import app
from cli.running import operator
from pipelines.decisions.log import DecisionLog, NewDecision
from pipelines.settings import load_settings
from pipelines.store import open_store

pytestmark = pytest.mark.both_databases


@pytest.fixture(autouse=True)
def registry_is_away(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CONTENDER_HOME", str(home))
    monkeypatch.setenv("CONTENDER_PORT_MLFLOW", str(free_port()))


@pytest.fixture
def log():
    settings = load_settings()
    store = open_store(settings.store_url)
    yield DecisionLog(store, settings.var / "predictions")
    store.close()


@pytest.fixture
def unloadable(log: DecisionLog) -> DecisionLog:
    """Version 1 is champion and cannot be loaded, which is why 2 could not be compared."""
    for version, verdict, judged_against, generation in (
        ("1", "first_champion", None, 0),
        ("2", "champion_unloadable", {"version": "1"}, 1),
    ):
        digest = version * 64
        log.append(
            NewDecision("admitted", "product_codes", version=version, artifact_digest=digest)
        )
        log.append(
            NewDecision(
                "verdict",
                "product_codes",
                version=version,
                verdict=verdict,
                artifact_digest=digest,
                record={"champion": judged_against, "challenger": contestant(version).as_json()},
                expected_generation=generation,
                becomes_champion=verdict == "first_champion",
            )
        )
    return log


def override(version: str, reason: str):
    asked = ["promote", "product_codes", "--version", version, "--override", "--reason", reason]
    return CliRunner().invoke(app, asked)


def test_an_operator_may_override_what_no_figure_could_settle(unloadable):
    said = override("2", "1 is lost")

    assert said.exit_code == 0, said.stderr
    head = unloadable.head("product_codes")
    made = unloadable.get(head.decision_id)
    assert (head.version, head.generation, made.kind) == ("2", 2, "override")
    assert (made.record["actor"], made.record["reason"]) == (operator(), "1 is lost")


def test_a_verdict_against_an_earlier_champion_is_not_overridden(unloadable):
    assert override("2", "1 is lost").exit_code == 0

    again = override("2", "once more")

    assert again.exit_code == 1
    assert "judged against champion 1, and champion is 2: judge it again first" in again.stderr


def test_a_verdict_that_figures_settled_is_not_overridden(unloadable):
    said = override("1", "I like it")

    assert said.exit_code == 1
    assert "first_champion: only" in said.stderr
