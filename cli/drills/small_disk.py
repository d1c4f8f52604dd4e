"""A disk that fills up: a small file system in memory where one may be mounted, and otherwise a
limit on the size of every file that a process writes."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

MEGABYTE = 1_000_000
BALLAST = "ballast"


class SmallDisk(Protocol):
    """Room that can be taken away from a process and given back."""

    kind: str
    folder: Path

    def fill(self, pid: int) -> None:
        """Leave no room."""
        ...

    def free(self, pid: int) -> None:
        """Make room again."""
        ...


class Mounted:
    """A tmpfs of a few megabytes, filled by a file of its own: every write gets `ENOSPC`."""

    kind = "a tmpfs without a free byte"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, pid: int) -> None:
        """Write until nothing more goes in."""
        del pid
        with (self.folder / BALLAST).open("wb", buffering=0) as stream, suppress(OSError):
            for size in (MEGABYTE, 4096, 1):
                with suppress(OSError):
                    while stream.write(b"\0" * size):
                        pass

    def free(self, pid: int) -> None:
        """Delete it."""
        del pid
        (self.folder / BALLAST).unlink()


class Limited:
    """An ordinary folder; the process may write no byte to any file: every write gets `EFBIG`."""

    kind = "a process that may write to no file (RLIMIT_FSIZE)"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, pid: int) -> None:
        """Lower the process's limit to nothing."""
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))

    def free(self, pid: int) -> None:
        """Raise it again."""
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """Yield a disk at `folder`, which is made for it."""
    folder.mkdir(parents=True)
    if not _mount(folder, megabytes):
        yield Limited(folder)
        return
    try:
        yield Mounted(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _mount(folder: Path, megabytes: int) -> bool:
    if os.geteuid() != 0:
        return False
    options = f"size={megabytes}m,mode=700"
    command = ["mount", "-t", "tmpfs", "-o", options, "contender-drill", str(folder)]
    with suppress(OSError):
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    return False
