"""Where the time of a request goes: py-spy's samples of a loaded server, added up by part.

A sample counts for the innermost part that its stack names, so the shares add up to what was
sampled. Native code counts for the Python line that called it.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.serving.environments import NotInstalled, tool
from benchmarks.serving.home import copy_of, serving_only
from benchmarks.serving.load import Load
from benchmarks.serving.measuring import finished, started
from benchmarks.serving.questions import generic
from benchmarks.serving.sections import Section
from benchmarks.serving.servers import Server, contender
from pipelines.settings import Settings

SECONDS, RATE = 12, 500
SETTLE_SECONDS = 5.0
"""The catalogue of the search is indexed after the start; that is none of a request's time."""
PROFILED = ("product_codes", "product_categories", "product_recommendations", "demand_forecast")
PARTS: Mapping[str, Sequence[str]] = {
    "the model: checking and answering": (
        "pipelines/text_kernel/",
        "pipelines/families/",
        "features/",
        "numpy/",
        "onnxruntime/",
        "serving/live/validation.py",
    ),
    "prediction log: writing the line": (
        "pipelines/spool.py",
        "pipelines/prediction_log.py:append",
    ),
    "prediction log: draining into the store": (
        "pipelines/prediction_log",
        "pipelines/store",
        "sqlalchemy/",
        "sqlite3/",
    ),
    "routes, slots, batching, envelope": ("pipelines/", "serving/"),
    "metrics": ("serving/metrics/telemetry.py", "serving/metrics/tallies.py", "prometheus_client/"),
    "HTTP: uvicorn and httptools": ("uvicorn/", "httptools"),
    "HTTP: Starlette and FastAPI": ("starlette/", "fastapi/"),
    "event loop": ("uvloop", "asyncio/", "_UnixSelectorEventLoop", "selectors.py"),
}
"""Parts by what stands in the frames that are theirs; the first that matches a frame has it."""
ORDER = ("metrics", "prediction log: writing the line", "prediction log: draining into the store")
"""Parts that are looked for before all others, since their modules lie in the others' folders."""
ELSE = "anything else"
WAITS = ("Condition.wait", "_worker (concurrent/", "Queue.get", "Rollouts._run", "selectors.py")
"""A thread whose innermost frame is one of these only waits; py-spy cannot always tell."""


def measured(settings: Settings, logs: Path, tools: Path) -> Section:
    """Return the share of each part for each model's generic predict at 64 connections."""
    headings = ("part", *PROFILED)
    try:
        spy = tool("py-spy", tools)
    except NotInstalled as error:
        return Section("profile", headings, [], notes=[f"Not profiled: {error}"])
    shares = {}
    for model in PROFILED:
        copied = serving_only(copy_of(settings, "profile"), [model])
        with contender(copied.home, logs) as server:
            requests = generic(copied, model).requests
            time.sleep(SETTLE_SECONDS)
            shares[model] = parts_of(_stacks(spy, server, Load(server.port, requests, 64, SECONDS)))
            print(model, dict(shares[model].most_common()), flush=True)
    rows = [[part, *(_share(shares[model], part) for model in PROFILED)] for part in (*PARTS, ELSE)]
    return Section("profile", headings, rows, notes=[MEANING])


def _stacks(spy: Path, server: Server, load: Load) -> Iterator[tuple[Sequence[str], int]]:
    """Yield each stack, outermost frame first, with how often it was seen."""
    process = started(load)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "stacks.txt"
        command = [str(spy), "record", "--pid", str(server.process.pid), "--format", "raw"]
        command += ["--duration", str(SECONDS - 2), "--rate", str(RATE), "--threads"]
        done = subprocess.run(
            [*command, "--output", str(file)], capture_output=True, text=True, check=False
        )
        finished(process)
        if done.returncode:
            raise RuntimeError(f"py-spy: {done.stderr[-300:]}")
        for line in file.read_text(encoding="utf-8").splitlines():
            stack, _, count = line.rpartition(" ")
            yield stack.split(";"), int(count)


def parts_of(stacks: Iterator[tuple[Sequence[str], int]]) -> Counter[str]:
    """Add the samples up by part; a sample counts for its innermost frame that is somebody's."""
    found: Counter[str] = Counter()
    for stack, count in stacks:
        if any(wait in stack[-1] for wait in WAITS):
            continue
        named = (part for frame in reversed(stack) if (part := _part_of(frame)))
        found[next(named, ELSE)] += count
    return found


def _part_of(frame: str) -> str | None:
    ordered = (*ORDER, *(part for part in PARTS if part not in ORDER))
    return next((part for part in ordered if any(m in frame for m in PARTS[part])), None)


def _share(found: Counter[str], part: str) -> str:
    return f"{100 * found[part] / max(found.total(), 1):.0f} %"


MEANING = (
    f"{RATE} samples a second of all threads that were not waiting, 64 connections. A sample is of "
    "the innermost frame that belongs to a part. Sampling itself slows the server a little."
)
