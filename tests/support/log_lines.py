"""What the server writes to its log, line by line, as JSON."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from serving.observability.request_fields import formatter


class Lines(logging.Handler):
    """Keeps what the server's formatter makes of each record, written as it is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(formatter("api", "json"))
        self.written: list[dict[str, object]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.written.append(json.loads(self.format(record)))

    def of(self, logger: str) -> list[dict[str, object]]:
        return [line for line in self.written if line["logger"] == logger]


@contextmanager
def listening() -> Iterator[Lines]:
    """Listen to every logger of this process."""
    lines, root = Lines(), logging.getLogger()
    before = root.level
    root.addHandler(lines)
    root.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        root.removeHandler(lines)
        root.setLevel(before)
