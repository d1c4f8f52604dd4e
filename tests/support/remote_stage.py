"""The server's stage with its stub model answered by workers, in threads or processes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from redis_server import RedisServer
from serving_stage import MODEL, Stage
from waiting import wait_for

from pipelines.settings import Settings
from serving.model_worker.worker import ModelWorker, compose
from serving.remote import roll
from serving.remote.connection import open_redis

PREDICT = f"/v1/models/{MODEL}/predict"


def remote_settings(
    make_settings: Callable[..., Settings], url: str, **serving: object
) -> Settings:
    """Settings in which workers answer the stub model."""
    return make_settings(
        models={MODEL: {"source": {"url": "texts.csv"}}},
        workers={"models": [MODEL], "redis_url": url},
        serving={"poll_seconds": 0.1, **serving},
    )


class WorkerThread:
    """A model worker in this process, while the `with` block lasts."""

    def __init__(self, stage: Stage) -> None:
        url = stage.settings.workers.redis_url.get_secret_value()
        self.redis = open_redis(url, "worker")
        self.worker: ModelWorker = compose(
            stage.settings, stage.store, stage.registry, self.redis, [MODEL]
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.worker.run, args=(self._stop,))

    def __enter__(self) -> WorkerThread:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(120)
        assert not self._thread.is_alive(), "the worker does not stop"
        self.redis.close()

    def wait_until_it_has(self, version: str) -> None:
        """Return once the worker says that it answers a version."""
        wait_for(lambda: version in versions(self.redis))


def versions(redis) -> list[str]:
    """Return the versions that the living workers say they have."""
    return [held.version for word in roll.read(redis) for held in word.held]


@contextmanager
def worker_process(home: Path, url: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker as a user starts it; killed at the end if it still runs."""
    environment = {
        **os.environ,
        "CONTENDER_HOME": str(home),
        "CONTENDER_REDIS_URL": url,
        "PYTHONSAFEPATH": "1",
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with (home / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "serving.model_worker"],
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def started(server: RedisServer) -> RedisServer:
    """Return a server that runs and holds nothing."""
    server.stop()
    server.start()
    return server
