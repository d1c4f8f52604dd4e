"""What others do beside the stack: Python programs that a drill runs to their end."""

from __future__ import annotations

import os
import subprocess
import sys

from cli import processes
from cli.drills.ground import Ground
from cli.services import service_environment

SHOWN_CHARACTERS = 600


class ProgramFailed(RuntimeError):
    """A program ended otherwise than well; the message quotes the end of what it said."""


def run_python(ground: Ground, name: str, *arguments: str, seconds: float) -> str:
    """Return what a program prints; it ends with the stack, if that comes first.

    Raises `ProgramFailed`, also where it takes longer than so many seconds.
    """
    environment = {
        **service_environment(ground.settings, os.environ),
        **processes.mark(ground.stack_id, f"drill-{name}"),
    }
    try:
        done = subprocess.run(
            [sys.executable, *arguments],
            env=environment,
            capture_output=True,
            check=False,
            text=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        raise ProgramFailed(f"the {name} did not end within {seconds:.0f} s") from None
    if done.returncode:
        said = done.stderr.strip()[-SHOWN_CHARACTERS:]
        raise ProgramFailed(f"the {name} ended with {done.returncode}: {said}")
    return done.stdout
