"""`python -m serving`: the API, on the host and with as many workers as the settings say."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from contextlib import suppress

import uvicorn
from uvicorn.config import STARTUP_FAILURE

from pipelines.observability import logs
from pipelines.settings import Settings, SettingsError, load_settings
from serving.draining import DrainingServer
from serving.workers import Workers

GRACE_SECONDS = 10
STOP_SECONDS = GRACE_SECONDS + 3
"""After draining and grace a worker that is told to stop has ended, or is killed."""
KEEP_ALIVE_SECONDS = 65
"""Longer than clients keep an unused connection: who closes second never loses a request to it."""
PATIENCE_SECONDS = 15
"""A worker whose event loop stands still for so long is replaced; a busy machine can take 5 s."""
# Named here and not imported: what reads it decides on import, so it has to be set before.
METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
FORMATTER = "serving.observability.request_fields.formatter"


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop; returns the exit code."""
    try:
        settings = load_settings()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    asked = _parser(settings).parse_args(arguments)
    # Each worker reads the settings again: who may ask depends on where we listen.
    os.environ["CONTENDER_HOST"] = asked.host
    _prepare_metrics(settings, asked.port)
    config = uvicorn.Config(
        "serving.entry:build",
        factory=True,
        host=asked.host,
        port=asked.port,
        workers=asked.workers,
        http="serving.entry:HotProtocol",  # by name: the supervisor holds no application
        ws="none",  # an asked upgrade is let be, and does not leave a connection without an answer
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        log_config=logs.dict_config(settings.logging, "api", formatter=FORMATTER),
    )
    if asked.workers > 1:
        workers = Workers(config, patience_seconds=PATIENCE_SECONDS, stop_seconds=STOP_SECONDS)
        return workers.run()
    server = DrainingServer(config)
    with suppress(KeyboardInterrupt):  # by then it has stopped in good order
        server.run()
    return 0 if server.started else STARTUP_FAILURE


def _parser(settings: Settings) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m serving", description=__doc__)
    parser.add_argument("--host", default=settings.addresses.host)
    parser.add_argument("--port", type=int, default=settings.ports.api)
    parser.add_argument("--workers", type=int, default=settings.serving.workers)
    return parser


def _prepare_metrics(settings: Settings, port: int) -> None:
    # Counters of an earlier start would be added to those of this one.
    directory = settings.var / "run" / f"metrics-{port}"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    os.environ[METRICS_VARIABLE] = str(directory)


if __name__ == "__main__":
    sys.exit(main())
