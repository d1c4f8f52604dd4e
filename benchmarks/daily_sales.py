"""Order lines added up to days: seconds, memory and the same answer, by engine and size.

    .venv/bin/python benchmarks/daily_sales.py [--millions 10 50] [--engines duckdb spark]

The lines are generated: 5,000 products, two years, one line in fifty a return. Each engine runs in
a process of its own; `aggregate s` is reading, adding up, filling the gaps and writing the days,
with Spark's start; `CPU s` and `peak MiB` are of all its processes together, imports included.
`--price` carries prices along. The checksum is over all rows of the answer in any order.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import psutil

from features.daily_sales.order_lines import located
from features.daily_sales.reading import engine_for
from features.sources import Limits, Source

LINES = """
    SELECT i AS id, i // 3 AS order_id, (hash(i) % 5000)::INTEGER AS product_id,
        (CASE WHEN hash(i + 7) % 50 = 0 THEN -1 ELSE 1 END * (1 + hash(i * 3 + 1) % 5))::INTEGER
            AS quantity,
        (1 + hash(i * 5) % 10000 / 100)::DECIMAL(10, 2) AS price,
        TIMESTAMP '2024-01-01' + to_seconds((i * 730.0 * 86400 / {lines})::BIGINT) AS ordered_at
    FROM range({lines}) AS numbers(i)"""
CHECKSUM = "SELECT count(*), sum(quantity), sum(hash(*COLUMNS(*))) FROM read_parquet(?)"
MEBIBYTE = 2**20


def generate(file: Path, lines: int) -> None:
    """Write the lines; a process that has generated fifty million rows says nothing of memory."""
    code = "import duckdb, sys; [duckdb.execute(statement) for statement in sys.argv[1:]]"
    copy = f"COPY ({LINES.format(lines=lines)}) TO '{file}'"
    quiet = "SET enable_progress_bar = false"
    subprocess.run([sys.executable, "-c", code, quiet, copy], check=True)


def add_up(engine: str, lines: Path, days: Path, *, price: bool) -> None:
    """Do what is measured: the engine's own part of `read_daily`."""
    columns = {"ordered_at": "ordered_at"} | ({} if price else {"price": ""})
    source = Source(str(lines), columns, engine=engine)  # type: ignore[arg-type]
    with located(source, Limits()) as found, TemporaryDirectory() as scratch:
        started = time.perf_counter()
        tally = engine_for(source, found).add_up(found, days, Path(scratch))
        print(f"{time.perf_counter() - started:.2f} {tally.sound}")


def measured(command: list[str]) -> tuple[str, float, float]:
    """Return what a command prints, and of all its processes the CPU seconds and peak in MiB."""
    cpu, peak = 0.0, 0
    running = psutil.Popen(command, stdout=subprocess.PIPE, text=True)
    while running.poll() is None:
        try:
            family = [running, *running.children(recursive=True)]
            peak = max(peak, sum(process.memory_info().rss for process in family))
            times = [process.cpu_times() for process in family]
            cpu = max(cpu, sum(spent.user + spent.system for spent in times))
        except psutil.NoSuchProcess:
            continue
        time.sleep(0.05)
    assert running.stdout is not None
    said = running.stdout.read()
    if running.returncode:
        sys.exit(f"failed: {' '.join(command)}")
    return said, cpu, peak / MEBIBYTE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--millions", nargs="+", type=float, default=[10, 50])
    parser.add_argument("--engines", nargs="+", default=["duckdb", "spark"])
    parser.add_argument("--price", action="store_true")
    parser.add_argument("--add-up", nargs=3, metavar=("ENGINE", "LINES", "DAYS"))
    given = parser.parse_args()
    if given.add_up:
        engine, lines, days = given.add_up
        add_up(engine, Path(lines), Path(days), price=given.price)
        return
    print(f"{'lines':>12} {'engine':<8} {'aggregate s':>12} {'CPU s':>10} {'peak MiB':>9}  answer")
    with TemporaryDirectory(prefix="contender-bench-") as folder:
        for millions in given.millions:
            lines, days = Path(folder) / "lines.parquet", Path(folder) / "days.parquet"
            generate(lines, int(millions * 1e6))
            for engine in given.engines:
                command = [sys.executable, __file__, *(["--price"] if given.price else [])]
                said, cpu, peak = measured([*command, "--add-up", engine, str(lines), str(days)])
                aggregate, sound = said.split()
                rows, total, checksum = duckdb.execute(CHECKSUM, [str(days)]).fetchone() or ()
                print(
                    f"{int(sound):>12,} {engine:<8} {float(aggregate):>12.2f} {cpu:>10.2f} "
                    f"{peak:>9.0f}  {rows:,} days, {total:,.0f} pieces, {int(checksum):x}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
