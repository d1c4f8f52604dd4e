"""`contender status`: its exit code is what programs go by."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import stack
from cli.main import app
from cli.stack import ServiceView, StackView
from pipelines.settings import Settings, load_settings


@pytest.fixture
def running(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings of a home whose supervisor lives, as far as its lock can tell."""
    monkeypatch.setenv("CONTENDER_HOME", str(home))
    settings = load_settings()
    with stack.hold_lock(settings):
        yield settings


@pytest.mark.parametrize(("phase", "code"), [("healthy", 0), ("restarting", 1), ("starting", 1)])
def test_a_service_that_died_since_makes_a_ready_stack_unhealthy(running, phase, code):
    services = [
        ServiceView(name="migrate", phase="done", pid=1, restarts=0, log=""),
        ServiceView(name="api", phase=phase, pid=2, restarts=1, log=""),
    ]
    view = StackView(
        phase="ready", supervisor_pid=1, started_at=0.0, ports=running.ports, services=services
    )
    stack.write_view(running, view)

    result = CliRunner().invoke(app, ["status", "--json"])

    assert result.exit_code == code
    assert json.loads(result.stdout)["services"][1]["phase"] == phase
