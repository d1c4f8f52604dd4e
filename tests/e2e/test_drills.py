"""`contender drill` as an operator runs it: promises kept, nothing lost, nothing left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from cli.drills.catalogue import NAMES

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """Where the run makes its home: what others do on this machine is not taken for its doing."""
    with tempfile.TemporaryDirectory(prefix="drills-", ignore_cleanup_errors=True) as folder:
        yield Path(folder).resolve()


@pytest.fixture(scope="module")
def run(place: Path) -> subprocess.CompletedProcess[str]:
    """One run of every drill in its short form."""
    environment = {**os.environ, "PYTHONSAFEPATH": "1", "TMPDIR": str(place)}
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


def test_nothing_of_the_broken_stack_runs_on(run, place, until):
    # Of what was killed, children that watch their parent take a moment to notice.
    with suppress(AssertionError):
        until(lambda: running(place) == [], 180)
    assert running(place) == []


def test_no_home_of_it_stays_on_the_disk(run, place):
    assert list(place.glob("contender-drill-*")) == []


def running(place: Path) -> list[list[str]]:
    """Return the commands of processes whose home is in a folder."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get("CONTENDER_HOME", "").startswith(str(place)):
                found.append(process.cmdline())
    return found
