"""Rollouts in a real server: real packages of one model, several workers, kills, real feedback."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from decided_home import PREDICT, DecidedHome
from serving_process import ServingProcess
from serving_stage import MODEL

from pipelines.settings import Settings

pytestmark = pytest.mark.slow
ROLLOUTS = f"/v1/models/{MODEL}/rollouts"
BAD = "malo"
"""A word on which a broken package fails."""


@pytest.fixture
def home(make_settings: Callable[..., Settings]) -> Iterator[DecidedHome]:
    with DecidedHome(make_settings) as home:
        home.decide("1", "uno")
        yield home


class Client:
    """Asks a server as many different customers."""

    def __init__(self, server: ServingProcess) -> None:
        self.http = httpx.Client(base_url=server.url, timeout=30, trust_env=False)

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

    def wait_for(self, rollout_id: str, verdict: str) -> dict[str, Any]:
        """Ask for the status until the rollout has ended, and expect it to be so."""
        wait_for(lambda: self.status(rollout_id)["verdict"] != "running")
        found = self.status(rollout_id)
        assert found["verdict"] == verdict, found
        return found


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


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
