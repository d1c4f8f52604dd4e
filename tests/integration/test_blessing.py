"""`python -m serving.bless` in a fresh process: what passes there may serve."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from serving_stage import write_package


def bless(folder: Path, *arguments: str) -> tuple[int, dict]:
    done = subprocess.run(
        [sys.executable, "-m", "serving.bless", str(folder), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def test_a_sound_package_is_blessed_and_measured(tmp_path):
    package = write_package(tmp_path / "1", "uno")

    code, said = bless(package.directory)

    assert (code, said["ok"], said["golden"]) == (0, True, 2)
    assert 0 < said["latency_ms"]["p50"] <= said["latency_ms"]["p99"] < 1000
    assert 10 < said["memory_mb"] < 1000
    assert said["load_seconds"] > 0
    files = [path for path in package.directory.rglob("*") if path.is_file()]
    assert said["size_bytes"] == sum(path.stat().st_size for path in files)
    assert said["digest"] == package.digest


def test_the_same_package_answers_the_same_in_every_process(tmp_path):
    folder = write_package(tmp_path / "1", "uno").directory
    other = write_package(tmp_path / "2", "dos").directory

    assert bless(folder)[1]["golden_sha256"] == bless(folder)[1]["golden_sha256"]
    assert bless(folder)[1]["golden_sha256"] != bless(other)[1]["golden_sha256"]


def test_a_damaged_package_is_refused_with_the_reason(tmp_path):
    folder = write_package(tmp_path / "1", "uno").directory
    (folder / "compiled" / "weights.npz").write_bytes(b"not weights")

    code, said = bless(folder)

    assert (code, said["ok"]) == (1, False)
    assert "weights.npz" in said["reason"]


def test_a_package_that_verifies_but_cannot_be_opened_is_refused(tmp_path):
    package = write_package(tmp_path / "1", "uno")
    code, said = bless(write_package(tmp_path / "2", "uno", form="flavour").directory)

    assert (code, said["ok"]) == (1, False)
    code, said = bless(package.directory, "--digest", "0" * 64)
    assert "0" * 64 in said["reason"]


def test_a_package_that_cannot_answer_its_golden_requests_is_refused(tmp_path):
    code, said = bless(write_package(tmp_path / "1", "uno", golden=[{"text": " "}]).directory)

    assert (code, said["ok"]) == (1, False)
    assert "golden" in said["reason"]
