"""The mechanical blessing: the real serving code loads a version in a fresh process.

A subprocess with JSON out, so that the gate imports nothing of the server.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from pipelines.gate.verdict import Blessing

COMMAND = (sys.executable, "-m", "serving.bless")
TIMEOUT_SECONDS = 300.0
SHOWN_CHARACTERS = 400
MEGABYTE = 1024 * 1024


def bless(
    directory: Path,
    *,
    command: Sequence[str] = COMMAND,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Blessing:
    """Have a package loaded, warmed up and timed; whatever goes wrong is the blessing's reason."""
    environment = {**os.environ, "PYTHONSAFEPATH": "1"}
    try:
        done = subprocess.run(
            [*command, str(directory)],
            capture_output=True,
            timeout=timeout_seconds,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Blessing(False, f"it did not answer within {timeout_seconds:g} s")
    try:
        return _blessing(orjson.loads(done.stdout))
    except (orjson.JSONDecodeError, KeyError, TypeError):
        said = done.stderr.decode("utf-8", errors="replace").strip()[-SHOWN_CHARACTERS:]
        return Blessing(False, f"the serving process ended with {done.returncode}: {said}")


def _blessing(found: dict[str, Any]) -> Blessing:
    if not found["ok"]:
        return Blessing(False, str(found["reason"]))
    return Blessing(
        True,
        str(found["reason"]),
        load_seconds=float(found["load_seconds"]),
        latency_ms=float(found["latency_ms"]["p50"]),
        memory_bytes=round(float(found["memory_mb"]) * MEGABYTE),
        size_bytes=int(found["size_bytes"]),
        golden=int(found["golden"]),
    )
