"""`python -m serving.model_worker [MODEL...]`: answers for some models until told to stop."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Event

from pipelines.observability import logs
from pipelines.registry.client import RegistryClient
from pipelines.settings import Settings, SettingsError, load_settings
from pipelines.store import open_store
from serving.model_worker.worker import compose
from serving.remote.connection import open_redis

REGISTRY_TIMEOUT_SECONDS = 5.0
READY_VARIABLE = "CONTENDER_MODEL_WORKER_READY"
READY_FILE = "model-worker.ready"
"""Where a worker that has begun writes its process id, unless the variable names another file."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Work until SIGTERM or SIGINT; returns the exit code."""
    asked = _parser().parse_args(arguments)
    try:
        settings = load_settings()
        models = _models(settings, asked.models)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    logs.configure(settings.logging, "worker")
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    store = open_store(settings.store_url)
    redis = open_redis(settings.workers.redis_url.get_secret_value(), "worker")
    with RegistryClient(
        settings.mlflow_url, REGISTRY_TIMEOUT_SECONDS, settings.mlflow_login
    ) as registry:
        worker = compose(settings, store, registry, redis, models)
        _say_ready(settings)
        worker.run(stop)
    redis.close()
    store.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m serving.model_worker", description=__doc__)
    parser.add_argument("models", nargs="*", help="those of workers.models that it answers; all")
    return parser


def _models(settings: Settings, asked: Sequence[str]) -> list[str]:
    listed = settings.workers.models
    unknown = sorted({*listed, *asked} - settings.models.keys())
    if unknown:
        raise SettingsError(f"no such model is configured: {', '.join(unknown)}")
    apart = sorted(set(asked) - set(listed))
    if apart:
        raise SettingsError(
            f"the API answers {', '.join(apart)} itself: list it in workers.models of "
            "contender.toml, there and here"
        )
    if not listed:
        raise SettingsError("no model is listed in workers.models of contender.toml")
    return list(asked or listed)


def _say_ready(settings: Settings) -> None:
    file = Path(os.environ.get(READY_VARIABLE) or settings.var / "run" / READY_FILE)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(str(os.getpid()), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
