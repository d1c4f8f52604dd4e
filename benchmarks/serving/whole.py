"""The whole run: every part in turn, its result kept, and the page filled where that is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.serving import growth, interfaces, profiling, start_up, steadiness
from benchmarks.serving.comparison import Stage, compared
from benchmarks.serving.goals import held
from benchmarks.serving.home import FOLDER, copy_of, prepared, registry, serving_only
from benchmarks.serving.peers import Peer, of_texts, registered
from benchmarks.serving.picture import draw
from benchmarks.serving.plain import export
from benchmarks.serving.questions import generic, instances, no_op
from benchmarks.serving.sections import PAGE, Section, fill, kept, libraries
from benchmarks.serving.servers import ROOT, contender, noop
from benchmarks.serving.swapping import Champions, Outage, under_load
from pipelines.settings import Settings

RESULTS = FOLDER / "results"
TARGETS: Mapping[str, str] = {
    "product_codes": "code",
    "product_categories": "category",
}
"""The models that peers can serve, and what of an answer is held against theirs.

The signatures of the others ask of every question what only some have, an item or a whole history:
`mlflow models serve` refuses a question for a list.
"""
SLOW = ("MLServer", "BentoML", "LitServe")
"""Left out for the forest unless they batch: 20 ms a call bounds them all alike."""


@dataclass(frozen=True)
class Limits:
    """How long the long run may be."""

    requests: int = 2_000_000
    swaps: int = 500
    minutes: float = 8.0


def parts(settings: Settings, limits: Limits) -> dict[str, Callable[[], Section]]:
    """Return every part of the run by its name, in the order in which they run."""
    logs = FOLDER / "logs"
    comparisons = {f"peers {model}": _comparison(settings, model, logs) for model in TARGETS}
    return {
        **comparisons,
        "interfaces": lambda: interfaces.measured(settings, logs),
        "start-up": lambda: start_up.measured(settings, logs),
        "swaps": lambda: steadiness.swaps(settings, logs),
        "growth": lambda: growth.measured(settings, logs),
        "profile": lambda: profiling.measured(settings, logs, FOLDER),
        "soak": lambda: steadiness.soak(
            settings,
            logs,
            requests=limits.requests,
            swaps=limits.swaps,
            minutes=limits.minutes,
            model="product_codes",
        ),
    }


def run(wanted: Sequence[str], limits: Limits, *, fresh: bool, write: bool) -> None:
    """Run the wanted parts, or all; with `write`, put everything kept so far into the page."""
    settings = prepared(fresh=fresh)
    print(libraries())
    every = parts(settings, limits)
    for name in wanted or every:
        print(f"\n== {name}", flush=True)
        section = every[name]()
        section.keep(RESULTS)
        print(section.markdown(), flush=True)
    if write:
        write_page()


def write_page() -> None:
    """Fill the page and draw its picture from what is kept."""
    sections = kept(RESULTS)
    sections["goals"] = held(sections)
    missing = fill(ROOT / PAGE, sections)
    draw(sections, ROOT / PAGE.with_suffix("") / "peers.svg")
    if missing:
        print(f"no place in {PAGE} for: {', '.join(missing)}")


def _comparison(settings: Settings, model: str, logs: Path) -> Callable[[], Section]:
    def run_it() -> Section:
        return _compare(settings, model, logs)

    return run_it


def _compare(settings: Settings, model: str, logs: Path) -> Section:
    # One model, as each peer serves one.
    copied = serving_only(copy_of(settings, "peers", registry=True), [model])
    rows = instances(copied, model)
    with ExitStack() as running:
        running.enter_context(registry(copied, logs))
        nothing = running.enter_context(noop(logs))
        ours = running.enter_context(contender(copied.home, logs))
        target = TARGETS[model]

        def read(answer: Any) -> object:
            return answer["predictions"][0][target]

        def swap() -> Outage:
            champions = Champions(ours.port, model)
            asked = generic(copied, model).requests
            outcome = under_load(ours, asked, 4, 6.0, champions.move)
            return Outage(outcome.failed, outcome.silence_ms, f"{champions.moves} rollbacks")

        stage = Stage(model, nothing, no_op(settings), ours, rows, read, swap)
        return compared(stage, _peers(copied, model, target, logs), f"peers {model}")


def _peers(settings: Settings, model: str, target: str, logs: Path) -> list[Peer]:
    found = [registered(settings, model, lambda row: row.get(target), logs)]
    texts = [str(next(iter(row.values()))) for row in instances(settings, model)]
    found += of_texts(export(settings, model, texts, FOLDER), FOLDER)
    if model == "product_categories":
        found = [peer for peer in found if peer.name not in SLOW]
    return found
