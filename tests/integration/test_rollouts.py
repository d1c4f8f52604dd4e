"""Rollouts in a real server: real packages of one model, several workers, kills, real feedback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import pytest
from decided_home import PREDICT, DecidedHome
from serving_process import ServingProcess
from serving_stage import MODEL
from stub_family import FAMILY, texts
from waiting import wait_for

from pipelines.arena.arena import silent
from pipelines.settings import Settings
from pipelines.versions.artifact import Package
from pipelines.versions.packaging import Facts, build

pytestmark = pytest.mark.slow
ROLLOUTS = f"/v1/models/{MODEL}/rollouts"
NO_CLOCK = {"latency": False}
"""Guardrails where latency is not what a test is about: it must not end a rollout before that."""
BAD = "malo"
"""A word on which a broken package fails."""


@pytest.fixture
def home(make_settings: Callable[..., Settings]) -> Iterator[DecidedHome]:
    with DecidedHome(make_settings) as home:
        home.decide("1", "uno")
        yield home


class Client:
    """Asks a server as many different customers; any worker answers where `anew` connects."""

    def __init__(self, server: ServingProcess, *, anew: bool = False) -> None:
        headers = {"Connection": "close"} if anew else {}
        self.http = httpx.Client(base_url=server.url, timeout=100, trust_env=False, headers=headers)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *raised: object) -> None:
        self.http.close()

    def start(self, mode: str, challenger: str = "2", **plan: Any) -> str:
        body = {"mode": mode, "challenger": challenger, "seconds": 600}
        body |= {"actor": "ana", "reason": "a test", **plan}
        response = self.http.post(ROLLOUTS, json=body)
        assert response.status_code == 201, response.text
        assert response.headers["Location"] == f"/v1/rollouts/{response.json()['rollout_id']}"
        return str(response.json()["rollout_id"])

    def status(self, rollout_id: str) -> dict[str, Any]:
        return dict(self.http.get(f"/v1/rollouts/{rollout_id}").json())

    def ask(self, unit: str, text: str = "pintura") -> dict[str, Any]:
        response = self.http.post(
            PREDICT, json={"instances": [{"text": text}]}, headers={"X-Unit-Id": unit}
        )
        assert response.status_code == 200, response.text
        return dict(response.json())

    def version(self, unit: str, text: str = "pintura") -> str:
        return str(self.ask(unit, text)["model"]["version"])

    def arm(self, rollout_id: str, arm: str) -> dict[str, Any]:
        return dict(self.status(rollout_id)["arms"][arm])

    def stop(self, rollout_id: str) -> dict[str, Any]:
        body = {"actor": "ana", "reason": "seen enough"}
        response = self.http.post(f"/v1/rollouts/{rollout_id}/stop", json=body)
        assert response.status_code == 200, response.text
        return dict(response.json())

    def wait_until_taken(self, rollout_id: str) -> None:
        wait_for(lambda: self.status(rollout_id)["here"] == "taking_part")

    def say(self, answer: dict[str, Any], **feedback: Any) -> None:
        body = {"prediction_id": answer["prediction_ids"][0], "reviewer": "ana", **feedback}
        response = self.http.post(f"/v1/models/{MODEL}/feedback", json=body)
        assert response.status_code == 201, response.text

    def wait_for(self, rollout_id: str, verdict: str) -> dict[str, Any]:
        """Ask for the status until the rollout has ended, and expect it to be so."""
        wait_for(lambda: self.status(rollout_id)["verdict"] != "running")
        found = self.status(rollout_id)
        assert found["verdict"] == verdict, found
        return found


def test_a_shadow_is_mirrored_off_the_path_and_its_disagreement_seen(home):
    home.offer("2", "dos")
    with ServingProcess(home.folder) as server, Client(server) as client:
        rollout_id = client.start("shadow", share=1.0)
        client.wait_until_taken(rollout_id)
        versions = {client.version(f"u{number}") for number in range(50)}
        wait_for(lambda: client.arm(rollout_id, "challenger")["compared"] >= 50)
        found = client.stop(rollout_id)

    arms = found["arms"]
    assert versions == {"1"}
    assert arms["challenger"]["agreed"] == arms["challenger"]["errors"] == 0
    assert arms["champion"]["requests"] == arms["challenger"]["requests"] == 50
    assert arms["challenger"]["p95_ms"] > 0
    assert (found["verdict"], found["ended_by"]) == ("stopped", "ana")
    sample = found["disagreements"][0]
    assert (sample["champion"][0]["topic"], sample["challenger"][0]["topic"]) == ("uno", "dos")


def test_a_canary_that_fails_is_rolled_back_by_two_workers_and_no_client_sees_it(home):
    home.offer("2", "dos", fail_on_a_word)
    with ServingProcess(home.folder, workers=2) as server, Client(server, anew=True) as client:
        rollout_id = client.start("canary", share=0.5, guardrails=NO_CLOCK)
        inside = {f"u{number}" for number in range(40)}
        # Once both workers take part, whoever is in is in at each of them.
        wait_for(lambda: is_steady(client, inside))
        first = {unit: client.version(unit) for unit in inside}
        versions = set()
        for number in range(500):
            versions.add(client.version(f"w{number}", BAD))
            if number % 20 == 0 and client.status(rollout_id)["verdict"] != "running":
                break
        found = client.wait_for(rollout_id, "rolled_back")
        wait_for(lambda: {client.version(unit) for unit in first} == {"1"})
        assert set(first.values()) == {"1", "2"}
        decisions = client.http.get(f"/v1/decisions/{found['end_decision_id']}").json()

    assert versions == {"1"}
    assert found["ended_by"] == "steward"
    assert "errors" in {check["name"] for check in found["checks"] if check["passed"] is False}
    assert decisions["record"]["of"] == rollout_id
    assert decisions["record"]["totals"]["cells"]


def test_a_kill_in_the_middle_keeps_the_rollout_and_who_is_in_it(home):
    home.offer("2", "dos")
    with ServingProcess(home.folder) as server, Client(server) as client:
        rollout_id = client.start("canary", share=0.4)
        client.wait_until_taken(rollout_id)
        before = {f"u{number}": client.version(f"u{number}") for number in range(60)}
        wait_for(lambda: client.arm(rollout_id, "champion")["requests"] > 0)
        wait_for(lambda: requests(client, rollout_id) == 60)
        server.kill()
    with ServingProcess(home.folder) as server, Client(server) as client:
        # Taken up before the first request is answered.
        after = {unit: client.version(unit) for unit in before}
        wait_for(lambda: requests(client, rollout_id) == 120)
        assert client.status(rollout_id)["verdict"] == "running"

    assert set(before.values()) == {"1", "2"}
    assert after == before


def test_a_slow_canary_is_rolled_back(home):
    home.offer("2", "dos", slow_down)
    rails = {"latency_grace_ms": 5.0, "latency_ratio": 1.5}
    with ServingProcess(home.folder) as server, Client(server) as client:
        rollout_id = client.start("canary", share=0.05, guardrails=rails)
        client.wait_until_taken(rollout_id)
        for number in range(5_000):
            client.version(f"u{number}")
            if number % 50 == 0 and client.status(rollout_id)["verdict"] != "running":
                break
        found = client.wait_for(rollout_id, "rolled_back")

    failed = {check["name"] for check in found["checks"] if check["passed"] is False}
    assert failed == {"latency"}
    assert found["arms"]["challenger"]["p50_ms"] > found["arms"]["champion"]["p50_ms"]


@pytest.mark.parametrize(
    ("truth", "verdict", "promoted"), [("uno", "rolled_back", False), ("dos", "superior", True)]
)
def test_an_ab_test_is_decided_by_feedback(home, truth, verdict, promoted):
    home.offer("2", "dos")
    with ServingProcess(home.folder) as server, Client(server) as client:
        rollout_id = client.start("ab", share=0.5, on_success="promote", guardrails=NO_CLOCK)
        client.wait_until_taken(rollout_id)
        for number in range(1_000):
            client.say(client.ask(f"u{number}"), actual=truth)
            if number % 50 == 0 and client.status(rollout_id)["verdict"] != "running":
                break
        found = client.wait_for(rollout_id, verdict)
        if promoted:
            wait_for(lambda: {client.version(f"x{number}") for number in range(20)} == {"2"})
            answer = client.ask("x1")["model"]
            assert answer["decision_id"] == found["end_decision_id"]
            assert answer["generation"] == 2

    assert found["promoted"] is promoted


def test_a_challenger_in_a_worker_process_takes_part_and_its_death_is_seen_by_nobody(
    home, tmp_path
):
    package = flavoured(tmp_path)
    home.admit("2", package)
    with (home.folder / "contender.toml").open("a") as settings:
        # The challenger has half of it, in which its next process starts.
        settings.write("deadline_seconds = 180\n")
    with ServingProcess(home.folder) as server, Client(server) as client:
        rollout_id = client.start("canary", share=0.5)
        client.wait_until_taken(rollout_id)
        assert {client.version(f"u{number}", "pint1") for number in range(20)} == {"1", "2"}
        for worker in flavour_workers(server):
            worker.kill()
        # The first request finds the worker dead, those after it a new one.
        assert {client.version(f"u{number}", "pint1") for number in range(20)} == {"1", "2"}
        wait_for(lambda: requests(client, rollout_id) == 40)
        found = client.stop(rollout_id)
        wait_for(lambda: flavour_workers(server) == [])

    assert found["verdict"] == "stopped"
    assert found["arms"]["challenger"]["errors"] <= 1


def flavoured(folder: Path) -> Package:
    """Return a package whose compiled form disagrees, so that its plain form has to answer."""
    params = FAMILY.Params(digits=0)
    split = FAMILY.split(texts(2000))
    fitted = FAMILY.fit(split.train, split.validation, params, 1, silent)
    facts = Facts(params, {}, {}, {}, {}, frozenset(), datetime(2026, 1, 1, tzinfo=UTC))
    return build(folder, FAMILY, fitted, FAMILY.examples(split.test).requests, facts)


def flavour_workers(server: ServingProcess) -> list[psutil.Process]:
    children = psutil.Process(server.process.pid).children(recursive=True)
    return [child for child in children if is_flavour_worker(child)]


def is_flavour_worker(process: psutil.Process) -> bool:
    try:
        return "pipelines.versions.flavour_worker" in process.cmdline()
    except psutil.Error:  # it is just ending
        return False


def is_steady(client: Client, units: set[str]) -> bool:
    """Return whether a share of the units is answered by the challenger, the same four times."""
    looks = [{unit for unit in units if client.version(unit) == "2"} for _ in range(4)]
    return bool(looks[0]) and all(look == looks[0] for look in looks)


def requests(client: Client, rollout_id: str) -> int:
    return sum(int(arm["requests"]) for arm in client.status(rollout_id)["arms"].values())


def fail_on_a_word(compiled: Path) -> None:
    """Let a package answer a topic that it has no name for, when it reads one word."""
    np.savez(
        compiled / "weights.npz",
        weights=np.log(np.array([[0.01, 0.01, 0.98], [0.9, 0.05, 0.05]])),
        topics=np.array(["dos", "otra"]),
        vocabulary=np.array([BAD], dtype=str),
    )


def slow_down(compiled: Path) -> None:
    """Let a package weigh four million topics that nobody needs."""
    weights = np.full((1, 4_000_000), -50.0)
    weights[0, 0] = 0.0
    np.savez_compressed(
        compiled / "weights.npz",
        weights=weights,
        topics=np.array(["dos", "otra"]),
        vocabulary=np.array([], dtype=str),
    )
