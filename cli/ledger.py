"""Contender's own store as the commands open it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pipelines.decisions.log import DecisionLog
from pipelines.settings import Settings
from pipelines.store import Store, open_store


@contextmanager
def opened_store(settings: Settings) -> Iterator[Store]:
    """Yield the store and release its connections afterwards."""
    store = open_store(settings.store_url)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def open_log(settings: Settings) -> Iterator[DecisionLog]:
    """Yield the decision log of a home folder."""
    with opened_store(settings) as store:
        yield DecisionLog(store, settings.var / "predictions")
