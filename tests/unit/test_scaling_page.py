"""The page of what is past one machine shows what was measured, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE, POINTS = ROOT / "docs" / "scaling.md", ROOT / "docs" / "scaling" / "points"


@pytest.fixture(autouse=True)
def _benchmarks_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


def test_the_tables_are_those_of_the_points_that_are_kept(tmp_path: Path) -> None:
    from benchmarks.scaling.points import kept, sections
    from benchmarks.scaling.rows import SAID
    from benchmarks.serving.sections import fill

    found = sections(kept(POINTS), SAID)
    assert "days" in found
    copy = Path(shutil.copy(PAGE, tmp_path))
    assert fill(copy, found) == []
    assert copy.read_text(encoding="utf-8") == PAGE.read_text(encoding="utf-8")


def test_all_engines_that_added_the_same_lines_up_found_the_same_days() -> None:
    from benchmarks.scaling.points import kept

    answers: dict[float, set[tuple[tuple[str, object], ...]]] = {}
    for point in kept(POINTS):
        if point.kind == "days":
            answers.setdefault(point.millions, set()).add(tuple(sorted(point.answer.items())))
    assert max(answers) >= 50
    assert all(len(found) == 1 for found in answers.values())


def test_a_point_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    from benchmarks.scaling.points import Point, kept

    for seconds in (1.0, 2.0):
        found = {"seconds": seconds, "rows": 7}
        Point.of("days", "duckdb", 1.0, found, cpu=0.5, peak=10.2).keep(tmp_path)
    (point,) = kept(tmp_path)
    assert (point.seconds, point.peak_mib, point.answer) == (2.0, 10, {"rows": 7})
