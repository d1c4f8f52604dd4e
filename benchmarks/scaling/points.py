"""One measured point, and the tables that points make."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from benchmarks.serving.machine import MEGABYTE, cpu_seconds, family, processor
from benchmarks.serving.sections import Section

EVERY_SECONDS = 0.1
MEBIBYTE = 2**20


@dataclass(frozen=True)
class Point:
    """What one engine took for so many rows; `refused` where it would not have them."""

    kind: str
    engine: str
    millions: float
    seconds: float
    cpu_seconds: float
    peak_mib: float
    answer: Mapping[str, object]
    refused: str
    load: float
    at: str
    machine: str

    @classmethod
    def of(
        cls,
        kind: str,
        engine: str,
        millions: float,
        found: dict[str, object],
        cpu: float,
        peak: float,
    ) -> Point:
        """Return the point of what a process has written and taken."""
        seconds, refused = float(str(found.pop("seconds"))), str(found.pop("refused", ""))
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        return cls(
            *(kind, engine, millions, round(seconds, 2), round(cpu, 1), round(peak)),
            *(found, refused, round(os.getloadavg()[0], 1), now, machine()),
        )

    def keep(self, folder: Path) -> None:
        """Write it in place of an earlier one of the same kind, engine and size."""
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(self), indent=1, ensure_ascii=False)
        file = folder / f"{self.kind}-{self.engine}-{self.millions:g}.json"
        file.write_text(text + "\n", encoding="utf-8")

    def line(self) -> str:
        """Return it as a line of a terminal."""
        took = f"{self.seconds:8.1f} s {self.cpu_seconds:8.1f} CPU s {self.peak_mib:7.0f} MiB"
        who = f"{self.kind:<8} {self.engine:<9} {self.millions:>5g} M"
        return f"{who} {took}  {self.refused or self.answer}"


def machine() -> str:
    """Return what the processor calls itself, how many cores and how much memory there are."""
    gigabytes = psutil.virtual_memory().total / MEGABYTE / 1000
    return f"{processor()}; {os.cpu_count()} cores, {gigabytes:.0f} GB"


def kept(folder: Path) -> list[Point]:
    """Return every point in a folder, the smallest first."""
    found = [
        Point(**json.loads(file.read_text(encoding="utf-8"))) for file in folder.glob("*.json")
    ]
    return sorted(found, key=lambda point: (point.kind, point.engine, point.millions))


def measured(command: Sequence[str]) -> tuple[float, float]:
    """Return the CPU seconds and the peak in MiB of a command and all of its processes."""
    cpu, peak = 0.0, 0.0
    running = subprocess.Popen(command)
    while running.poll() is None:
        resident = 0
        for process in family(running.pid):
            with suppress(psutil.NoSuchProcess):
                resident += process.memory_info().rss
        peak, cpu = max(peak, resident / MEBIBYTE), max(cpu, cpu_seconds(running.pid))
        time.sleep(EVERY_SECONDS)
    if running.returncode:
        sys.exit(f"failed: {' '.join(command)}")
    return cpu, peak


def sections(points: Sequence[Point], said: Mapping[str, str]) -> dict[str, Section]:
    """Return a table for each kind of work."""
    return {
        kind: _section(kind, [point for point in points if point.kind == kind], text)
        for kind, text in said.items()
        if any(point.kind == kind for point in points)
    }


def _section(kind: str, points: Sequence[Point], said: str) -> Section:
    headings = ("million rows", "engine", "s", "CPU s", "peak MiB", "result")
    ordered = sorted(points, key=lambda point: (point.millions, point.engine))
    rows = [
        [
            f"{point.millions:g}",
            point.engine,
            "—" if point.refused else f"{point.seconds:,.1f}",
            "—" if point.refused else f"{point.cpu_seconds:,.0f}",
            f"{point.peak_mib:,.0f}",
            f"refused: {point.refused}" if point.refused else _result(point.answer),
        ]
        for point in ordered
    ]
    when = f"{min(point.at for point in points)} to {max(point.at for point in points)}"
    loads = [point.load for point in points]
    where = "; ".join(sorted({point.machine for point in points}))
    busy = f"load average {min(loads):.1f} to {max(loads):.1f} after a point"
    return Section(
        kind, headings, rows, (f"Rows: {said}.",), conditions=f"{when}; {where}; {busy}."
    )


def _result(answer: Mapping[str, object]) -> str:
    shown = {name: value for name, value in answer.items() if name != "norm"}
    return ", ".join(f"{value:,.0f} {name}" for name, value in shown.items())  # type: ignore[str-format]
