"""The worker of a pool: `python -m flows.worker KIND` takes the runs of models off the pool.

As many as wanted may run, on as many machines; one of kind process executes them where it is.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from pathlib import Path
from typing import cast

from prefect.utilities.processutils import setup_signal_handlers_worker

from flows.pools import pool_name, worker_of
from pipelines.model_settings import PoolKind
from pipelines.settings import load_settings

READY_VARIABLE = "CONTENDER_WORKER_READY"


def main(kind: PoolKind) -> None:
    """Say that we are ready, and work until told to stop. Raises `PoolRefused`."""
    settings = load_settings()
    worker = worker_of(kind)(
        work_pool_name=pool_name(kind),
        # One that is started anew is another worker: Prefect knows the old one for some time.
        name=f"{socket.gethostname()}-{os.getpid()}",
        limit=settings.flows.at_once,
        create_pool_if_not_found=False,
    )
    setup_signal_handlers_worker(os.getpid(), f"the {kind} worker", _say)
    try:
        asyncio.run(worker.start(printer=_started))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return


def _say(message: str) -> None:
    sys.stdout.write(f"{message}\n")


def _started(message: str, **_style: object) -> None:
    """Prefect prints once when a worker has begun, and once when it has ended."""
    _say(message)
    if READY_VARIABLE in os.environ:
        path = Path(os.environ[READY_VARIABLE])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(os.getpid()), encoding="utf-8")


if __name__ == "__main__":
    main(cast(PoolKind, sys.argv[1]))
