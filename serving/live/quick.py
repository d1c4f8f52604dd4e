"""Quick requests, answered together on the event loop: what one call of a model costs is shared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pipelines.contract import RequestRefused, Row
from serving.live.loaded import Loaded
from serving.live.validation import InvalidInstances

MOST_ROWS = 32
"""Instances of one request that are answered and logged on the event loop itself."""
Rows = list[list[Row]]


class Quick(NamedTuple):
    """One request: what is asked, under which id, and what the log keeps where that differs."""

    instances: Sequence[Row]
    request_id: str
    logged: Sequence[Row] | None = None

    @property
    def kept(self) -> Sequence[Row]:
        """The instances as the prediction log keeps them."""
        return self.instances if self.logged is None else self.logged


def answers(loaded: Loaded, asked: Sequence[Quick]) -> list[Rows | None]:
    """Return the rows of each request, None for one that is not quick, unfit or refused."""
    found: list[Rows | None] = [None] * len(asked)
    fit = [place for place, each in enumerate(asked) if _is_fit(loaded, each)]
    together = [row for place in fit for row in asked[place].instances]
    try:
        rows = loaded.answer(together)
    except RequestRefused:
        # One of them: each by itself, so that the others are answered.
        for place in fit:
            found[place] = _alone(loaded, asked[place])
        return found
    start = 0
    for place in fit:
        end = start + len(asked[place].instances)
        found[place] = rows[start:end]
        start = end
    return found


def _is_fit(loaded: Loaded, asked: Quick) -> bool:
    if len(asked.instances) > MOST_ROWS or not loaded.is_quick(asked.kept):
        return False
    try:
        loaded.check_told(asked.instances, asked.logged)
    except InvalidInstances:
        return False
    return True


def _alone(loaded: Loaded, asked: Quick) -> Rows | None:
    try:
        return loaded.answer(asked.instances)
    except RequestRefused:
        return None
