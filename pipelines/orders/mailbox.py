"""Order lines from a mailbox, over IMAP.

The mailbox is opened read-only: nothing is marked, moved or deleted, and what was taken in is
known by its message id.
"""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import unquote, urlsplit

from pipelines.orders.documents import Document, FeedUnreadable, named
from pipelines.orders.mail import document_of, message_id_in
from pipelines.orders.parsing import Damaged
from pipelines.secret_files import SecretFileError, with_files

PASSWORD_VARIABLE = "CONTENDER_FEED_PASSWORD"
TIMEOUT_SECONDS = 20.0
WINDOW = timedelta(days=14)
MESSAGES = 200
SIZE_LIMIT_BYTES = 40_000_000
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


def from_mailbox(
    url: str, *, known: Callable[[str], bool], now: datetime, environment: Mapping[str, str]
) -> Iterator[Document]:
    """Yield the mails of the last two weeks (the newest 200) that are not known yet.

    `url` is `imaps://user@host[:port]/FOLDER`; the password stands in it or, better, in the
    variable `CONTENDER_FEED_PASSWORD` or the file that `CONTENDER_FEED_PASSWORD_FILE` names.
    Raises `FeedUnreadable`.
    """
    try:
        with _opened(url, environment) as connection:
            since = (now - WINDOW).date()
            day = f"{since.day:02d}-{MONTHS[since.month - 1]}-{since.year}"
            found = _checked(connection.uid("SEARCH", "SINCE", day))
            numbers = found[0].split() if found and isinstance(found[0], bytes) else []
            for number in numbers[-MESSAGES:]:
                document = _document(connection, number.decode("ascii"), known)
                if document:
                    yield document
    except (imaplib.IMAP4.error, OSError) as error:
        raise FeedUnreadable(f"{named(url)}: {error}") from error


def password_for(url: str, environment: Mapping[str, str]) -> str:
    """Return the password of a mailbox, from its address, the environment or a file.

    Raises `FeedUnreadable` where there is none.
    """
    try:
        variables = with_files(environment, [PASSWORD_VARIABLE])
    except SecretFileError as error:
        raise FeedUnreadable(f"{named(url)}: {error}") from error
    password = unquote(urlsplit(url).password or "") or variables.get(PASSWORD_VARIABLE, "")
    if not password:
        raise FeedUnreadable(f"{named(url)}: set the password in {PASSWORD_VARIABLE}")
    return password


def _opened(url: str, environment: Mapping[str, str]) -> imaplib.IMAP4:
    parts = urlsplit(url)
    if not parts.hostname or not parts.username:
        raise FeedUnreadable(f"{named(url)}: a mailbox is imaps://user@host/FOLDER")
    password = password_for(url, environment)
    connection: imaplib.IMAP4
    if parts.scheme == "imaps":
        connection = imaplib.IMAP4_SSL(
            parts.hostname,
            parts.port or 993,
            ssl_context=ssl.create_default_context(),
            timeout=TIMEOUT_SECONDS,
        )
    else:
        connection = imaplib.IMAP4(parts.hostname, parts.port or 143, timeout=TIMEOUT_SECONDS)
        if "STARTTLS" in connection.capabilities:
            connection.starttls(ssl.create_default_context())
    try:
        connection.login(unquote(parts.username), password)
        folder = unquote(parts.path.lstrip("/")) or "INBOX"
        escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
        _checked(connection.select(f'"{escaped}"', readonly=True))
    except (imaplib.IMAP4.error, OSError):
        connection.shutdown()
        raise
    return connection


def _document(
    connection: imaplib.IMAP4, number: str, known: Callable[[str], bool]
) -> Document | None:
    head = _checked(
        connection.uid("FETCH", number, "(RFC822.SIZE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")
    )
    message_id = message_id_in(_literal(head))
    if message_id and known(message_id):
        return None
    size = _SIZE.search(b" ".join(part[0] if isinstance(part, tuple) else part for part in head))
    if size and int(size[1]) > SIZE_LIMIT_BYTES:
        damaged = Damaged(f"mail {number}", f"larger than {SIZE_LIMIT_BYTES:,} bytes")
        return Document(f"mail {number}", iter([damaged]), lambda _: b"")
    raw = _literal(_checked(connection.uid("FETCH", number, "(BODY.PEEK[])")))
    return document_of(raw, f"mail {number}")


def _literal(answer: list[bytes | tuple[bytes, bytes]]) -> bytes:
    return next((part[1] for part in answer if isinstance(part, tuple)), b"")


def _checked(answer: tuple[str, Sequence[object]]) -> list[bytes | tuple[bytes, bytes]]:
    status, parts = answer
    if status != "OK":
        raise imaplib.IMAP4.error(f"the server says {status}: {parts}")
    return [part for part in parts if isinstance(part, bytes | tuple)]
