"""The machine: cores, other work on it, and what a family of processes takes."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

SERVER_CORE, LOAD_CORE = 0, 1
MEGABYTE = 1e6


def pin(core: int) -> None:
    """Keep this process, and what it starts, on one core; where there is none such, anywhere."""
    if core in os.sched_getaffinity(0):
        os.sched_setaffinity(0, {core})


def family(pid: int) -> list[psutil.Process]:
    """Return a process and everything that it started."""
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process and its children, those that ended included."""
    spent = 0.0
    for process in family(pid):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            spent += times.user + times.system + times.children_user + times.children_system
    return spent


def pss_megabytes(pid: int) -> float:
    """Return the memory of a process and its children; what they share counts once."""
    found = 0.0
    for process in family(pid):
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            found += process.memory_full_info().pss / MEGABYTE
    return found


@dataclass(frozen=True)
class CoreClock:
    """Ticks of one core, busy and in all, since the machine started, in seconds."""

    busy: float
    whole: float


def core_clock(core: int) -> CoreClock:
    """Return what one core has done so far; waiting for disks and other machines is not busy."""
    lines = Path("/proc/stat").read_text(encoding="ascii").splitlines()
    ticks = [float(n) for n in next(x for x in lines if x.startswith(f"cpu{core} ")).split()[1:9]]
    idle = ticks[3] + ticks[4]
    second = os.sysconf("SC_CLK_TCK")
    return CoreClock((sum(ticks) - idle) / second, sum(ticks) / second)


def load_average() -> str:
    """Return the three load averages as `uptime` prints them, and the number of cores."""
    averages = ", ".join(f"{each:.2f}" for each in os.getloadavg())
    return f"load average {averages} on {os.cpu_count()} cores"


def processor() -> str:
    """Return what the processor calls itself."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "unknown processor"
