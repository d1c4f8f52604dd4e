"""How time and memory grow from 1 to 50 million rows: one machine's engines beside Spark.

    PYTHONPATH=. .venv/bin/python -m benchmarks.scaling [--only days] [--millions 1 10 50]
        [--engines duckdb spark] [--keep FOLDER] [--write]

Each point is a process of its own over generated rows; `s` is on the clock and includes starting
Spark, `CPU s` and `peak MiB` are of all its processes. Points are kept as they are measured, so a
run may be had in pieces; `--write` fills docs/scaling.md and draws its picture from what is kept.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.scaling import drawing, rows
from benchmarks.scaling.points import Point, kept, measured, sections
from benchmarks.serving.sections import fill

PAGE = Path("docs") / "scaling.md"
PICTURE = Path("docs") / "scaling" / "curve.svg"
KEPT = Path("docs") / "scaling" / "points"
ENGINES = {
    "days": ("pandas", "duckdb", "spark"),
    "lists": ("implicit", "spark"),
    "ratings": ("frame", "spark"),
}
SIZES = (1.0, 3.0, 10.0, 25.0, 50.0)


def point(kind: str, engine: str, millions: float) -> Point:
    """Generate the rows, have one process work on them, and return what that took."""
    with TemporaryDirectory(prefix="contender-bench-") as folder:
        file, answer = Path(folder) / "rows.parquet", Path(folder) / "answer.json"
        generator = [sys.executable, "-m", "benchmarks.scaling.rows", kind, str(millions)]
        subprocess.run([*generator, str(file)], check=True)
        work = [sys.executable, "-m", "benchmarks.scaling.work", kind, engine, str(file)]
        cpu, peak = measured([*work, str(answer)])
        found = json.loads(answer.read_text(encoding="utf-8"))
    return Point.of(kind, engine, millions, found, cpu, peak)


def main() -> None:
    """Measure what is asked for, keep it, and with `--write` fill the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=list(ENGINES), default=list(ENGINES))
    parser.add_argument("--engines", nargs="+")
    parser.add_argument("--millions", nargs="*", type=float, default=list(SIZES))
    parser.add_argument("--keep", type=Path, default=KEPT)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    for kind in given.only:
        for engine in [name for name in ENGINES[kind] if name in (given.engines or ENGINES[kind])]:
            for millions in given.millions:
                found = point(kind, engine, millions)
                found.keep(given.keep)
                print(found.line(), flush=True)
    if given.write:
        points = kept(given.keep)
        missing = fill(PAGE, sections(points, rows.SAID))
        drawing.draw(points, PICTURE)
        print(f"{PAGE} and {PICTURE} written; no place for {', '.join(missing) or 'none'}")


if __name__ == "__main__":
    main()
