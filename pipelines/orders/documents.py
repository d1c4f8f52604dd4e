"""What every kind of feed hands on: a document with its lines, or one error that names the feed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from pipelines.orders.parsing import Item


class FeedUnreadable(ValueError):
    """The feed cannot be read; the message says which (never its password) and why."""


@dataclass(frozen=True)
class Document:
    """One file, answer or message of a feed.

    `recording` returns the bytes that a line's `audio` stands for, or raises `RecordingRefused`.
    """

    name: str
    items: Iterator[Item]
    recording: Callable[[str], bytes]


def named(url: str) -> str:
    """Return the address without user, password and query, as it may be shown."""
    parts = urlsplit(url)
    if not parts.hostname:
        return url
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"
