"""What a client says that it takes."""

from __future__ import annotations

import re


def takes(header: str, wanted: str) -> bool:
    """Return whether a header's list names `wanted` and does not weigh it with nothing."""
    for part in header.split(","):
        name, _, options = part.partition(";")
        if name.strip().lower() == wanted:
            return not re.fullmatch(r"\s*q=0(\.0*)?\s*", options)
    return False
