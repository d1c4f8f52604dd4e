"""Worker processes around an application of a few lines: `python -m plain_workers PORT`.

`--broken`: none can start. `--stop-seconds 60`: so long they have to end when they are told to.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time

import uvicorn

from serving.draining import DrainingProtocol
from serving.workers import Workers

PATIENCE_SECONDS = 6.0
"""Longer than a busy machine leaves a process aside."""


async def app(scope, receive, send):
    """Answer with the process's id; `/block` stops the loop.

    `/slow` takes a while and `/held` as long as the client stays, both after the answer's head.
    """
    assert scope["type"] == "http"
    if scope["path"] == "/block":
        time.sleep(60)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/slow":
        await asyncio.sleep(1)
    if scope["path"] == "/held":
        while (await receive())["type"] != "http.disconnect":
            pass
        return
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--broken", action="store_true")
    parser.add_argument("--stop-seconds", type=float, default=5.0)
    asked = parser.parse_args()
    config = uvicorn.Config(
        "plain_workers:nobody" if asked.broken else "plain_workers:app",
        host="127.0.0.1",
        port=asked.port,
        workers=2,
        http=DrainingProtocol,
        lifespan="off",
        log_level="warning",
    )
    return Workers(config, patience_seconds=PATIENCE_SECONDS, stop_seconds=asked.stop_seconds).run()


if __name__ == "__main__":
    sys.exit(main())
