"""The console's own tests and its types, run where Node.js and its packages are installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

CONSOLE = Path(__file__).resolve().parents[2] / "console"
TOOLS = CONSOLE / "node_modules" / ".bin"
FILES = sorted(file.name for file in (CONSOLE / "tests").glob("*.test.ts*"))

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    if shutil.which("node") is None or not (TOOLS / "vitest").exists():
        reason = "the console's packages are not installed; run `make console`"
        if os.environ.get("CONTENDER_REQUIRE_CONSOLE") == "1":
            pytest.fail(reason)
        pytest.skip(reason)


def ran(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(TOOLS / command[0]), *command[1:]],
        capture_output=True,
        text=True,
        cwd=CONSOLE,
        timeout=550,
        check=False,
    )


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """What became of the tests of each file."""
    report = tmp_path_factory.mktemp("vitest") / "report.json"
    done = ran("vitest", "run", "--reporter=json", f"--outputFile={report}")
    assert report.is_file(), done.stderr
    results = json.loads(report.read_text())["testResults"]
    return {Path(one["name"]).name: one["assertionResults"] for one in results}


@pytest.mark.parametrize("name", FILES)
def test_every_test_of_the_console_passes(
    name: str, reports: dict[str, list[dict[str, Any]]]
) -> None:
    tests = reports[name]

    failed = [
        (one["fullName"], *one["failureMessages"]) for one in tests if one["status"] != "passed"
    ]

    assert tests
    assert not failed, "\n".join(text for each in failed for text in each)


def test_the_types_of_the_console_fit() -> None:
    done = ran("tsc", "--noEmit")

    assert done.returncode == 0, done.stdout
