"""Processes are found by their mark, and ended whatever their number was before."""

from __future__ import annotations

import os
import subprocess
import sys

import psutil

from cli import processes


def test_a_process_that_got_the_number_of_one_that_is_gone_is_ended_all_the_same():
    marks = processes.mark("a-stack", "a-service")
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env={**os.environ, **marks}
    ) as child:
        # What an earlier look saw under this number had begun at another time.
        known = next(each for each in psutil.process_iter() if each.pid == child.pid)
        known._ident = (child.pid, 0.0)

        processes.end(processes.marked("a-stack"), grace_seconds=60)

        assert child.wait(timeout=60) != 0
