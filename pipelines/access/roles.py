"""The roles, each of which may do all that the ones below it may."""

from __future__ import annotations

from enum import IntEnum


class Role(IntEnum):
    """What a caller may do. `ANYONE` is nobody in particular: a probe, or who wants to sign in."""

    ANYONE = 0
    VIEWER = 1
    """Reads everything but the audit log, and asks models."""
    REVIEWER = 2
    """Also says what is true: labels, feedback, choices, orders; and hands in jobs."""
    OPERATOR = 3
    """Also trains, has judged, approves, rolls out, goes back, and reads the audit log."""

    @property
    def word(self) -> str:
        """The role as it is written in settings, keys and answers."""
        return self.name.lower()


GIVEN = (Role.VIEWER, Role.REVIEWER, Role.OPERATOR)
"""Those that a key may have."""


class UnknownRole(ValueError):
    """No key has such a role."""


def role_named(word: str) -> Role:
    """Return the role that a key may have by that name. Raises `UnknownRole`."""
    for role in GIVEN:
        if role.word == word:
            return role
    names = ", ".join(role.word for role in GIVEN)
    raise UnknownRole(f"no role is called {word!r}; there are: {names}")
