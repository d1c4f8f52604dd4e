"""The whole run: every part in turn, its result kept, and the page filled where that is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.serving import growth, interfaces, profiling, start_up, steadiness
from benchmarks.serving.comparison import Stage, compared
from benchmarks.serving.home import FOLDER, copy_of, prepared, registry
from benchmarks.serving.peers import Peer, of_texts, registered
from benchmarks.serving.picture import draw
from benchmarks.serving.plain import export
from benchmarks.serving.questions import generic, instances, no_op
from benchmarks.serving.sections import PAGE, Section, fill, kept, libraries
from benchmarks.serving.servers import ROOT, contender, noop
from benchmarks.serving.swapping import Champions, Outage, under_load
from pipelines.settings import Settings

RESULTS = FOLDER / "results"
TEXTS = ("product_codes", "product_categories")
TARGETS: Mapping[str, str] = {
    "product_codes": "code",
    "product_categories": "category",
    "product_recommendations": "items",
    "demand_forecast": "predicted_total_quantity",
}
"""What of an answer is held against the peers' answers."""
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
            model=TEXTS[0],
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
    missing = fill(ROOT / PAGE, sections)
    draw(sections, ROOT / PAGE.with_suffix("") / "peers.svg")
    if missing:
        print(f"no place in {PAGE} for: {', '.join(missing)}")


def _comparison(settings: Settings, model: str, logs: Path) -> Callable[[], Section]:
    def run_it() -> Section:
        return _compare(settings, model, logs)

    return run_it


def _compare(settings: Settings, model: str, logs: Path) -> Section:
    copied = copy_of(settings, "peers", registry=True)
    rows = instances(copied, model)
    with ExitStack() as running:
        running.enter_context(registry(copied, logs))
        nothing = running.enter_context(noop(logs))
        ours = running.enter_context(contender(copied.home, logs))
        target = TARGETS[model]

        def read(answer: Any) -> object:
            return _short(answer["predictions"][0][target])

        def swap() -> Outage | None:
            if model not in TEXTS:
                return None
            champions = Champions(ours.port, model)
            asked = generic(copied, model).requests
            outcome = under_load(ours, asked, 4, 6.0, champions.move)
            return Outage(outcome.failed, outcome.silence_ms, f"{champions.moves} rollbacks")

        stage = Stage(model, nothing, no_op(copied), ours, rows, read, swap)
        return compared(stage, _peers(copied, model, target, logs), f"peers {model}")


def _peers(settings: Settings, model: str, target: str, logs: Path) -> list[Peer]:
    found = [registered(settings, model, lambda row: _short(row.get(target)), logs)]
    if model in TEXTS:
        texts = [str(next(iter(row.values()))) for row in instances(settings, model)]
        forms = export(settings, model, texts, FOLDER)
        found += of_texts(forms, FOLDER)
    if model == "product_categories":
        found = [peer for peer in found if peer.name not in SLOW]
    return found


def _short(value: object) -> object:
    """Return the answer itself: of a list the ids, of a number what both forms agree on."""
    if isinstance(value, list):
        return [item.get("item_id") for item in value]
    return round(value, 2) if isinstance(value, float) else value
