"""How a supervisor sees that a service is ready."""

from __future__ import annotations

from pathlib import Path

import httpx
import psutil

from cli.supervisor import Probe

CLOCK_CORRECTION_SECONDS = 2.0
"""The system derives a process's start from the wall clock, which may be corrected by a moment."""


def http_probe(url: str) -> Probe:
    """Return a probe that asks for a page and wants a 200."""

    async def healthy() -> bool:
        try:
            async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
                return (await client.get(url)).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    return healthy


def pid_file_probe(path: Path) -> Probe:
    """Return a probe for a file in which the service writes its process id once it is ready.

    A file left by an earlier start does not count: it names a process that is gone, or, after a
    reboot, one that began only after it was written.
    """

    async def healthy() -> bool:
        try:
            process = psutil.Process(int(path.read_text(encoding="utf-8")))
            return process.create_time() <= path.stat().st_mtime + CLOCK_CORRECTION_SECONDS
        except (OSError, ValueError, psutil.Error):
            return False

    return healthy


async def always() -> bool:
    """Be healthy as soon as the process runs, or has run."""
    return True
