"""Reads the curl commands of a page, so that a test can ask what they ask."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

ADDRESS = "http://127.0.0.1:8000"
OPTIONS = frozenset({"-X", "-d", "-H", "--data-binary"})


def commands_of(page: Path) -> list[str]:
    """Return the curl commands of a page, each of which is one line."""
    return re.findall(r"^curl .*$", page.read_text(encoding="utf-8"), re.MULTILINE)


def request_of(command: str) -> tuple[str, str, dict[str, str], bytes | None]:
    """Return method, path, headers and body of a curl command."""
    # The one thing of bash that shlex does not read: $'…' with its line ends.
    quoted = re.sub(r"\$'([^']*)'", lambda found: f"'{found[1]}'".replace("\\n", "\n"), command)
    words = shlex.split(quoted)
    given = {word: words[place + 1] for place, word in enumerate(words) if word in OPTIONS}
    address = next(word for word in words if word.startswith("http://"))
    name, _, value = given.get("-H", "Accept: */*").partition(": ")
    body = given.get("-d", given.get("--data-binary"))
    return (
        given.get("-X", "GET"),
        address.removeprefix(ADDRESS),
        {name: value},
        None if body is None else body.encode(),
    )
