"""A mail as a document of the feed: its words, its attached tables, its recordings."""

from __future__ import annotations

import email
import hashlib
import re
from collections.abc import Iterator
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import default as modern
from html.parser import HTMLParser

from pipelines.orders.documents import Document
from pipelines.orders.order_lines import message_id_of
from pipelines.orders.parsing import (
    Damaged,
    Item,
    Stated,
    parse_csv,
    parse_json,
    parse_json_lines,
    parse_words,
)
from pipelines.orders.recordings import MEDIA_TYPES, RecordingRefused

_MESSAGE_ID = re.compile(rb"^message-id:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")
# Python's parser ends a line at a lone carriage return, too.
_DESCRIBING = re.compile(
    rb"(?:^|[\r\n])content-[a-z-]+[ \t]*:[^\r\n]*(?:(?:\r\n|\r|\n)[ \t][^\r\n]*)*", re.IGNORECASE
)
HEADER_BYTES = 2_000
"""Of a header that says what a part is: Python's reading of it takes the square of its length."""
HEADERS = 200
"""Of that kind, in all parts together."""
# What Python's own parsers of mail and HTML raise on malformed input, and on what is nested too
# deep for them. None may stop a refresh: the mails behind it would never be taken in.
_MALFORMED = (
    *(ValueError, LookupError, AssertionError, AttributeError, TypeError, MessageError),
    RecursionError,
)


def document_of(raw: bytes, name: str) -> Document:
    """Return a mail as a document: its words, attached tables and recordings.

    A mail that cannot be understood is one damaged item.
    """
    try:
        _require_readable(raw)
        return _document(raw, name)
    except _MALFORMED as error:
        damaged = Damaged(name, f"the mail cannot be understood: {error}")
        return Document(name, iter([damaged]), _no_recording)


def _require_readable(raw: bytes) -> None:
    """Raise `ValueError` for a mail that would take minutes to read, or for ever."""
    for number, header in enumerate(_DESCRIBING.finditer(raw), start=1):
        if number > HEADERS:
            raise ValueError(f"it has more than {HEADERS} headers that describe its parts")
        if len(header[0]) > HEADER_BYTES:
            raise ValueError(f"one of its headers has more than {HEADER_BYTES} bytes")


def _document(raw: bytes, name: str) -> Document:
    message = email.message_from_bytes(raw, policy=modern)
    message_id = message_id_in(raw) or hashlib.sha256(raw).hexdigest()
    recordings = {
        part.get_filename() or f"{place}": _bytes(part)
        for place, part in enumerate(message.walk())
        if part.get_content_maintype() == "audio"
    }

    def recording(reference: str) -> bytes:
        return recordings[reference] if reference in recordings else _no_recording(reference)

    audio = next((kept for kept in recordings if kept.lower().endswith(tuple(MEDIA_TYPES))), None)
    # All at once: what is malformed shows itself here and not to whoever reads the items.
    return Document(name, iter([*_items(message, name, message_id, audio)]), recording)


def _no_recording(reference: str) -> bytes:
    raise RecordingRefused(f"the mail has no recording {reference!r}")


def _items(message: EmailMessage, name: str, message_id: str, audio: str | None) -> Iterator[Item]:
    found = 0
    for item in (*_said(message, name, message_id), *_attached(message, name, message_id)):
        found += 1
        if isinstance(item, Stated):
            # All lines of a mail are one message, whatever an attached table calls itself.
            yield Stated(item.where, message_id, item.description, item.quantity, audio)
        else:
            yield item
    if audio and not found:
        yield Damaged(name, "a recording and no order line in writing")


def _said(message: EmailMessage, name: str, message_id: str) -> Iterator[Item]:
    body = message.get_body(preferencelist=("plain", "html"))
    if body is None:
        return
    try:
        text = str(body.get_content())
        if body.get_content_subtype() == "html":
            text = _without_markup(text)
    except _MALFORMED as error:
        yield Damaged(name, f"the text cannot be understood: {error}")
        return
    yield from parse_words(text, name, message_id)


def _attached(message: EmailMessage, name: str, message_id: str) -> Iterator[Item]:
    for part in message.iter_attachments():
        file = (part.get_filename() or "").lower()
        where = f"{name}, {file}"
        if file.endswith(".csv"):
            yield from parse_csv(_bytes(part).splitlines(), where, message_id)
        elif file.endswith(".json"):
            yield from parse_json(_bytes(part), where, message_id)
        elif file.endswith((".jsonl", ".ndjson")):
            yield from parse_json_lines(_bytes(part).splitlines(), where, message_id)


def _bytes(part: EmailMessage) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def message_id_in(head: bytes) -> str:
    """Return the id that a mail's headers state, or '' where they state none."""
    found = _MESSAGE_ID.search(_END_OF_HEADERS.split(head, maxsplit=1)[0])
    return message_id_of(found[1].decode("utf-8", "replace")) if found else ""


class _Words(HTMLParser):
    """Collects the text of a page, one line a block."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - its signature
        if tag in {"style", "script"}:
            self._hidden += 1
        if tag in {"br", "p", "div", "li", "tr"}:
            self.parts.append("\n")
        if tag == "li":
            self.parts.append("- ")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"style", "script"}:
            self._hidden = max(self._hidden - 1, 0)

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)


def _without_markup(page: str) -> str:
    words = _Words()
    words.feed(page)
    return "".join(words.parts)
