"""Answers what can be answered at once where its last byte arrives, without a task of its own.

uvicorn makes a task, an event, a scope and a timer for every request. That is needed by a request
that waits for something; the quick ones of the hot routes wait for nothing. They are held until
their body is complete, and answered by one write. Whatever cannot be, or fails, is handed to
uvicorn as if it had arrived just then: the application answers it, or says why not.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

from serving.access.caller import Caller
from serving.access.door import network_of
from serving.envelope import request_id_for
from serving.hot.calls import JSON, Call, Question, Reply
from serving.hot.heads import HeadsProtocol
from serving.hot.rounds import Rounds, Waiting
from serving.hot.table import HotTable, Place
from serving.live import callers

STATE = "hot"
"""Where the application's lifespan leaves the table of what can be answered here."""
TRACED = "traced"
"""Where a request's state says whether it is traced, once that has been decided."""
HELD_BYTES = 16_384
"""A longer body is worth a task; it seldom arrives in one piece anyway."""
ELSEWHERE = (b"transfer-encoding", b"expect", b"x-min-generation", b"x-forwarded-for")
"""Headers that ask for more than an answer at once."""

logger = logging.getLogger(__name__)


class HotProtocol(HeadsProtocol):
    """A connection that answers plain, quick requests by itself."""

    _held: Place | None = None
    _asked: Place | None = None
    """Where the request was asked that waits for its answer in this round."""
    _told: Mapping[bytes, bytes]
    _content: bytes
    _arrived: float
    _caller: Caller
    _traced: bool | None = None
    """Whether the request is traced, where that has been decided here."""

    def on_message_begin(self) -> None:
        """Answer what waits first: the next request is here, and wants its place."""
        if self._asked is not None:
            self._rounds().run(everything=True)
        super().on_message_begin()

    def begin(self) -> None:
        """Hold the request if it may be answered at once, and begin to answer it otherwise."""
        self._traced = None
        self._held = self._place()
        if self._held is None:
            self._hand_on()
            return
        self._content, self._arrived = b"", time.perf_counter()

    def on_body(self, body: bytes) -> None:
        """Take in a piece of the body."""
        if self._held is None:
            super().on_body(body)
        else:
            self._content += body

    def complete(self) -> None:
        """Have a held request answered in this round, or let the application do it."""
        place, self._held = self._held, None
        if place is None:
            super().complete()
            return
        self._asked = place
        call = self._call(place)
        question = _read(place, call)
        if question is None:
            self.hand_over()
        else:
            self._rounds().join(Waiting(self, call, question))

    def shutdown(self) -> None:
        """Let a request be finished first whose body or whose round is still coming."""
        if self._asked is not None:
            self._rounds().run(everything=True)
        if self._held is not None:
            self._held = None
            self._begin()
        super().shutdown()

    def reply(self, reply: Reply, call: Call) -> None:
        """Send the answer that this connection waits for."""
        place, self._asked = self._asked, None
        table: HotTable = self.app_state[STATE]
        if place is None:
            return
        # Also of one who has left: what he asked was done.
        table.door.count(self._caller, self._address())
        if self.transport.is_closing():
            return
        self._write(reply, call.request_id)
        seconds = time.perf_counter() - self._arrived
        table.tallies.handled("POST", place.template, reply.status, seconds, place.asks)
        if table.access.share and table.access.is_due():
            given = self._told.get(b"traceparent")
            table.access.answered(place.template, seconds, call.request_id, reply.served, given)

    def hand_over(self) -> None:
        """Hand the request to uvicorn as if it had arrived just now."""
        self._asked = None
        if not self.transport.is_closing():
            self._begin()
            super().complete()

    def _rounds(self) -> Rounds:
        table: HotTable = self.app_state[STATE]
        return table.rounds

    def _call(self, place: Place) -> Call:
        table: HotTable = self.app_state[STATE]
        given = self._told.get(b"x-request-id")
        request_id = request_id_for(given.decode("latin-1") if given else None)
        return Call(table.state, request_id, self._content, b"", place.model)

    def _place(self) -> Place | None:
        table: HotTable | None = self.app_state.get(STATE)
        place = table.at_once.get(self.url) if table else None
        idle = self.cycle is None or self.cycle.response_complete
        if table is None or place is None or not idle or self._is_elsewhere():
            return None
        self._told = dict(self.headers)
        if len(self._told) < len(self.headers):
            return None
        plain = table.is_plain(place, self._told, min(HELD_BYTES, table.limit_bytes))
        elsewhere = any(name in self._told for name in ELSEWHERE)
        if not plain or elsewhere or not callers.is_plain(self._told):
            return None
        if table.sampling is not None:
            self._traced = table.sampling.wants(self.headers)
            if self._traced:
                return None  # spans are of a task
        caller = table.door.quick(self._told, place.needed, self._address())
        if caller is None:
            return None  # the gate looks twice, and says why not
        self._caller = caller
        return place

    def _address(self) -> str:
        return network_of(self.client[0]) if self.client else ""

    def _is_elsewhere(self) -> bool:
        """Whether uvicorn has to see to this connection or request itself."""
        return bool(
            self.parser.get_method() != b"POST"
            or self.parser.get_http_version() != "1.1"
            or not self.parser.should_keep_alive()
            or self.server_state.draining  # type: ignore[attr-defined]
            or self.flow.write_paused
            or self.limit_concurrency is not None
            or self.root_path
        )

    def _begin(self) -> None:
        """Begin the request with uvicorn, as far as it has arrived."""
        self._hand_on()
        if self._content:
            super().on_body(self._content)

    def _hand_on(self) -> None:
        super().begin()
        if self._traced is not None:
            self.scope["state"][TRACED] = self._traced

    def _write(self, reply: Reply, request_id: str) -> None:
        head = [b"HTTP/1.1 200 OK\r\n"]
        told = (
            *self.server_state.default_headers,
            (b"content-length", b"%d" % len(reply.body)),
            (b"content-type", JSON),
            (b"x-request-id", request_id.encode()),
            *reply.headers,
        )
        for name, value in told:
            head += (name, b": ", value, b"\r\n")
        head += (b"\r\n", reply.body)
        self.transport.write(b"".join(head))
        self.server_state.total_requests += 1
        # As uvicorn does after an answer: a connection that asks no more is closed.
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )


def _read(place: Place, call: Call) -> Question | None:
    try:
        return place.at_once(call) if place.at_once else None
    except Exception as error:  # noqa: BLE001 - the application meets it again, and tells it
        logger.debug("request %s is left to the application: %r", call.request_id, error)
        return None
