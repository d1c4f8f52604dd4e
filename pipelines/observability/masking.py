"""Secrets do not get into logs: what looks like one is masked in every line that is written.

A last net and no licence: nobody should hand a secret to a logger. It knows passwords in addresses,
`Authorization` and `X-API-Key` headers, bearer tokens, Contender's own keys, and whatever stands
behind a word such as `password=`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

MASK = "***"
SECRET_NAMES = re.compile(
    r"passw(or)?d|passphrase|secret|token|api_?key|authorization|cookie|credential", re.IGNORECASE
)
"""Fields of such a name are masked whatever they hold."""

_WORD = r"\w*(?:password|passwd|passphrase|secret|token|api[_-]?key)"
PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # postgresql://user:password@host: everything up to the last @ before the path.
    (re.compile(r"(?<=://)([^/\s:@]*):[^/\s]+@"), rf"\1:{MASK}@"),
    (re.compile(r"\b(ck_[A-Za-z0-9]+)_[A-Za-z0-9_\-]+"), rf"\1_{MASK}"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=\-]{6,}"), rf"\1 {MASK}"),
    (
        re.compile(
            r"(?i)\b(authorization|x-api-key|cookie|set-cookie)((?:b?['\"])?\s*[:=,]\s*(?:b?['\"])?)[^\s'\",;]+"
        ),
        rf"\1\2{MASK}",
    ),
    # password=…, "password": "…", ?token=…; not the word in a sentence.
    (re.compile(rf"(?i)\b({_WORD})(['\"]?\s*[=:]\s*['\"]?)(?!\s)[^\s'\"&,;)}}]+"), rf"\1\2{MASK}"),
)
SIGNS = re.compile(
    r"://|ck_|bearer|basic|authorization|api[_-]?key|cookie|passw|passphrase|secret|token",
    re.IGNORECASE,
)
"""One of these is in every text that a pattern fits: looking for all at once is much quicker."""


def masked(text: str) -> str:
    """Return the text without what looks like a secret in it."""
    if not SIGNS.search(text):
        return text
    for pattern, replacement in PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def masked_fields(fields: Mapping[str, object]) -> dict[str, object]:
    """Return the fields of a log line without secrets; other values than text stay as they are."""
    return {name: _value(name, value) for name, value in fields.items()}


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    return SECRET_NAMES.search(name) is not None


def _value(name: str, value: object) -> object:
    if value is not None and _is_secret(name):
        return MASK
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, Mapping):
        return masked_fields({str(key): each for key, each in value.items()})
    if isinstance(value, list | tuple):
        return [_value("", each) for each in value]
    return value
