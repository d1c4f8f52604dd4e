"""The spool: lines written to a file before an answer leaves, so that a killed process loses none.

A segment is a file of lines held locked by its writer for as long as that lives. The kernel
drops the lock of a dead process, so whoever can lock a segment that is not its own has found an
orphan and may take it over. A line is whole once its newline is there; what a kill cut off in the
middle belongs to an answer that never left.
"""

from __future__ import annotations

import fcntl
import os
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

SUFFIX = ".jsonl"
"""As earlier releases named them, whose lines were JSON: what they leave is found as well."""


class SpoolUnavailable(OSError):
    """A line cannot be written (disk full, folder gone), so its answer must not leave."""


class Segment:
    """One locked file of lines, appended to by this process only."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / f"{os.getpid()}-{uuid.uuid4().hex}{SUFFIX}"
        hidden = self.path.with_suffix(".new")
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND
        # What customers ask is for nobody else on this machine.
        self._descriptor = os.open(hidden, flags, 0o600)
        try:
            # Locked before it is visible, or another process could take it for an orphan.
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            hidden.rename(self.path)
        except OSError:
            # Tried again with every drain, it would otherwise use up all descriptors.
            os.close(self._descriptor)
            hidden.unlink(missing_ok=True)
            raise
        self.size_bytes = 0

    def append(self, line: bytes) -> None:
        """Write one line (which ends in a newline) wholly or not at all."""
        try:
            written = os.write(self._descriptor, line)
            while written < len(line):
                written += os.write(self._descriptor, line[written:])
        except OSError as error:
            os.ftruncate(self._descriptor, self.size_bytes)
            raise SpoolUnavailable(f"{self.path} cannot be written: {error}") from error
        self.size_bytes += len(line)

    def remove(self) -> None:
        """Delete the file, unless it was set aside: its lines are kept elsewhere by now."""
        self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Leave the file to whoever takes it over."""
        os.close(self._descriptor)


class Spool:
    """The segments of one process in a folder that it shares with others; thread-safe."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._lock = threading.Lock()
        self._current = Segment(directory)
        self._full: list[Segment] = []

    def append(self, line: bytes) -> None:
        """Write one line; when this returns, killing the process does not lose it."""
        with self._lock:
            self._current.append(line)

    def filled(self, *, everything: bool = False) -> list[Segment]:
        """Return the segments that nobody writes to any more, oldest first.

        Unless `everything` is asked for, the current one joins them only when they have all been
        dealt with: a store that is away for an hour must not leave thousands of files.
        """
        with self._lock:
            if self._current.size_bytes and (everything or not self._full):
                # The next one first: where it cannot be made (disk full, no descriptor left), the
                # current one goes on being written to and may not be dealt with yet.
                fresh = Segment(self._directory)
                self._full.append(self._current)
                self._current = fresh
            return list(self._full)

    def done(self, segment: Segment) -> None:
        """Forget a segment whose lines are kept elsewhere."""
        with self._lock:
            self._full.remove(segment)
        segment.remove()

    def waiting_bytes(self) -> int:
        """Return how much of this process is still only in the spool."""
        with self._lock:
            return self._current.size_bytes + sum(segment.size_bytes for segment in self._full)

    def close(self) -> None:
        """Stop writing; what is left is an orphan for the next start."""
        with self._lock:
            for segment in (*self._full, self._current):
                if segment.size_bytes:
                    segment.close()
                else:
                    segment.remove()
            self._full = []


def orphans(directory: Path) -> Iterator[Path]:
    """Yield each segment whose writer is dead, locked against others while it is dealt with."""
    for path in sorted(directory.glob(f"*{SUFFIX}")):
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            continue  # its owner, or another rescuer, was faster
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.exists():  # else another rescuer was done with it in this very moment
                yield path
        except BlockingIOError:
            continue
        finally:
            os.close(descriptor)


def whole_lines(path: Path) -> Iterator[bytes]:
    """Yield the complete lines of a segment."""
    with path.open("rb") as stream:
        for line in stream:
            if line.endswith(b"\n"):
                yield line
