"""`python -m serving.bless DIRECTORY`: may this version serve? Asked in a process of its own.

The package is verified, opened, warmed up and asked by the very code of the slots, so a version
that passes here cannot fail there for a reason of its own. One JSON document goes to stdout.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson
import psutil

from pipelines.versions.artifact import open_package
from serving.live.loaded import Loaded, load

CALLS = 200
FEWEST_CALLS = 5
LONGEST_SECONDS = 10.0
MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Latency:
    """Milliseconds of single requests."""

    p50: float
    p99: float


@dataclass(frozen=True)
class Blessing:
    """The outcome. Without `ok` only `reason` says anything."""

    ok: bool
    reason: str
    load_seconds: float | None = None
    latency_ms: Latency | None = None
    memory_mb: float | None = None
    """Resident memory of this process and its workers, after answering."""
    size_bytes: int | None = None
    golden: int = 0
    golden_sha256: str | None = None
    """Of the answers to the golden requests: the same version always answers the same."""
    digest: str | None = None


def bless(directory: Path, expected_digest: str | None = None) -> Blessing:
    """Load the package in `directory` as a slot would, and measure it."""
    start = time.perf_counter()
    try:
        package = open_package(directory, expected_digest=expected_digest)
        loaded = load(package)
    except Exception as error:  # noqa: BLE001 - a border: what fails here in any way is not blessed
        return Blessing(ok=False, reason=f"{type(error).__name__}: {error}")
    load_seconds = time.perf_counter() - start
    try:
        latency = _latency(loaded)
        return Blessing(
            ok=True,
            reason="loaded, warmed up, and answered every golden request",
            load_seconds=load_seconds,
            latency_ms=latency,
            memory_mb=_memory_mb(),
            size_bytes=_size(directory),
            golden=len(loaded.golden),
            golden_sha256=_sha256(loaded.golden),
            digest=package.digest,
        )
    except Exception as error:  # noqa: BLE001 - the same border
        return Blessing(ok=False, reason=f"{type(error).__name__}: {error}")
    finally:
        loaded.runtime.close()


def _latency(loaded: Loaded) -> Latency:
    rows = loaded.package.contract.golden
    deadline = time.perf_counter() + LONGEST_SECONDS
    times: list[float] = []
    # A slow version is asked less often, but never so seldom that there is no figure.
    while len(times) < FEWEST_CALLS or (len(times) < CALLS and time.perf_counter() < deadline):
        start = time.perf_counter()
        loaded.answer([rows[len(times) % len(rows)]])
        times.append((time.perf_counter() - start) * 1000)
    times.sort()
    return Latency(statistics.median(times), times[int(0.99 * (len(times) - 1))])


def _memory_mb() -> float:
    process = psutil.Process()
    family = [process, *process.children(recursive=True)]
    return sum(member.memory_info().rss for member in family) / MEGABYTE


def _size(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


def _sha256(answers: object) -> str:
    return hashlib.sha256(orjson.dumps(answers, option=orjson.OPT_SORT_KEYS)).hexdigest()


@contextmanager
def _quiet_stdout() -> Iterator[int]:
    """Send whatever a library prints to stderr; yield the descriptor of the real stdout."""
    real = os.dup(1)
    os.dup2(2, 1)
    try:
        yield real
    finally:
        os.dup2(real, 1)
        os.close(real)


def main(arguments: list[str] | None = None) -> int:
    """Bless one package; 0 when it may serve, 1 when not."""
    parser = argparse.ArgumentParser(prog="python -m serving.bless", description=__doc__)
    parser.add_argument("directory", type=Path, help="folder with contract.json")
    parser.add_argument("--digest", help="sha256 that contract.json must have")
    asked = parser.parse_args(arguments)
    with _quiet_stdout() as stdout:
        found = bless(asked.directory, asked.digest)
        os.write(stdout, orjson.dumps(asdict(found), option=orjson.OPT_APPEND_NEWLINE))
    return 0 if found.ok else 1


if __name__ == "__main__":
    sys.exit(main())
