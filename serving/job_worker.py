"""`python -m serving.job_worker`: works on the jobs of a home folder until told to stop.

A process of its own that gives way to the API: whatever the API wants of a processor, it gets.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Event

from pipelines.decisions.log import Champion, DecisionLog
from pipelines.jobs.folder import JobFolders
from pipelines.jobs.queue import JobQueue
from pipelines.jobs.record import JobFailed
from pipelines.jobs.text_files import take_long_cells
from pipelines.jobs.worker import JobWorker, run
from pipelines.observability import logs
from pipelines.registry.client import RegistryClient
from pipelines.settings import Settings, SettingsError, load_settings
from pipelines.store import Store, open_store
from serving.job_scoring import loaded
from serving.slots.cache import PackageCache
from serving.slots.loading import ChampionLoader

NICE = 10
AUTOGROUP = Path("/proc/self/autogroup")
REGISTRY_TIMEOUT_SECONDS = 5.0
READY_FILE = "jobs.ready"


def main() -> int:
    """Work until SIGTERM or SIGINT; returns the exit code."""
    try:
        settings = load_settings()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    logs.configure(settings.logging, "jobs")
    give_way()
    take_long_cells()
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    store = open_store(settings.store_url)
    with RegistryClient(
        settings.mlflow_url, REGISTRY_TIMEOUT_SECONDS, settings.mlflow_login
    ) as registry:
        worker = compose(settings, store, registry, stop.is_set)
        _say_ready(settings)
        run(worker, stop)
    store.close()
    return 0


def compose(
    settings: Settings, store: Store, registry: RegistryClient, stopping: Callable[[], bool]
) -> JobWorker:
    """Return a worker with the real store, log and registry."""
    log = DecisionLog(store, settings.var / "predictions")
    loader = ChampionLoader(
        PackageCache(settings.var / "cache", registry),
        log,
        text_limit=settings.serving.text_limit_characters,
    )
    return JobWorker(
        JobQueue(store),
        JobFolders(settings.var / "jobs"),
        champion=partial(decided_champion, log),
        load=partial(loaded, loader),
        stopping=stopping,
        keep_days=settings.jobs.keep_days,
    )


def decided_champion(log: DecisionLog, model: str) -> Champion:
    """Return the champion by the log. Raises `JobFailed` where nobody ever became it."""
    champion = log.head(model)
    if champion is None:
        raise JobFailed(f"{model} has no champion")
    return champion


def give_way() -> None:
    """Let every other process go first, for good.

    Linux may weigh whole sessions against each other, where being nice inside one's own means
    nothing (`sched_autogroup_enabled`): the session is made nice too where it is ours alone, as
    `contender up` starts it.
    """
    os.setpriority(os.PRIO_PROCESS, 0, max(NICE, os.getpriority(os.PRIO_PROCESS, 0)))
    # A container may forbid these; being nice still helps.
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    if os.getsid(0) == os.getpid():
        with suppress(OSError):
            AUTOGROUP.write_text(str(NICE), encoding="ascii")


def _say_ready(settings: Settings) -> None:
    file = settings.var / "run" / READY_FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(str(os.getpid()), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
