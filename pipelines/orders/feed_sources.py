"""Where order lines come from: a file, a folder, an address that answers JSON, or a mailbox.

Each gives documents; a document gives its lines one by one and the recordings they name.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urljoin, urlsplit

import httpx

from pipelines.orders.documents import Document, FeedUnreadable, named
from pipelines.orders.order_lines import message_id_of
from pipelines.orders.parsing import Damaged, Item, cleaned, parse_csv, parse_json, parse_json_lines
from pipelines.orders.recordings import SIZE_LIMIT_BYTES, RecordingRefused, read_below, suffix_of

TIMEOUT_SECONDS = 15.0
WHOLE_SECONDS = 120.0
"""For a whole answer: a byte now and then would keep every other order waiting without end."""
ENCODINGS = {"", "identity", "gzip"}
"""Unpacked piece by piece; others make gigabytes of one piece."""
ANSWER_LIMIT_BYTES = 100_000_000
LINE_LIMIT_BYTES = 1_000_000
SUFFIXES = (".csv", ".json", ".jsonl", ".ndjson")


def documents(
    url: str, *, known: Callable[[str], bool], now: datetime, environment: Mapping[str, str]
) -> Iterator[Document]:
    """Yield the documents of the feed at `url`.

    `known` says whether a message's lines are stored already, so that a mailbox need not hand it
    over again. Raises `FeedUnreadable`.
    """
    scheme = _scheme(url)
    if scheme == "file":
        path = Path(unquote(urlsplit(url).path)) if "://" in url else Path(url)
        yield from _from_path(path)
    elif scheme in {"http", "https"}:
        yield _from_address(url)
    elif scheme in {"imap", "imaps"}:
        from pipelines.orders.mailbox import from_mailbox

        yield from from_mailbox(url, known=known, now=now, environment=environment)
    else:
        raise FeedUnreadable(
            f"a feed is a file, a folder, http(s):// or imap(s)://, not {scheme!r}"
        )


def _scheme(url: str) -> str:
    if "://" not in url:
        return "file"
    try:
        parts = urlsplit(url)
        _ = parts.port  # checked only when it is asked for
    except ValueError:
        # The parser's own words would quote what may be a part of the password.
        raise FeedUnreadable(
            "the feed's address is not valid; a / or @ in its password is written %2F or %40"
        ) from None
    return parts.scheme


def _from_path(path: Path) -> Iterator[Document]:
    if path.is_dir():
        # A name that starts with a dot or ends otherwise is a file that is still being written.
        files = sorted(
            file
            for file in path.iterdir()
            if file.suffix.lower() in SUFFIXES and not file.name.startswith(".")
        )
    elif path.is_file():
        files = [path]
    else:
        raise FeedUnreadable(f"{path} is neither a file nor a folder")
    for file in files:
        within = path if path.is_dir() else None
        yield Document(str(file), _lines_of(file, within), partial(read_below, file.parent))


def _lines_of(file: Path, within: Path | None) -> Iterator[Item]:
    # A file without message ids is one message, named after itself.
    message_id = message_id_of(file.name)
    suffix = file.suffix.lower()
    try:
        if refusal := _refusal(file, within):
            yield Damaged(cleaned(file.name), refusal)
            return
        if suffix == ".json":
            if file.stat().st_size > ANSWER_LIMIT_BYTES:
                yield Damaged(file.name, f"larger than {ANSWER_LIMIT_BYTES:,} bytes; use .jsonl")
                return
            yield from parse_json(file.read_bytes(), file.name, message_id)
            return
        parse = parse_csv if suffix == ".csv" else parse_json_lines
        with file.open("rb") as stream:
            yield from parse(_bounded(stream), file.name, message_id)
    except OSError as error:
        yield Damaged(file.name, f"cannot be read: {error.strerror}")


def _refusal(file: Path, within: Path | None) -> str | None:
    """Say why a file is not opened; whoever may put files into a folder may not name others."""
    if not file.is_file():
        return "no file; a pipe or a device would be waited for without end"
    if within is not None and not file.resolve().is_relative_to(within.resolve()):
        return "a link that leads out of the feed's folder"
    return None


def _bounded(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file; one without an end is cut, so that it cannot fill the memory."""
    while line := stream.readline(LINE_LIMIT_BYTES):
        yield line
        while len(line) == LINE_LIMIT_BYTES and not line.endswith(b"\n"):
            line = stream.readline(LINE_LIMIT_BYTES)


def _from_address(url: str) -> Document:
    content = fetched(url, ANSWER_LIMIT_BYTES)

    def recording(reference: str) -> bytes:
        try:
            suffix_of(urlsplit(reference).path)
            target = urljoin(url, reference)
            elsewhere = urlsplit(target)[:2] != urlsplit(url)[:2]
        except ValueError as error:
            raise RecordingRefused(f"the recording {reference!r}: {error}") from error
        if elsewhere:
            raise RecordingRefused(f"the recording {reference!r} lies on another server")
        try:
            return fetched(target, SIZE_LIMIT_BYTES)
        except FeedUnreadable as error:
            raise RecordingRefused(str(error)) from error

    return Document(named(url), parse_json(content, named(url), None), recording)


def fetched(url: str, limit_bytes: int, *, clock: Callable[[], float] = time.monotonic) -> bytes:
    """Return what an address answers, at most `limit_bytes`. Raises `FeedUnreadable`."""
    content = bytearray()
    try:
        with httpx.stream(
            "GET",
            url,
            timeout=TIMEOUT_SECONDS,
            headers={"Accept-Encoding": "gzip"},
            trust_env=False,
        ) as response:
            if not response.is_success:
                raise FeedUnreadable(f"{named(url)} answered {response.status_code}")
            encoding = response.headers.get("content-encoding", "").strip().lower()
            if encoding not in ENCODINGS:
                raise FeedUnreadable(f"{named(url)} answers packed as {encoding!r}; gzip is known")
            until = clock() + WHOLE_SECONDS
            for part in response.iter_bytes():
                content += part
                if len(content) > limit_bytes:
                    raise FeedUnreadable(f"{named(url)} answers more than {limit_bytes:,} bytes")
                if clock() > until:
                    raise FeedUnreadable(
                        f"{named(url)} does not answer within {WHOLE_SECONDS:.0f} s"
                    )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise FeedUnreadable(f"{named(url)}: {error}") from error
    return bytes(content)
