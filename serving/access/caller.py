"""Who asks: the owner of a key, or nobody in particular."""

from __future__ import annotations

import math
from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import Literal

from pipelines.access.keys import OURS, Key
from pipelines.access.roles import Role
from pipelines.deception import as_drawn
from serving.access.refusals import SomebodyElse

ANONYMOUS = "anonymous"
By = Literal["key", "session", "none"]


@dataclass(frozen=True)
class Caller:
    """Who asks, and what he may do."""

    name: str
    role: Role
    key_id: str | None = None
    by: By = "none"
    until: float = math.inf
    """Until when his key or session is good, in seconds of the epoch."""
    reserved: Set[str] = frozenset()
    """Names, as they are drawn, that only the owners of keys may use."""

    def named(self, claimed: str, unclaimed: str | None = None) -> str:
        """Return the name that stands in the records for what this caller does.

        The owner of a key acts in his own name only, and nobody else in it; by our own key flows
        and commands act in the names of those who started them. `unclaimed` is what a request
        says that names nobody. Raises `SomebodyElse`.
        """
        if self.key_id is not None and self.name != OURS:
            if claimed != unclaimed and as_drawn(claimed) != as_drawn(self.name):
                raise SomebodyElse(f"the key is {self.name}'s, the request says {claimed!r}")
            return self.name
        if as_drawn(claimed) in self.reserved:
            raise SomebodyElse(f"{claimed!r} has a key, and this request was made without it")
        return claimed


def of_key(key: Key, by: By, until: float, reserved: Set[str]) -> Caller:
    """Return the caller who presents a key, or a session made of it."""
    return Caller(key.owner, key.role, key.key_id, by, until, reserved)


def reserved_by(keys: Iterable[Key]) -> Set[str]:
    """Return the names, as they are drawn, that belong to the owners of keys."""
    return frozenset(as_drawn(key.owner) for key in keys if key.owner != OURS)
