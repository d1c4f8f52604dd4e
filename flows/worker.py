"""The worker of a pool: `python -m flows.worker KIND` takes the runs of models off the pool.

As many as wanted may run, on as many machines; one of kind process executes them where it is.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import cast

from flows.pools import pool_name, worker_of
from pipelines.model_settings import PoolKind
from pipelines.settings import load_settings

READY_VARIABLE = "CONTENDER_WORKER_READY"
AGAIN_SECONDS = 1.0
"""Between one word to stop and the next."""


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
    asyncio.run(until_told(worker.start(printer=_started)))


async def until_told(work: Coroutine[object, object, None]) -> None:
    """Work until SIGTERM or SIGINT, or to the end of the work. Raises what the work raises.

    Prefect's own handler cancels once. A worker that is just done with a run can lose that word,
    and would then wait for ever; so it is said again until it is heard.
    """
    loop = asyncio.get_running_loop()
    working, told = asyncio.create_task(work), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    waiting = asyncio.create_task(told.wait())
    await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    while not working.done():
        working.cancel()
        await asyncio.wait({working}, timeout=AGAIN_SECONDS)
    if not working.cancelled():
        working.result()


def _started(message: str, **_style: object) -> None:
    """Prefect prints once when a worker has begun, and once when it has ended."""
    sys.stdout.write(f"{message}\n")
    if READY_VARIABLE in os.environ:
        path = Path(os.environ[READY_VARIABLE])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(os.getpid()), encoding="utf-8")


if __name__ == "__main__":
    main(cast(PoolKind, sys.argv[1]))
