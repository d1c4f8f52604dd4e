"""Secrets do not get into logs: what looks like one is masked in every line that is written.

A last net and no licence: nobody should hand a secret to a logger. It knows passwords in addresses,
`Authorization`, `X-API-Key` and `Cookie` headers, bearer tokens, Contender's own keys, and whatever
stands behind a word such as `password=`. In doubt it takes more of a line than the secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache

MASK = "***"
_KEY = r"(?:api|access|private)[_-]?key"
SECRET_NAMES = re.compile(
    rf"passw(or)?d|passphrase|secret|token|{_KEY}|authorization|cookie|credential", re.IGNORECASE
)
"""Fields of such a name are masked whatever they hold."""
TEXTLESS = (bool, int, float, date)
"""Values that can hold no secret, and are left to whatever makes the line."""

_WORD = (
    r"\w*(?:password|passwd|passphrase|pwd|secret_access_key|secret_key|secret|token"
    rf"|{_KEY}|_session)"
)
_HEADER = r"authorization|x-api-key|cookie|set-cookie"
# A value in quotes, to the quote that ends it: none that is escaped. Nothing here may be tried anew
# from every place of a long text: what is logged may be what a client sent.
_QUOTED = r"[\[(]*b?(\\?['\"]))(?:(?!\3)(?:\\.|[^\n]))*"
PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # user:password@host: everything up to the last @ before the path.
    (re.compile(r"(?<=://)([^/\s:@]*):[^/\s]+@"), rf"\1:{MASK}@"),
    (re.compile(r"(?i)\b(https?://)[^/\s:@]+@"), rf"\1{MASK}@"),
    (re.compile(r"\b(ck_[A-Za-z0-9]+)_[A-Za-z0-9_\-]+"), rf"\1_{MASK}"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=\-]{6,}"), rf"\1 {MASK}"),
    (re.compile(rf"(?i)\b({_HEADER})((?:\\?['\"])?\s*[:=,]\s*{_QUOTED}"), rf"\1\2{MASK}"),
    (re.compile(rf"(?i)\b({_HEADER})(\s*[:=]\s*)(?![\s'\"\\])[^\r\n'\"]+"), rf"\1\2{MASK}"),
    # password=…, "password": "…", ?token=…; not the word in a sentence.
    (re.compile(rf"(?i)\b({_WORD})((?:\\?['\"])?\s*[=:]\s*{_QUOTED}"), rf"\1\2{MASK}"),
    (
        re.compile(
            rf"(?i)\b({_WORD})(['\"]?\s*[=:]\s*)(?![\s'\"\\])"
            r"(?:[^\s'\"&,;)}\]]|[,;)}\]](?=[^\s'\"&]))+"
        ),
        rf"\1\2{MASK}",
    ),
)
ADDRESS = re.compile(r"(?<=://)(?<!http://)(?<!https://)[^\s'\"]+")
"""What follows the scheme of a database's address, whose password may hold any character."""
SIGNS = re.compile(
    rf"://|ck_|bearer|basic|authorization|{_KEY}|cookie|passw|passphrase|pwd|secret|token|_session",
    re.IGNORECASE,
)
"""One of these is in every text that a pattern fits: looking for all at once is much quicker."""


def masked(text: str) -> str:
    """Return the text without what looks like a secret in it."""
    if not SIGNS.search(text):
        return text
    for pattern, replacement in PATTERNS:
        text = pattern.sub(replacement, text)
    return ADDRESS.sub(_without_password, text)


def masked_fields(fields: Mapping[str, object]) -> dict[str, object]:
    """Return the fields of a log line without secrets; what is neither number nor date is text."""
    return {name: _value(name, value) for name, value in fields.items()}


def _without_password(found: re.Match[str]) -> str:
    known, at, host = found[0].rpartition("@")
    user, colon, _ = known.partition(":")
    return f"{user}:{MASK}@{host}" if at and colon and "/" not in user else found[0]


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    return SECRET_NAMES.search(name) is not None


def _value(name: str, value: object) -> object:
    if value is not None and _is_secret(name):
        return MASK
    if value is None or isinstance(value, TEXTLESS):
        return value
    if isinstance(value, Mapping):
        return masked_fields({str(key): each for key, each in value.items()})
    if isinstance(value, list | tuple):
        return _several(value)
    return masked(str(value))


def _several(values: Sequence[object]) -> list[object]:
    """Return values without secrets; a pair may be a header and what it says."""
    name = str(values[0]) if len(values) == 2 and isinstance(values[0], str | bytes) else ""
    return [_value(name if number else "", each) for number, each in enumerate(values)]
