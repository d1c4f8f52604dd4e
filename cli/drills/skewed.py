"""Runs a module in a process whose clock is wrong: `python -m cli.drills.skewed SECONDS MODULE`.

What Python calls the time is shifted, in this process only: `time.time`, and `datetime.now` as the
logs of decisions and predictions call it. What measures durations is left alone, as on a machine
whose clock was set wrongly.
"""

from __future__ import annotations

import runpy
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from importlib import import_module

STAMPING = ("pipelines.decisions.log", "pipelines.prediction_log")
"""Modules that write down when something happened."""


def shift(seconds: float) -> None:
    """Let this process's clock be ahead by so many seconds, or behind where they are negative."""
    real: Callable[[], float] = time.time
    time.time = lambda: real() + seconds

    class Shifted(datetime):
        """A `datetime` whose now is another."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + timedelta(seconds=seconds)

    # Only now: what takes `time.time` for a default has to take the shifted one.
    for name in STAMPING:
        import_module(name).datetime = Shifted  # type: ignore[attr-defined]


if __name__ == "__main__":
    shift(float(sys.argv[1]))
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
