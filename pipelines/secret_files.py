"""Where secrets may stand: in files, of which `NAME_FILE` names the one that holds `NAME`.

That is how containers and credential stores hand them over: a file is not inherited by every child
process, and not shown by whoever lists processes. An address may hold one, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

SUFFIX = "_FILE"
TELLING = re.compile(
    r"pass(word|wd)?|pwd|secret|signature|sig|(access|auth|api)?[-_]?(token|key)", re.IGNORECASE
)
"""Names of an address's parameters whose value is a secret."""


class SecretFileError(ValueError):
    """A file that should hold a secret cannot be read; the message names variable and file."""


def with_files(variables: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Return the variables, with each of `names` taken from its file where one is named.

    White space at the file's end is no part of the secret. Raises `SecretFileError`, also where a
    file holds nothing and where a secret is given both ways.
    """
    found = dict(variables)
    for name in names:
        if path := variables.get(f"{name}{SUFFIX}"):
            if variables.get(name):
                raise SecretFileError(f"{name} and {name}{SUFFIX} are both set; one of them is old")
            found[name] = _content(name, Path(path))
    return found


def holds_secret(address: str) -> bool:
    """Return whether an address carries a password, or a parameter that is as good as one."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False  # whoever reads the address says what is wrong with it
    pairs = parse_qsl(parts.query)
    return bool(parts.password) or any(value and TELLING.fullmatch(name) for name, value in pairs)


def _content(name: str, path: Path) -> str:
    try:
        content = path.read_text(encoding="utf-8").rstrip()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretFileError(f"{name}{SUFFIX}: {path} cannot be read: {error}") from error
    if not content:
        raise SecretFileError(f"{name}{SUFFIX}: {path} is empty")
    return content
