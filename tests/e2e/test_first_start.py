"""What a newcomer waits for: the stack with its shipped settings, to five served champions."""

from __future__ import annotations

import shutil
import time

import httpx
import pytest
from running_stack import contender, free_ports, processes_of

from pipelines import catalog

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(900)]

MINUTES = 8


def test_up_sees_five_champions_served_within_eight_minutes(tmp_path, pytestconfig):
    home, ports = tmp_path / "home", free_ports()
    home.mkdir()
    shutil.copy(pytestconfig.rootpath / "contender.toml", home)
    began = time.monotonic()
    try:
        contender(home, ports, "up", "--detach")
        took = time.monotonic() - began
        listed = httpx.get(
            f"http://127.0.0.1:{ports['api']}/v1/models", timeout=30, trust_env=False
        ).json()
    finally:
        contender(home, ports, "down")

    champions = {model["model"]: model["champion"]["version"] for model in listed["models"]}
    assert champions == dict.fromkeys((name for name in catalog.names() if name != "stub"), "1")
    assert took < MINUTES * 60
    assert processes_of(home) == []
