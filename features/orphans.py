"""Ending with whoever asked: who works for another process is of no use once that is dead."""

from __future__ import annotations

import os
import time
from threading import Thread

LOOK_SECONDS = 1.0


def end_with_parent(process_id: int) -> None:
    """Let this process end, whatever Python code it runs, once `process_id` is its parent no more.

    What reads from its parent notices the end only when it reads the next time, which a model or
    a database that hangs never lets it do.
    """
    Thread(target=_watch, args=(process_id,), name="parent", daemon=True).start()


def _watch(process_id: int) -> None:
    while os.getppid() == process_id:
        time.sleep(LOOK_SECONDS)
    os._exit(1)
