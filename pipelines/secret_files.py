"""Secrets that come as files: the variable `NAME_FILE` names the file that holds `NAME`.

That is how containers and credential stores hand them over: a file is not inherited by every child
process, and not shown by whoever lists processes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

SUFFIX = "_FILE"


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


def _content(name: str, path: Path) -> str:
    try:
        content = path.read_text(encoding="utf-8").rstrip()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretFileError(f"{name}{SUFFIX}: {path} cannot be read: {error}") from error
    if not content:
        raise SecretFileError(f"{name}{SUFFIX}: {path} is empty")
    return content
