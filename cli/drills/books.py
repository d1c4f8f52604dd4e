"""Holding what clients were told against what stands in the store."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from pipelines.decisions.log import DecisionLog
from pipelines.settings import Settings
from pipelines.store import open_store, predictions

DRAINED_SECONDS = 40.0
"""By then the spools of killed processes have been found and moved into the store."""
LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Account:
    """Predictions that left, and how many of them the store does not hold."""

    answered: int
    missing: int


def account(
    settings: Settings, ids: Collection[str], *, patience_seconds: float = DRAINED_SECONDS
) -> Account:
    """Return how many of the answered predictions are not in the store, once it was drained."""
    left = set(ids)
    deadline = time.monotonic() + patience_seconds
    while left := left - logged_ids(settings):
        if time.monotonic() >= deadline:
            break
        time.sleep(LOOK_SECONDS)
    return Account(len(set(ids)), len(left))


def logged_ids(settings: Settings) -> set[str]:
    """Return the id of every prediction in the store."""
    store = open_store(settings.store_url)
    try:
        with store.read() as connection:
            return set(connection.execute(select(predictions.c.prediction_id)).scalars())
    finally:
        store.close()


def strangers(log: DecisionLog, model: str, named: Collection[str]) -> set[str]:
    """Return those of the named decisions that never made a champion of the model."""
    made = {entry.decision_id for entry in log.list(model) if entry.generation is not None}
    return set(named) - made
