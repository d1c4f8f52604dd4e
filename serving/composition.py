"""Puts the real parts together. Each worker process of `python -m serving` calls `build` once."""

from __future__ import annotations

import gc
import logging
import os
import signal
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from multiprocessing import parent_process
from multiprocessing.connection import wait

from fastapi import FastAPI

from pipelines.access import openness, own_key
from pipelines.decisions.log import Decision, DecisionLog
from pipelines.orchestration import OrchestrationClient
from pipelines.registry import aliases as registry
from pipelines.registry.client import RegistryClient
from pipelines.settings import Settings, load_settings
from pipelines.store import Store, open_store
from serving.app import create_app
from serving.slots.memory import give_back, share_one_heap

REGISTRY_TIMEOUT_SECONDS = 5.0

logger = logging.getLogger(__name__)


def build() -> FastAPI:
    """Return the application of this process, by the settings of its environment."""
    share_one_heap()
    stop_with_parent()
    gc.disable()  # nothing that is made while starting is garbage
    app = compose(load_settings())
    inside = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Mapping[str, object]]:
        async with inside(app) as state:
            keep_out_of_collections()
            give_back()
            yield state or {}

    app.router.lifespan_context = lifespan
    return app


def keep_out_of_collections() -> None:
    """Leave what is there by now out of garbage collections, and let them happen again.

    All there is after the start lives as long as the process: looking through its 130,000 objects
    would hold up every request for tens of milliseconds, and find nothing.
    """
    gc.freeze()
    gc.enable()


def compose(settings: Settings) -> FastAPI:
    """Return the application with the real store, log, registry and orchestration."""
    store = open_store(settings.store_url)
    own_key.ensure(settings, store)
    _tell_who_may(settings, store)
    log = DecisionLog(store, settings.var / "predictions")
    client = RegistryClient(settings.mlflow_url, REGISTRY_TIMEOUT_SECONDS, settings.mlflow_login)
    orchestration = OrchestrationClient(
        settings.prefect_url, login=settings.prefect_login, pages=settings.prefect_pages
    )

    def roll_back(model: str, *, actor: str, reason: str, to: str | None) -> Decision:
        return registry.rollback(log, client, model, actor=actor, reason=reason, to=to)

    def close() -> None:
        orchestration.close()
        client.close()
        store.close()

    return create_app(
        settings,
        store=store,
        registry=client,
        log=log,
        orchestration=orchestration,
        roll_back=roll_back,
        project=partial(registry.project_if_possible, log, client),
        close=close,
    )


def _tell_who_may(settings: Settings, store: Store) -> None:
    """Say in the log what is allowed without a key: an operator looks there."""
    told = openness.told(settings, store)
    logger.log(logging.WARNING if told.urgent else logging.INFO, "access: %s", told.sentence)


def stop_with_parent() -> None:
    """Let a worker end when the process that started it does, however that ended.

    A worker left behind would hold the port, and the next start would fail.
    """
    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()
