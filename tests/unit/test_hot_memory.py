"""Requests leave nothing behind in the process that answers them."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from serving_stage import MODEL, Stage

from pipelines.prediction_log import count
from pipelines.settings import Settings

BODY = b'{"instances": [{"text": "pintura blanca"}]}'
REFUSED = b'{"instances": [{"text": 7}]}'
ASKED = 600

pytestmark = pytest.mark.slow


@pytest.fixture
def stage(make_settings: Callable[..., Settings]) -> Iterator[Stage]:
    stage = Stage(make_settings(models={MODEL: {"source": {"url": "rows.csv"}}}))
    stage.promote("1", "pintura")
    yield stage
    stage.close()


async def ask(app: Any, body: bytes) -> None:
    headers = [
        (b"host", b"127.0.0.1"),
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
    ]
    scope = {
        "type": "http",
        "method": "POST",
        "path": f"/v1/models/{MODEL}/predict",
        "query_string": b"",
        "headers": headers,
        "state": {},
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(_message: dict[str, Any]) -> None:
        """Nobody reads it."""

    await app(scope, receive, send)


def test_thousands_of_requests_leave_no_objects_behind(stage):
    app = stage.app()
    services = app.state.services

    async def ask_many(times: int) -> None:
        for _ in range(times):
            await ask(app, BODY)
            await ask(app, REFUSED)

    def objects() -> int:
        services.predictions.drain()
        services.telemetry.tallies.hand_over()
        gc.collect()
        return len(gc.get_objects())

    async def measure() -> tuple[int, int]:
        async with app.router.lifespan_context(app):
            await ask_many(ASKED)
            before = objects()
            await ask_many(3 * ASKED)
            return before, objects()

    before, after = asyncio.run(measure())

    assert after - before < ASKED / 2  # one object kept of each request would be six times that
    assert count(stage.store) == 4 * ASKED
