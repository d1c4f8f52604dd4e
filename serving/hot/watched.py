"""A connection that says what it is in the middle of, so that none is waited for without end."""

from __future__ import annotations

import asyncio
from typing import cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from pipelines.client_settings import ClientSettings
from serving.draining import DrainingProtocol, DrainingState
from serving.hot import patience
from serving.hot.patience import Connection, Doing, Patience

DISCARDED_BYTES = 16_777_216
"""Of a body that nobody wants any more, because it has been answered; then the connection ends."""
WRAPPING_BYTES = 524_288
"""More than one reading of the socket brings: the head may have come with the first of the body."""
WRAPPING_RATIO = 8
WAITING_REQUESTS = 100
"""Of one connection, behind the one that is being answered: each takes a hundred times the bytes in
memory that asked it, and one reading of the socket brings thousands."""


class TooManyWaiting(Exception):
    """A client asks on and on without waiting for an answer."""


class WatchedProtocol(DrainingProtocol):
    """What `serving.hot.patience` looks at."""

    received = 0
    taken = 0
    _in_head = False
    _in_body = False
    _begun_at = 0
    """How much had been received when the request began, and what arrived with its beginning."""
    _body_bytes = 0
    _unwanted_bytes = 0
    """Of the body, what came after its answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Have the connection looked at, and room made for it if there are too many."""
        super().connection_made(transport)
        assert isinstance(self.server_state, DrainingState)
        if self.server_state.patience is None:
            settings = self.app_state.get(patience.STATE) or ClientSettings()
            self.server_state.patience = Patience(settings, self._all, self.loop)
        watch = cast(Patience, self.server_state.patience)
        watch.welcome(self)

    def on_message_begin(self) -> None:
        """Begin with a head. Raises `TooManyWaiting`."""
        if len(self.pipeline) >= WAITING_REQUESTS:
            raise TooManyWaiting(f"{WAITING_REQUESTS} requests wait behind one")
        self._in_head, self._in_body = True, False
        self._begun_at, self._body_bytes, self._unwanted_bytes = self.received, 0, 0
        super().on_message_begin()

    def on_body(self, body: bytes) -> None:
        """Take in a piece of the body; a client who goes on sending what was refused is left."""
        super().on_body(body)
        self._body_bytes += len(body)
        if self.cycle.response_complete:
            self._unwanted_bytes += len(body)
            if self._unwanted_bytes > DISCARDED_BYTES:
                self.abort()

    def bound_wrapping(self) -> None:
        """Close where next to nothing of what arrives is body: endless extensions, or trailers.

        For a body that is not here as a whole. A chunk of one byte is wrapped in five.
        """
        wrapping = self.received - self._begun_at - self._body_bytes
        if wrapping > WRAPPING_BYTES + WRAPPING_RATIO * self._body_bytes:
            self.refuse(400, "The body of the request is wrapped in too much.")

    def resume_writing(self) -> None:
        """Take note that the client reads."""
        self.taken += 1
        super().resume_writing()

    @property
    def left(self) -> int:
        """Bytes that were written and not taken off yet."""
        return self.transport.get_write_buffer_size()

    @property
    def doing(self) -> Doing:
        """What it is in the middle of."""
        if self.transport.is_closing():
            return "closing"
        if self._in_head:
            return "working" if self._works() else "head"
        if self.flow.write_paused:
            return "answer"
        if self._in_body:
            return "body"
        if self.scope is None:
            return "silent"
        return "working" if self._works() else "idle"

    @property
    def message(self) -> object:
        """Which request that belongs to."""
        return self.scope

    @property
    def listens(self) -> bool:
        """Whether what the client sends is read."""
        return not self.flow.read_paused

    def refuse(self, status: int, said: str) -> None:
        """Say why, where no other answer could be taken for it, and close."""
        if self.transport.is_closing():
            return
        if self._may_say():
            body = said.encode()
            head = [STATUS_LINE[status], b"content-type: text/plain; charset=utf-8\r\n"]
            head += [b"content-length: %d\r\n" % len(body), b"connection: close\r\n\r\n"]
            self.transport.write(b"".join([*head, body]))
        if self._works():
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()

    def abort(self) -> None:
        """Close at once, whatever is still to be sent."""
        self.transport.abort()

    def _works(self) -> bool:
        """Whether a request is being answered, or waits for its body to be."""
        return self.cycle is not None and not self.cycle.response_complete

    def _may_say(self) -> bool:
        """Whether the client waits for an answer, and none has begun."""
        if self.cycle is not None and self.cycle.scope is self.scope:
            return self._in_body and not (self.pipeline or self.cycle.response_started)
        return not self._works()

    def _all(self) -> set[Connection]:
        return cast(set[Connection], self.connections)
