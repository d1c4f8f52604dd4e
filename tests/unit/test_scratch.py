"""Scratch folders go with whoever made them, however that ended."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from features.scratch import PREFIX, clear_abandoned, scratch_folder

HOLDER = """
import sys
from pathlib import Path
from features.scratch import scratch_folder
with scratch_folder("fit", Path(sys.argv[1])) as folder:
    (folder / "weights").write_text("x")
    print(folder, flush=True)
    sys.stdin.read()
"""


def test_a_scratch_folder_goes_with_its_block_and_what_was_moved_away_stays(tmp_path):
    with scratch_folder("fit", tmp_path) as folder, scratch_folder("cache", tmp_path) as other:
        (folder / "a").write_text("a")
        kept = other.rename(tmp_path / "kept")
        assert folder.stat().st_mode & 0o777 == 0o700

    assert list(tmp_path.iterdir()) == [kept]


def test_what_a_killed_process_left_is_cleared_by_the_next_and_what_a_live_one_holds_is_not(
    tmp_path,
):
    elsewhere = tmp_path / f"{PREFIX}-{socket.gethostname()}-2@fit-abc"
    strange = tmp_path / "contender-run-of-somebody"
    elsewhere.mkdir()
    strange.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONSAFEPATH": "1"},
    ) as holder:
        left = holder.stdout.readline().strip()
        with scratch_folder("fit", tmp_path) as own:
            clear_abandoned(tmp_path)
            assert sorted(map(str, tmp_path.iterdir())) == sorted(
                map(str, [elsewhere, strange, own, left])
            )
        holder.kill()
    assert Path(left, "weights").exists()

    with scratch_folder("fit", tmp_path) as own:
        assert sorted(tmp_path.iterdir()) == sorted([elsewhere, strange, own])


def test_a_link_of_that_name_leads_nobody_to_delete_what_it_points_to(tmp_path):
    with scratch_folder("fit", tmp_path) as own:
        name = own.name
    treasure = tmp_path / "treasure"
    treasure.mkdir()
    (tmp_path / name).symlink_to(treasure)

    clear_abandoned(tmp_path)

    assert treasure.is_dir()
