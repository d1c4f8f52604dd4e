"""Several processes look for the spools of killed ones at the same time."""

from __future__ import annotations

import fcntl
from pathlib import Path

from pipelines import spool
from pipelines.spool import Segment, orphans


def left_behind(folder: Path) -> Path:
    segment = Segment(folder)
    segment.append(b"a line\n")
    segment.close()
    return segment.path


def test_what_another_rescuer_has_just_dealt_with_does_not_stop_the_look(tmp_path, monkeypatch):
    paths = sorted(left_behind(tmp_path) for _ in range(3))

    class Slower:
        """Gets each lock only when another rescuer has done its work on the first file."""

        LOCK_EX, LOCK_NB = fcntl.LOCK_EX, fcntl.LOCK_NB

        @staticmethod
        def flock(descriptor: int, how: int) -> None:
            paths[0].unlink(missing_ok=True)
            fcntl.flock(descriptor, how)

    monkeypatch.setattr(spool, "fcntl", Slower)

    assert list(orphans(tmp_path)) == paths[1:]
