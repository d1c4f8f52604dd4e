"""The whole cycle with nobody at the desk but a reviewer: what customers ask drifts away from what
the champion was taught, the monitoring says so, an event starts a retraining, the gate cannot
decide and asks for labels, they are given, and the API answers by the version that they promoted.

Real MLflow, Prefect, flow runner, reconciler and API. Nothing is told when to begin but the daily
assessment, which a day would have to be waited for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pandas as pd
import pytest
from running_stack import Stack, contender, free_ports, processes_of
from steady_load import SteadyLoad
from stub_family import texts
from stub_lifecycle import GOOD, WEAK, Lifecycle, bless_here

from pipelines.arena.gate import Gate
from pipelines.decisions.log import DecisionLog
from pipelines.settings import load_settings
from pipelines.store import open_store

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(1800)]

SETTINGS = f"""
[models.stub]
source = {{ url = "texts.csv" }}
params = {{ vocabulary = {GOOD} }}
# Nobody can tell a fifth of a point from chance by some 400 rows.
policy = {{ non_inferiority_margin = 0.002 }}
# All of it happens within minutes here.
monitoring = {{ minimum_answers = 100, cool_down_hours = 0 }}
"""
MODEL = "/v1/models/stub"
AT_A_TIME = 25
"""Labels that the reviewer gives before looking up; the reconciler looks every 5 seconds."""


def drifted(rows: int, seed: int) -> pd.DataFrame:
    """Texts about the same topics in words that nobody used before, with their true topics."""
    found = texts(rows, seed=seed, noise=0.0)
    renamed = found["text"].str.replace(r"\b(pint|herr|plom|eléc)(\d+)", r"\1new\2", regex=True)
    return found.assign(text=renamed).drop_duplicates("text")


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    home, ports = tmp_path / "home", free_ports()
    home.mkdir()
    (home / "contender.toml").write_text(SETTINGS, encoding="utf-8")
    texts(2_000).to_csv(home / "texts.csv", index=False)
    try:
        said = contender(home, ports, "up", "--detach", "--no-bootstrap", with_stub=True).stdout
        yield Stack(home, ports, said, with_stub=True)
    finally:
        contender(home, ports, "down", with_stub=True)
    assert [process.cmdline() for process in processes_of(home)] == []


@pytest.fixture
def lifecycle(stack: Stack, tmp_path: Path) -> Iterator[Lifecycle]:
    """Somebody who registers and promotes versions by hand, before the cycle begins."""
    places = {f"CONTENDER_PORT_{name.upper()}": str(port) for name, port in stack.ports.items()}
    settings = load_settings({"CONTENDER_HOME": str(stack.home), **places})
    (tmp_path / "candidates").mkdir()
    store = open_store(settings.store_url)
    log = DecisionLog(store, settings.var / "predictions")
    with Gate(settings, store, log, blesser=bless_here) as gate:
        yield Lifecycle(settings, store, log, gate, tmp_path / "candidates")
    store.close()


def call(address: str, body: object | None = None) -> dict:
    """Return what an address answers to a GET, or to a POST of `body`."""
    with httpx.Client(timeout=30, trust_env=False) as client:
        response = client.get(address) if body is None else client.post(address, json=body)
    assert response.is_success, f"{response.status_code} {response.text[:500]}"
    return response.json()


def ask(stack: Stack, questions: pd.Series) -> dict:
    """Ask the API all of it, as customers do."""
    return call(
        f"{stack.api}{MODEL}/predict", {"instances": [{"text": text} for text in questions]}
    )


def assess(stack: Stack) -> None:
    """Do now what happens once a day: start the deployed flow that assesses the champions."""
    found = call(f"{stack.prefect}/api/deployments/name/monitor/champions")
    call(f"{stack.prefect}/api/deployments/{found['id']}/create_flow_run", {})


def newest(stack: Stack, kind: str = "verdict") -> dict:
    """Return the newest decision of a kind as the API shows it."""
    listed = call(f"{stack.api}/v1/decisions?model=stub&limit=100")["decisions"]
    found = {entry["kind"]: entry["decision_id"] for entry in reversed(listed)}
    return call(f"{stack.api}/v1/decisions/{found[kind]}")


def taught(lifecycle: Lifecycle, stack: Stack, until, **params: int) -> str:
    """Train and promote a version by hand; return it once the API answers by it."""
    version = lifecycle.challenge(**params)
    assert lifecycle.judge(version).verdict in {"first_champion", "promoted"}
    until(lambda: stack.champion("stub") == version, 180)
    return version


def review(stack: Stack, truth: dict[str, str]) -> None:
    """Say what the next questions are that a decision waits for, while it does."""
    waiting = call(f"{stack.api}{MODEL}/label-requests?limit={AT_A_TIME}")["requests"]
    for question in waiting:
        label = {"text": question["text"], "value": truth[question["text"]], "reviewer": "ana"}
        kept = call(f"{stack.api}{MODEL}/labels", label)
        assert kept["pool"] == "test"
        if not kept["asked"]:
            return  # decided meanwhile: it waits for no more


def label_until_decided(stack: Stack, truth: dict[str, str], until) -> dict:
    """Label until the verdict is updated, and return it."""
    asking = newest(stack)["decision_id"]

    def is_decided() -> bool:
        return newest(stack)["decision_id"] != asking

    for _ in range(8):
        review(stack, truth)
        with suppress(AssertionError):
            until(is_decided, 20)
            return newest(stack)
    until(is_decided, 300)
    return newest(stack)


def test_drift_ends_in_a_served_better_champion_by_nothing_but_labels(stack, lifecycle, until):
    taught(lifecycle, stack, until, vocabulary=WEAK)
    usual = texts(300, seed=11, noise=0.0)
    ask(stack, usual["text"])
    champion = taught(lifecycle, stack, until, vocabulary=GOOD)

    changed = drifted(500, seed=17)
    ask(stack, changed["text"])
    pd.concat([texts(2_000), drifted(800, seed=91)]).to_csv(stack.home / "texts.csv", index=False)
    assess(stack)

    until(lambda: newest(stack)["version"] not in {"1", champion}, 600)
    verdict = newest(stack)
    trigger = verdict["record"]["trigger"]
    assert verdict["verdict"] == "undecided", verdict["record"]["ruling"]["reasons"]
    assert (trigger["kind"], trigger["actor"]) == ("drift", "monitoring/drift")
    assert "input: text differs" in trigger["reason"]
    run = call(f"{stack.prefect}/api/flow_runs/{trigger['flow_run_id']}")
    assert run["created_by"]["type"] == "AUTOMATION"
    [assessment] = call(f"{stack.api}{MODEL}/assessments")["assessments"]
    assert "input: text" in assessment["alarms"]

    until(lambda: newest(stack, "labels_requested")["record"]["of"] == verdict["decision_id"], 300)
    asked = pd.concat([usual, changed])
    truth = dict(zip(asked["text"], asked["topic"], strict=True))
    with SteadyLoad(f"{stack.api}{MODEL}/predict", {"text": changed["text"].iloc[0]}) as load:
        decided = label_until_decided(stack, truth, until)
        assert decided["verdict"] == "promoted", decided["record"]["ruling"]["reasons"]
        until(lambda: load.latest == verdict["version"], 180)
    assert load.failures == []
    assert load.versions == [champion, verdict["version"]]
    labels = decided["record"]["ruling"]["labels"]
    assert labels["labelled"] < labels["asked"]
    answer = ask(stack, changed["text"].head(1))
    assert answer["model"]["decision_id"] == decided["decision_id"]

    kinds = [entry.kind for entry in reversed(lifecycle.log.list("stub"))]
    assert kinds.count("labels_requested") == kinds.count("labels_closed") == 1
    assert stack.command("replay", "--all").returncode == 0
