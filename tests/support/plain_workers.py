"""Worker processes around an application of a few lines: `python -m plain_workers PORT`."""

from __future__ import annotations

import asyncio
import os
import sys
import time

import uvicorn

from serving.draining import DrainingProtocol
from serving.workers import Workers

PATIENCE_SECONDS = 1.5


async def app(scope, receive, send):
    """Answer with the process's id; `/slow` and `/long` take a while, `/block` stops the loop."""
    assert scope["type"] == "http"
    if scope["path"] == "/slow":
        await asyncio.sleep(0.5)
    if scope["path"] == "/long":
        await asyncio.sleep(3)
    if scope["path"] == "/block":
        time.sleep(60)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})


def main() -> int:
    port, *broken = sys.argv[1:]
    config = uvicorn.Config(
        "plain_workers:nobody" if broken else "plain_workers:app",
        host="127.0.0.1",
        port=int(port),
        workers=2,
        http=DrainingProtocol,
        lifespan="off",
        log_level="warning",
    )
    return Workers(config, patience_seconds=PATIENCE_SECONDS, stop_seconds=5).run()


if __name__ == "__main__":
    sys.exit(main())
