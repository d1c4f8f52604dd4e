"""Serves an application on 127.0.0.1 from a thread, for clients that bring their own HTTP."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Any

import uvicorn
from fastapi import FastAPI
from ports import free_port

from serving.draining import DrainingServer


class ServedApp:
    """The application answers at `host:port` while the `with` block lasts."""

    def __init__(self, app: FastAPI, **options: Any) -> None:
        self.app = app
        self.host, self.port = "127.0.0.1", free_port()
        config = uvicorn.Config(app, host=self.host, port=self.port, log_level="warning", **options)
        self._server = DrainingServer(config)
        self._thread = threading.Thread(target=self._server.run, name="served-app")

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    def __enter__(self) -> ServedApp:
        self._thread.start()
        deadline = time.monotonic() + 120
        while not self._server.started:
            assert self._thread.is_alive(), "the application did not start"
            assert time.monotonic() < deadline, "the application did not start in time"
            time.sleep(0.01)
        return self

    def stop_soon(self) -> None:
        """Tell it to stop, and do not wait for it."""
        self._server.should_exit = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=120)
