"""What the server process does to its interpreter, once it can answer."""

from __future__ import annotations

import os
import subprocess
import sys

SCRIPT = """
import asyncio, gc
from serving.composition import build

async def main():
    app = build()
    assert not gc.isenabled()
    async with app.router.lifespan_context(app):
        assert gc.isenabled()
        assert gc.get_freeze_count() > 10_000
        gc.collect()
        assert sum(map(len, map(gc.get_objects, range(3)))) < gc.get_freeze_count() / 10

asyncio.run(main())
"""


def test_what_is_there_after_the_start_is_left_out_of_garbage_collections(home):
    (home / "contender.toml").write_text("[ports]\nmlflow = 1\nprefect = 2\n")
    environment = {**os.environ, "CONTENDER_HOME": str(home)}

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
