"""Where does batching pay? Each model with and without it, in one run.

    cp -r HOME /tmp/copy && .venv/bin/python -m benchmarks.batching --home /tmp/copy \
        [--only product_codes ...] [--forms compiled worker elsewhere] [--rounds 2] [--seconds 1]
        [--large 2000]

A form is the champion's compiled one, its plain one in a worker process, or a scikit-learn pipeline
that was logged with MLflow and not by us, also in a worker process. Of each form two servers are
started from the same package on the same core: one answers requests alone, the other answers
together those that wait. They are measured in turn, so that whatever else the machine does meets
both. `decided` is what the server would do by its own measurement; `÷ a CPU s` compares answers for
each second of processor time, which a busy machine does not take away.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import timeit
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from benchmarks import elsewhere
from benchmarks.batching_server import WAYS
from benchmarks.serving.load import Load, Request
from benchmarks.serving.machine import load_average
from benchmarks.serving.measuring import (
    Cell,
    Side,
    finished,
    in_turn,
    measure,
    middle,
    ratio,
    started,
)
from benchmarks.serving.questions import generic
from benchmarks.serving.servers import Server, free_port
from pipelines.decisions.log import DecisionLog
from pipelines.settings import FILE_NAME, Settings, load_settings
from pipelines.store import open_store
from pipelines.versions.artifact import FLAVOUR, open_package, write_contract
from serving.live.costs import BATCH, Cost
from serving.live.loaded import Loaded, load

FORMS = ("compiled", "worker", "elsewhere")
CONNECTIONS = (1, 16, 64)
HEADINGS = (
    "| model | form | 1 ms | 16 ms | decided | conn. | alone req/s | p50 ms | p99 ms "
    "| together req/s | p50 ms | p99 ms | together ÷ alone | ÷ a CPU s | others on core | failed |"
)
BESIDE = (
    "| model | large request | its s | one alone: p50 ms | p99 ms | longest "
    "| beside the large one: p50 ms | p99 ms | longest | failed |"
)


def main() -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # no server is left behind
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=list(FORMS))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--large", type=int, help="rather ask beside requests of so many instances")
    given = parser.parse_args()
    settings = load_settings({"CONTENDER_HOME": str(given.home.resolve())})
    if given.large:
        print(load_average(), BESIDE, "|" + " --- |" * BESIDE.count(" |"), sep="\n")
        for model in given.only or settings.models:
            with tempfile.TemporaryDirectory(prefix="batching-") as folder:
                beside(settings, model, Path(folder), given.large, given.seconds)
        return
    print(load_average(), HEADINGS, "|" + " --- |" * HEADINGS.count(" |"), sep="\n")
    for model in given.only or settings.models:
        for form in given.forms:
            with tempfile.TemporaryDirectory(prefix="batching-") as folder:
                compare(settings, model, form, Path(folder), given.rounds, given.seconds)
    print(load_average())


def compare(
    settings: Settings, model: str, form: str, folder: Path, rounds: int, seconds: float
) -> None:
    """Print the lines of one model in one form, if it has that."""
    package = packaged(settings, model, form, folder / "package")
    if package is None:
        return
    cost = measured(package)
    with ExitStack() as running:
        servers = [running.enter_context(server(settings, package, way, folder)) for way in WAYS]
        requests = generic(settings, model).requests
        sides = [Side(way, each, requests) for way, each in zip(WAYS, servers, strict=True)]
        for connections in CONNECTIONS:
            found = in_turn(sides, connections, rounds=rounds, seconds=seconds)
            print(line(model, form, cost, connections, found["alone"], found["together"]))
            sys.stdout.flush()


def beside(settings: Settings, model: str, folder: Path, size: int, seconds: float) -> None:
    """Print how long a single client waits, alone and beside one who asks for much at once."""
    package = packaged(settings, model, "worker", folder / "package")
    if package is None:
        return
    asked = generic(settings, model).requests
    rows = [row for each in asked for row in json.loads(each.body)["instances"]]
    many = {"instances": [rows[place % len(rows)] for place in range(size)]}
    large = Request("POST", asked[0].path, json.dumps(many))
    with server(settings, package, "together", folder) as running:
        alone = measure(running, asked, 1, seconds)
        with started(Load(running.port, [large], 1, 2 * seconds)) as process:
            meanwhile = measure(running, asked, 1, seconds)
            theirs = finished(process)
    cells = [alone.outcome, meanwhile.outcome]
    columns = [f"{each.p50_ms:.1f} | {each.p99_ms:.1f} | {each.longest_ms:.0f}" for each in cells]
    failed = theirs.failed + sum(each.failed for each in cells)
    line = [model, f"{size:,}", f"{theirs.p50_ms / 1000:.2f}", *columns, str(failed)]
    print("| " + " | ".join(line) + " |", flush=True)


def packaged(settings: Settings, model: str, form: str, folder: Path) -> Path | None:
    """Return a package of that form, made from the champion in the home's cache."""
    if form == "elsewhere":
        return elsewhere.packaged(settings, model, folder)
    store = open_store(settings.store_url)
    champion = DecisionLog(store, settings.var / "predictions").head(model)
    store.close()
    if champion is None:
        return None
    shutil.copytree(settings.var / "cache" / model / champion.artifact_digest, folder)
    if form == "worker":
        contract = open_package(folder).contract
        write_contract(folder, contract.model_copy(update={"runtime": FLAVOUR, "form": "flavour"}))
    return folder


def measured(package: Path) -> Cost:
    """Return what the warm-up measures, a batch of very quick instances included."""
    loaded = load(open_package(package))
    try:
        return loaded.cost if loaded.batch_ms else replace(loaded.cost, batch_ms=_batch_ms(loaded))
    finally:
        loaded.runtime.close()


def _batch_ms(loaded: Loaded) -> float:
    rows = [loaded.package.contract.golden[0]] * BATCH
    return min(timeit.repeat(lambda: loaded.answer(rows), number=20, repeat=5)) / 20 * 1000


def server(settings: Settings, package: Path, way: str, folder: Path) -> Server:
    """Return a server of a home of its own, in which nobody has decided anything yet."""
    home, port = folder / way, free_port()
    home.mkdir()
    shutil.copy(settings.home / FILE_NAME, home)
    return Server(
        [sys.executable, "-m", "benchmarks.batching_server", str(package), way, str(port)],
        port=port,
        ready="/readyz",
        log=home / "server.log",
        environment={"CONTENDER_HOME": str(home)},
    )


def line(
    model: str,
    form: str,
    cost: Cost,
    connections: int,
    alone: Sequence[Cell],
    together: Sequence[Cell],
) -> str:
    """Return one line of the table."""

    def figures(cells: Sequence[Cell]) -> list[str]:
        return [
            f"{middle(cells, 'rate'):,.0f}",
            f"{middle(cells, 'p50_ms'):.2f}",
            f"{middle(cells, 'p99_ms'):.1f}",
        ]

    failed = sum(cell.outcome.failed for cell in (*alone, *together))
    columns = [
        model,
        form,
        f"{cost.single_ms:.2f}",
        f"{cost.batch_ms:.2f}",
        "together" if cost.batches or cost.gathers else "alone",
        str(connections),
        *figures(alone),
        *figures(together),
        f"{ratio(together, alone):.2f}",
        f"{ratio(together, alone, 'cpu_rate'):.2f}",
        f"{100 * middle([*alone, *together], 'others'):.0f} %",
        str(failed),
    ]
    return "| " + " | ".join(columns) + " |"


if __name__ == "__main__":
    main()
