"""What a worker counts lies in files written as memory: they have their room beforehand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

COUNTING = """
from serving.metrics.telemetry import Telemetry
telemetry = Telemetry()
telemetry.looked(True)
telemetry.swaps.labels("stub", "swapped").inc()
print(telemetry.render().decode())
"""


def test_no_file_of_the_metrics_has_a_hole_that_a_full_disk_could_not_fill(
    tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))

    command = [sys.executable, "-c", COUNTING]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    files = {file.name: file.stat() for file in tmp_path.glob("*.db")}
    assert files
    assert {name for name, stat in files.items() if stat.st_blocks * 512 < stat.st_size} == set()
    assert 'contender_swaps_total{model="stub",outcome="swapped"} 1.0' in said
    assert "contender_registry_up 1.0" in said
