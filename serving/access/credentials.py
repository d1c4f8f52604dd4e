"""What a request brings along to say who asks: a key in one of two headers, or a session's cookie.

Looked up by the header's value as it came. A key is held against its digest when it is first seen;
what was found is remembered until keys or sessions change.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Set

from pipelines.access.keys import fits, parts_of
from pipelines.access.register import Register
from pipelines.access.sessions import digest_of
from serving.access.caller import Caller, of_key, reserved_by

COOKIE = "contender_session"
TOKEN_CHARACTERS = 100
MOST_REMEMBERED = 5_000
_BEARER = "bearer "


class Credentials:
    """The callers that are known by what they present. `take` replaces all of it at once."""

    def __init__(self) -> None:
        self._register = Register()
        self.reserved: Set[str] = frozenset()
        """Names that only the owners of keys may use."""
        self.bearers: dict[bytes, Caller] = {}
        """By the whole value of `Authorization`."""
        self.plain: dict[bytes, Caller] = {}
        """By the value of `X-API-Key`."""
        self._sessions: dict[str, Caller] = {}

    def take(self, register: Register) -> None:
        """Know these keys and sessions, and no others, from now on."""
        self.reserved = reserved_by(register.keys.values())
        self._register = register
        self.bearers, self.plain, self._sessions = {}, {}, {}

    def by_key(self, headers: Mapping[bytes, bytes]) -> Caller | None:
        """Return who presents a key; None where he presents none, or none that is good."""
        given = headers.get(b"authorization")
        if given is not None:
            known = self.bearers
            return _good(known.get(given)) or self._met(known, given, bearer(given))
        given = headers.get(b"x-api-key")
        if given is None:
            return None
        known = self.plain
        return _good(known.get(given)) or self._met(known, given, given.decode("latin-1"))

    def by_text(self, text: str) -> Caller | None:
        """Return whose key a text is, or None."""
        parts, register = parts_of(text), self._register
        key = register.keys.get(parts[0]) if parts else None
        if parts is None or key is None or not fits(key, parts[1]):
            return None
        if key.until <= time.time():
            return None
        return of_key(key, "key", key.until, self.reserved)

    def by_session(self, token: str) -> Caller | None:
        """Return whose session a token is, or None."""
        # Taken before the register is: what is found in an old one is remembered nowhere new.
        known, register = self._sessions, self._register
        if caller := _good(known.get(token)):
            return caller
        session = register.sessions.get(digest_of(token))
        key = register.keys.get(session.key_id) if session else None
        if session is None or key is None:
            return None
        until = min(session.until, key.until)
        if until <= time.time():
            return None
        found = of_key(key, "session", until, self.reserved)
        if len(known) < MOST_REMEMBERED:
            known[token] = found
        return found

    def _met(self, known: dict[bytes, Caller], given: bytes, text: str) -> Caller | None:
        found = self.by_text(text)
        if found and len(known) < MOST_REMEMBERED:
            known[given] = found
        return found


def _good(known: Caller | None) -> Caller | None:
    """Return a caller whose key or session has not ended, whoever looks after the rest or fails."""
    if known is None or known.until == math.inf or known.until > time.time():
        return known
    return None


def presented(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a request brings a key, good or not."""
    return b"authorization" in headers or b"x-api-key" in headers


def bearer(given: bytes) -> str:
    """Return the key in an `Authorization` header; nothing where it is of another scheme."""
    text = given.decode("latin-1")
    return text[len(_BEARER) :].strip() if text[: len(_BEARER)].lower() == _BEARER else ""


def token_in(cookies: bytes) -> str:
    """Return the session's token among the cookies of a request, or nothing."""
    for cookie in cookies.decode("latin-1").split(";"):
        name, _, value = cookie.strip().partition("=")
        if name == COOKIE and 0 < len(value) <= TOKEN_CHARACTERS:
            return value
    return ""
