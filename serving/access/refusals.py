"""How a caller is turned away; `serving.errors` knows what each means over HTTP."""

from __future__ import annotations

import math
from collections.abc import Mapping

from pipelines.access.roles import Role


class AccessRefused(Exception):
    """The caller is not let in; `headers` tell him how he might be."""

    headers: Mapping[str, str] = {}


class NotAuthenticated(AccessRefused):
    """No key, or one that is not good (any more)."""

    def __init__(self, message: str, *, presented: bool = False) -> None:
        super().__init__(message)
        invalid = ', error="invalid_token"' if presented else ""
        self.headers = {"WWW-Authenticate": f'Bearer realm="contender"{invalid}'}


class NotAllowed(AccessRefused):
    """The caller is known, and his role may not do this."""

    def __init__(self, name: str, role: Role, needed: Role) -> None:
        super().__init__(f"{name} is {role.word}; this takes the role {needed.word}")


class Undeclared(AccessRefused):
    """Nobody has said who may ask this route, so nobody may."""


class ForeignRequest(AccessRefused):
    """The request came by a page of somebody else's, or under a name that is not this server's."""


class SomebodyElse(AccessRefused):
    """The request claims to be made by another person than the one who makes it."""


class TooFast(AccessRefused):
    """The caller has asked as often as he may for now."""

    def __init__(self, message: str, wait_seconds: float, headers: Mapping[str, str]) -> None:
        super().__init__(message)
        self.headers = {"Retry-After": str(max(1, math.ceil(wait_seconds))), **headers}
