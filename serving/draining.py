"""Stopping without losing a request: what was already asked is answered, then connections close.

uvicorn closes every idle connection the moment it is told to stop. A client that keeps asking on
his connection has mostly just sent the next request by then, and gets a reset in place of an
answer. Here he is answered once more, and told with it that the connection ends.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

DRAIN_SECONDS = 1.0
"""How long connections that are kept alive may still ask; one that does not by then is idle."""
LOOK_SECONDS = 0.02


class DrainingState(ServerState):
    """What the connections of one server share."""

    def __init__(self) -> None:
        super().__init__()
        self.draining = False
        self.patience: object | None = None
        """Who watches the connections, once there is one."""


class DrainingProtocol(HttpToolsProtocol):
    """A connection whose next answer is its last once its server drains."""

    def on_headers_complete(self) -> None:
        """Begin to answer a request."""
        super().on_headers_complete()
        if self.server_state.draining and self.cycle is not None:  # type: ignore[attr-defined]
            self.cycle.keep_alive = False


class DrainingServer(uvicorn.Server):
    """A server that drains before it stops; `beat` is called some times a second by its loop."""

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        beat: Callable[[], None] = lambda: None,
        drain_seconds: float = DRAIN_SECONDS,
    ) -> None:
        super().__init__(config)
        self.server_state = DrainingState()
        self._beat = beat
        self._drain_seconds = drain_seconds

    async def on_tick(self, counter: int) -> bool:
        """Say that the loop turns, and whether to stop."""
        self._beat()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no new connection, answer what the others still ask, and stop."""
        assert isinstance(self.server_state, DrainingState)
        self.server_state.draining = True
        for server in self.servers:
            server.close()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._drain_seconds
        while self.server_state.connections and loop.time() < deadline and not self.force_exit:
            await asyncio.sleep(LOOK_SECONDS)
            self._beat()
        await super().shutdown(sockets)
