"""Heads of requests: of bounded size, and an upgrade that is offered in one is let be.

What follows a chunked body as trailers is no head: it is dropped, for whoever stands in front of
this server has judged the head alone. How long a client may take is for `serving.hot.patience`.

Java's `HttpClient` offers HTTP/2 (`Upgrade: h2c`) with its first request, whatever that is. Who
does not want it answers as if nothing had been offered (RFC 9110, section 7.8); the parser, though,
takes all that follows such a head for another protocol, and the body is lost. So the request is
read once more without its offer.
"""

from __future__ import annotations

import httptools

from serving.hot.watched import TooManyWaiting, WatchedProtocol

HEAD_BYTES = 65_536
"""A head that is longer after so many bytes is refused; one that arrives in one piece is not."""
TOO_LARGE = "The head of the request is too large."
UNREADABLE = "Invalid HTTP request received."
OFFERS = frozenset({b"upgrade", b"http2-settings"})


class HeadsProtocol(WatchedProtocol):
    """A connection that holds no endless head, and reads past the offer of another protocol."""

    _head_bytes = 0
    _offered = False
    """Whether the request that is being parsed begins once more, without its offer."""

    def data_received(self, data: bytes) -> None:
        """Parse what has arrived."""
        self.received += len(data)
        try:
            self._unset_keepalive_if_required()
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._offered:
                self._begin_again(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            # What else is behind it may hold all of what was sent, and lines of the log are short.
            many = isinstance(error.__context__, TooManyWaiting)
            self.logger.warning("%s", error.__context__ if many else UNREADABLE)
            self.refuse(400, UNREADABLE)
        if self._in_head:
            self._bound(len(data))
        elif self._in_body:
            self.bound_wrapping()

    def on_message_begin(self) -> None:
        """Begin to count the head."""
        self._head_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Begin to answer, unless the request has to be read without its offer first."""
        self._in_head, self._in_body = False, True
        self._offered = self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"
        if not self._offered:
            self.begin()
            self.headers = []  # for trailers, which nobody reads

    def begin(self) -> None:
        """Begin to answer a request whose head is here."""
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Take note that a request is here as a whole; one with an offer is not."""
        self._in_body = False
        if not self._offered:
            self.complete()

    def complete(self) -> None:
        """Answer a request that is here as a whole."""
        super().on_message_complete()

    def _bound(self, received: int) -> None:
        self._head_bytes += received
        if self._head_bytes > HEAD_BYTES:
            self.refuse(431, TOO_LARGE)

    def _begin_again(self, rest: bytes) -> None:
        head = [self.parser.get_method(), b" ", self.url, b" HTTP/1.1\r\n"]
        for name, value in self.headers:
            if name == b"connection":
                tokens = (token.strip() for token in value.lower().split(b","))
                value = b", ".join(token for token in tokens if token not in OFFERS)  # noqa: PLW2901
            if name not in OFFERS and value:
                head += (name, b": ", value, b"\r\n")
        self._offered = False
        self.parser = httptools.HttpRequestParser(self)
        self.data_received(b"".join([*head, b"\r\n", rest]))
