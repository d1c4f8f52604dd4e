"""`docs/reliability.md` says of every drill what it promises, and that it was kept."""

from __future__ import annotations

from cli.drills import page
from cli.drills.catalogue import DRILLS, NAMES


def test_the_page_shows_every_drill_with_its_promise_kept_and_nothing_lost():
    text = page.PAGE.read_text(encoding="utf-8")
    written = text.partition(page.BEGIN)[2].partition(page.END)[0]
    rows = {
        cells[1].strip("` "): [cell.strip() for cell in cells]
        for line in written.splitlines()
        if line.startswith("| `") and (cells := line.split("|"))
    }

    assert list(rows) == list(NAMES)
    for drill in DRILLS:
        _, _, fault, promise, outcome, _, _, lost, _ = rows[drill.name]
        assert (fault, promise, outcome, lost) == (drill.fault, drill.promise, "kept", "0")
