"""Holding what clients were told against what stands in the store."""

from __future__ import annotations

import time
from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import select

from pipelines.settings import Settings
from pipelines.store import decisions, open_store, predictions

DRAINED_SECONDS = 40.0
"""By then the spools of killed processes have been found and moved into the store."""
LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Account:
    """Predictions that left, and how many of them the store does not hold."""

    answered: int
    missing: int
    strangers: int
    """How many of the decisions that the answers named never made a champion."""


def account(
    settings: Settings,
    ids: Collection[str],
    named: set[tuple[str, str]],
    *,
    patience_seconds: float = DRAINED_SECONDS,
) -> Account:
    """Hold answered predictions against the store, once it was drained.

    `named` are the decisions by which they were answered, each with its model.
    """
    left = set(ids)
    deadline = time.monotonic() + patience_seconds
    while left := left - logged_ids(settings):
        if time.monotonic() >= deadline:
            break
        time.sleep(LOOK_SECONDS)
    return Account(len(set(ids)), len(left), len(named - _champions(settings)))


def logged_ids(settings: Settings) -> set[str]:
    """Return the id of every prediction in the store."""
    with closing(open_store(settings.store_url)) as store, store.read() as connection:
        return set(connection.execute(select(predictions.c.prediction_id)).scalars())


def _champions(settings: Settings) -> set[tuple[str, str]]:
    """Return each decision that made a champion, with its model."""
    made = select(decisions.c.model, decisions.c.decision_id).where(
        decisions.c.generation.is_not(None)
    )
    with closing(open_store(settings.store_url)) as store, store.read() as connection:
        return {(entry.model, entry.decision_id) for entry in connection.execute(made)}
