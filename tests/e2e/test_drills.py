"""`contender drill` as an operator runs it: promises kept, nothing lost, nothing left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress

import psutil
import pytest

from cli.drills.catalogue import NAMES

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def run() -> subprocess.CompletedProcess[str]:
    """One run of every drill in its short form."""
    environment = {**os.environ, "PYTHONSAFEPATH": "1"}
    for name in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE"):
        environment.pop(name, None)
    command = [sys.executable, "-m", "cli.main", "drill", "--json"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def results(run: subprocess.CompletedProcess[str]) -> dict[str, dict]:
    assert run.stdout, run.stderr[-3000:]
    return {result["name"]: result for result in json.loads(run.stdout)}


@pytest.mark.parametrize("name", NAMES)
def test_its_promise_is_kept_and_nothing_is_lost(results, name):
    result = results[name]

    assert result["verdict"] == "kept", (result["happened"], result["broken"])
    assert result["lost"] == 0
    assert result["recovery_seconds"] is not None


def test_the_exit_code_says_that_all_were_kept(run):
    assert run.returncode == 0, run.stderr[-3000:]


def test_nothing_of_the_broken_stack_runs_on(run, until):
    # Of what was killed, children that watch their parent take a moment to notice.
    with suppress(AssertionError):
        until(lambda: running() == [], 60)
    assert running() == []


def running() -> list[list[str]]:
    """Return the commands of processes whose home is a drill's."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if "contender-drill-" in process.environ().get("CONTENDER_HOME", ""):
                found.append(process.cmdline())
    return found
