"""What a worker process leaves out of its memory, and that it answers without it."""

from __future__ import annotations

import os
import subprocess
import sys

SCRIPT = """
import asyncio, sys
import uvicorn
from serving.entry import UNUSED

async def main():
    config = uvicorn.Config("serving.entry:build", factory=True, http="serving.entry:HotProtocol")
    config.load()
    assert config.http_protocol_class.__name__ == "HotProtocol"
    app = config.loaded_app
    while not hasattr(app, "router"):
        app = app.app
    async with app.router.lifespan_context(app):
        assert app.openapi()["paths"]
    loaded = [name for name, module in sys.modules.items() if module is not None]
    print(*[name for name in (*UNUSED, "rich", "pygments", "hpack") if name in loaded])

asyncio.run(main())
"""


def test_a_worker_process_starts_without_what_it_never_runs(home):
    (home / "contender.toml").write_text("[ports]\nmlflow = 1\nprefect = 2\n")
    environment = {**os.environ, "CONTENDER_HOME": str(home)}

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""
