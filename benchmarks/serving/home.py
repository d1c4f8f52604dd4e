"""The home that is measured: a stack of its own, its models trained and promoted by the gate.

Made once in `var/bench/home` and kept; `--fresh` makes it again. Product codes and categories have
two versions that were champion, so that going back and forth between them is a swap.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.serving.datasets import write_sources
from benchmarks.serving.machine import LOAD_CORE
from benchmarks.serving.servers import ROOT, Server, answers, free_port
from pipelines.decisions.log import DecisionLog
from pipelines.settings import Settings, load_settings
from pipelines.store import open_store

FOLDER = ROOT / "var" / "bench"
DONE = "READY"
SETTINGS = """
[ports]
api = {api}
mlflow = {mlflow}
prefect = {prefect}

# 300 codes and some 40,000 terms: words and pairs of words, without runs of characters.
[models.product_codes]
policy = {{ rule = "better_figure" }}
source = {{ url = "var/demo/product_codes.csv" }}
[models.product_codes.params]
word_run = 2
character_run = 0
opening_run = 0
minimum_texts = 2
epochs = 1
alpha = 1e-3

# 200 trees on counts of words.
[models.product_categories]
policy = {{ rule = "better_figure" }}
source = {{ url = "var/demo/product_categories.csv" }}
[models.product_categories.params]
words = "tokens"
character_run = 0
opening_run = 0
minimum_texts = 1
search = 1
folds = 2
trees = 10

[models.product_recommendations]
source = {{ url = "var/demo/product_recommendations.csv" }}

[models.demand_forecast]
source = {{ url = "var/demo/demand_forecast.csv" }}

[models.fashion_recommendations]
source = {{ url = "var/demo/fashion/reviews.csv" }}

# No simulated visitors: they train challengers of their own.
[demo]
day = false

[feed]
url = "var/demo/orders.jsonl"
"""
BETTER: Sequence[tuple[str, Sequence[str]]] = (
    ("product_codes", ("epochs=20", "alpha=1e-6")),
    ("product_categories", ("trees=200",)),
)
"""What the second version of a model is trained with, and measured with."""


class NotBuilt(RuntimeError):
    """The home could not be made; the message says which step failed."""


def prepared(folder: Path = FOLDER, *, fresh: bool = False) -> Settings:
    """Return the settings of the home that is measured, made now if it is not there."""
    home = folder / "home"
    if fresh:
        shutil.rmtree(home, ignore_errors=True)
    if not (home / DONE).exists():
        _build(home)
    return load_settings({"CONTENDER_HOME": str(home)})


def _build(home: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    ports = {name: free_port() for name in ("api", "mlflow", "prefect")}
    (home / "contender.toml").write_text(SETTINGS.format(**ports), encoding="utf-8")
    write_sources(home / "var" / "demo")
    try:
        _contender(home, "up", "--detach")
        for model, params in BETTER:
            given = [word for param in params for word in ("--param", param)]
            _contender(home, "train", model, *given)
    finally:
        _contender(home, "down")
    _check(load_settings({"CONTENDER_HOME": str(home)}))
    (home / DONE).touch()


def _check(settings: Settings) -> None:
    store = open_store(settings.store_url)
    try:
        log = DecisionLog(store, settings.var / "predictions")
        for model, _ in BETTER:
            head = log.head(model)
            if head is None or head.generation < 2:
                raise NotBuilt(f"{model}: its second version was not promoted")
    finally:
        store.close()


def _contender(home: Path, *arguments: str) -> None:
    print(f"contender {' '.join(arguments)}", flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        env={**os.environ, "CONTENDER_HOME": str(home), "PYTHONSAFEPATH": "1"},
        check=False,
    )
    if done.returncode:
        raise NotBuilt(f"`contender {' '.join(arguments)}` failed; see {home / 'var' / 'logs'}")


def copy_of(settings: Settings, name: str, *, registry: bool = False) -> Settings:
    """Return a home of the same champions to write to; with `registry`, MLflow's part of it too."""
    copy = settings.home.parent / name
    shutil.rmtree(copy, ignore_errors=True)
    left = ("prefect", "arena", *(() if registry else ("mlruns",)))
    shutil.copytree(settings.home, copy, ignore=shutil.ignore_patterns(*left))
    return load_settings({"CONTENDER_HOME": str(copy)})


@contextmanager
def registry(settings: Settings, logs: Path, *, niceness: int = 19) -> Iterator[str]:
    """Run the home's MLflow away from the servers' core; its address.

    By default it gives way to the load, which is on the same core; a swap then takes its time.
    """
    port = settings.ports.mlflow
    command = ["nice", "-n", str(niceness), sys.executable, "-m", "mlflow", "server"]
    command += ["--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{settings.mlruns / 'mlflow.db'}"]
    command += ["--artifacts-destination", str(settings.mlruns / "artifacts")]
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    if answers(port, "/health"):
        raise NotBuilt(f"something listens on port {port}, which is that of the home's MLflow")
    server = Server(
        command,
        port=port,
        ready="/health",
        log=logs / "mlflow.log",
        environment=quiet,
        core=LOAD_CORE,
    )
    with server:
        yield settings.mlflow_url


def serving_only(settings: Settings, models: Sequence[str]) -> Settings:
    """Leave only these models in a copy's settings and return them; champions stay as they are."""
    lines = [f"[ports]\nmlflow = {settings.ports.mlflow}\n"]
    for model in models:
        url = settings.resolved(settings.models[model].source.url)
        lines.append(f'[models.{model}]\nsource = {{ url = "{url}" }}\n')
    (settings.home / "contender.toml").write_text("\n".join(lines), encoding="utf-8")
    return load_settings({"CONTENDER_HOME": str(settings.home)})
