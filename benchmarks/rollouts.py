"""What a rollout costs the requests of its model, measured in one run with and without.

    cp -r HOME /tmp/copy && .venv/bin/python -m benchmarks.rollouts --home /tmp/copy \
        [--models product_codes product_recommendations] [--connections 1 64] [--rounds 3]

The challenger is the champion's own package, admitted under another number: whatever differs is the
rollout's doing. Modes take turns, so what else the machine does meets them all; on a busy one,
answers for each second of the server's processor time say more than answers a second. Each request
comes from one of 500 units, and the guardrails are on: a rollout that is rolled back ends the run.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks.serving.load import Request
from benchmarks.serving.machine import load_average
from benchmarks.serving.measuring import Cell, measure, middle
from benchmarks.serving.questions import generic
from benchmarks.serving.servers import Server, contender
from pipelines.decisions.log import DecisionLog, NewDecision
from pipelines.settings import Settings, load_settings
from pipelines.store import open_store

OFF = "none"
MODES: dict[str, dict[str, object]] = {
    OFF: {},
    "shadow": {"mode": "shadow", "share": 1.0},
    "canary, 0.001": {"mode": "canary", "share": 0.001},
    "canary, 0.5": {"mode": "canary", "share": 0.5},
    "interleaving": {"mode": "interleaving", "share": 1.0},
}
"""A canary of next to nobody shows what counting costs; one of half what two models in the same
caches do."""
LISTS = frozenset({"product_recommendations", "fashion_recommendations"})
CHALLENGER = "9001"
HEADINGS = (
    "| model | conn. | rollout | req/s | ÷ none | req/CPU s | ÷ none | p50 ms | p99 ms | failed "
    "| seen of it |"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="a copy: it is written to")
    parser.add_argument("--models", nargs="+", default=["product_codes", "product_recommendations"])
    parser.add_argument("--connections", nargs="+", type=int, default=[1, 64])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0)
    given = parser.parse_args()
    settings = load_settings({"CONTENDER_HOME": str(given.home.resolve())})
    for model in given.models:
        admit_again(settings, model)
    with contender(settings.home, settings.var / "logs") as server:
        print(load_average(), HEADINGS, "|" + " --- |" * HEADINGS.count(" |"), sep="\n")
        for model in given.models:
            requests = generic(settings, model).requests
            for clients in given.connections:
                compare(server, model, requests, clients, given.rounds, given.seconds)


def admit_again(settings: Settings, model: str) -> None:
    """Admit the champion's package under another number, so that it can challenge itself."""
    store = open_store(settings.store_url)
    log = DecisionLog(store, settings.var / "predictions")
    head = log.head(model)
    assert head is not None, f"{model} has no champion"
    digest = head.artifact_digest
    log.append(NewDecision("admitted", model, version=CHALLENGER, artifact_digest=digest))
    store.close()


def compare(
    server: Server,
    model: str,
    requests: Sequence[Request],
    clients: int,
    rounds: int,
    seconds: float,
) -> None:
    """Print a line for each mode that the model can be in."""
    modes = [mode for mode in MODES if mode != "interleaving" or model in LISTS]
    found: dict[str, list[Cell]] = {mode: [] for mode in modes}
    seen: dict[str, str] = {}
    for _ in range(rounds):
        for mode in modes:
            with running(server, model, mode) as arms:
                found[mode].append(measure(server, requests, clients, seconds))
                time.sleep(1.5)  # until the last report
                seen[mode] = arms()
    for mode, cells in found.items():
        figures = [line_of(cells, found[OFF], rate) for rate in ("rate", "cpu_rate")]
        times = f"{middle(cells, 'p50_ms'):.2f} | {middle(cells, 'p99_ms'):.1f}"
        failed = sum(cell.outcome.failed for cell in cells)
        parts = [model, str(clients), mode, *figures, times, str(failed), seen[mode]]
        print("| " + " | ".join(parts) + " |", flush=True)


def line_of(cells: Sequence[Cell], without: Sequence[Cell], rate: str) -> str:
    """Return a rate, and what part it is of the rate without a rollout."""
    found = middle(cells, rate)
    return f"{found:,.0f} | {found / middle(without, rate):.2f}"


@contextmanager
def running(server: Server, model: str, mode: str) -> Iterator[Any]:
    """Run a rollout inside the `with` block; yield what says how much was seen of it."""
    if mode == OFF:
        yield lambda: ""
        return
    address = f"http://127.0.0.1:{server.port}/v1"
    plan = {"challenger": CHALLENGER, "seconds": 600, **MODES[mode]}
    said = {"actor": "bench", "reason": "what does it cost?"}
    with httpx.Client(trust_env=False, timeout=30) as client:
        started = client.post(f"{address}/models/{model}/rollouts", json={**plan, **said})
        started.raise_for_status()
        place = f"{address}/rollouts/{started.json()['rollout_id']}"
        while client.get(place).json()["here"] != "taking_part":
            time.sleep(0.05)

        def arms() -> str:
            shown = client.get(place).json()
            assert shown["verdict"] == "running", shown["finding"]
            challenger = shown["arms"]["challenger"]
            return (
                f"{challenger['requests']} asked of the challenger, {challenger['errors']} failed, "
                f"{challenger['agreed']}/{challenger['compared']} units agreed, "
                f"{challenger['dropped']} dropped"
            )

        yield arms
        client.post(f"{place}/stop", json=said).raise_for_status()
        while client.get(place).json()["here"] is not None:
            time.sleep(0.05)


if __name__ == "__main__":
    main()
