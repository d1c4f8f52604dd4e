"""What the server gives back to the system, and what it leaves alone."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

import numpy as np
import pytest

from serving.slots.memory import give_back, unchanged_code

SMAPS = """\
7f00-7f10 r-xp 00001000 fe:00 260850                     /lib/libsome.so.3
Rss:                  60 kB
Anonymous:             0 kB
7f10-7f14 r--p 00011000 fe:00 260850                     /lib/libsome.so.3
Anonymous:             8 kB
7f14-7f18 rw-p 00015000 fe:00 260850                     /lib/libsome.so.3
Anonymous:             0 kB
7f20-7f30 r--p 00000000 fe:00 260851                     /home/weights.npy
Anonymous:             0 kB
7f40-7f50 r-xp 00000000 00:00 0
Anonymous:             0 kB
7f60-7f70 r--p 00000000 fe:00 260852                     /lib/with spaces/other.cpython-311.so
Anonymous:             0 kB
"""


def test_only_a_librarys_mapping_that_nothing_was_written_to_is_let_go() -> None:
    assert list(unchanged_code(SMAPS)) == [(0x7F00, 0x10), (0x7F60, 0x10)]


def test_libraries_work_as_before_when_their_code_was_given_back() -> None:
    before = np.linalg.inv(np.array([[2.0, 1.0], [1.0, 3.0]]))
    give_back()
    assert (np.linalg.inv(np.array([[2.0, 1.0], [1.0, 3.0]])) == before).all()
    assert sqlite3.connect(":memory:").execute("SELECT upper('a')").fetchone() == ("A",)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what is mapped")
def test_code_that_does_not_run_again_counts_no_longer() -> None:
    before = _mapped_kilobytes()
    give_back()
    assert _mapped_kilobytes() < before


def _mapped_kilobytes() -> int:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssFile:"))
