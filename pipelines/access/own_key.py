"""The key by which our own flows and commands ask the API, where nobody may without one.

It comes by `CONTENDER_API_KEY` or `CONTENDER_API_KEY_FILE`, as containers have it, or lies in a
file of the home folder: whoever can read that one can read the store beside it, too.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from pipelines.access.keys import OURS, Keys
from pipelines.access.openness import without_key
from pipelines.access.roles import Role
from pipelines.access_settings import own_key_file
from pipelines.settings import Settings
from pipelines.store import Store

BY = "settings"
OPEN = ("reviewer", "operator")
"""Where everybody is one of these, our own flows need no key."""


def ensure(settings: Settings, store: Store) -> None:
    """Have the store know our own key, and make one where one is needed and none is set.

    Raises `pipelines.access.keys.KeyRefused` where what is set is no key.
    """
    text = settings.logins.api_key.get_secret_value()
    if not text and without_key(settings) not in OPEN:
        text = _in_file(own_key_file(settings.home))
    if text:
        Keys(store).adopt(text, OURS, Role.REVIEWER.word, by=BY)


def _in_file(file: Path) -> str:
    """Return the key in a file that nobody else may read; made whole or not at all."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_name(f"{file.name}.{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(f"ck_{secrets.token_hex(5)}_{secrets.token_hex(32)}\n")
        try:
            os.link(fresh, file)
        except FileExistsError:
            pass  # another worker was faster
        finally:
            fresh.unlink()
    return file.read_text(encoding="ascii").strip()
