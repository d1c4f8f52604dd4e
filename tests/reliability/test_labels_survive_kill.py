"""A label that was acknowledged is on disk: the process may be killed the moment after."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from pipelines.labels import Labels
from pipelines.store import open_store

WRITER = """
import sys
from pipelines.labels import Labels
from pipelines.store import open_store
labels = Labels(open_store(sys.argv[1]))
for number in range(1_000_000):
    labels.add("product_codes", f"tornillo {number}", f"code {number}", shown={}, reviewer="ana")
    print(number, flush=True)
"""


def test_no_acknowledged_label_is_lost_when_the_writer_is_killed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'contender.db'}"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    acknowledged = [int(writer.stdout.readline()) for _ in range(25)]
    os.kill(writer.pid, signal.SIGKILL)
    acknowledged += [int(line) for line in writer.stdout.read().split("\n") if line]
    writer.stdout.close()
    assert writer.wait() == -signal.SIGKILL

    store = open_store(url)
    kept = {label.value for label in Labels(store).confirmed("product_codes").values()}
    store.close()
    assert {f"code {number}" for number in acknowledged} <= kept
    assert len(kept) - len(acknowledged) in (0, 1)
