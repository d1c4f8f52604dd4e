"""What is allowed without a key, in a sentence: said at the start, so that nobody is surprised."""

from __future__ import annotations

import time
from typing import NamedTuple

from pipelines.access.keys import OURS, Keys
from pipelines.settings import Settings
from pipelines.store import Store

MAKE = "contender keys create NAME --role operator"


class Told(NamedTuple):
    """The sentence, and whether somebody should do something about it."""

    sentence: str
    urgent: bool


def without_key(settings: Settings) -> str:
    """Return the role of a caller without a key; `none` where he may do nothing."""
    by_place = "none" if settings.addresses.beyond_loopback else "operator"
    return settings.access.anonymous or by_place


def told(settings: Settings, store: Store) -> Told:
    """Return what a caller without a key may do, in words."""
    role = without_key(settings)
    if role == "none":
        now = time.time()
        good = [key for key in Keys(store).list() if key.until > now and key.owner != OURS]
        if not good:
            return Told(f"everything takes a key, and there is none yet: {MAKE}", True)
        return Told(f"everything takes a key; good ones: {len(good)}", False)
    if settings.addresses.beyond_loopback:
        return Told(f"whoever reaches this machine's network is {role} without a key", True)
    hint = "docs/access.md says how to ask for keys"
    return Told(f"whoever works on this machine is {role} without a key; {hint}", False)
