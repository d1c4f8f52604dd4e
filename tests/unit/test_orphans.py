"""A process that works for another one ends with it, also while it is busy."""

from __future__ import annotations

import subprocess
import sys
import time

import psutil
from waiting import wait_for

CHILD = """
import os, time
from features import orphans
orphans.LOOK_SECONDS = 0.05
orphans.end_with_parent(os.getppid())
print(os.getpid(), flush=True)
time.sleep(600)
"""
PARENT = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {CHILD!r}])
"""


def test_what_hangs_ends_with_the_process_that_asked_it():
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        child = psutil.Process(int(parent.stdout.readline()))
        time.sleep(0.2)
        assert lives(child)
        parent.kill()

    wait_for(lambda: not lives(child))


def lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
