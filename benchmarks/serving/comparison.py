"""The table of peers: one model, every server that has it, beside ours and the no-op in turn."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.serving.environments import NotInstalled
from benchmarks.serving.load import Request
from benchmarks.serving.measuring import Cell, Side, in_turn, measure, middle
from benchmarks.serving.peers import Peer, Row, labels
from benchmarks.serving.sections import Bar, Section
from benchmarks.serving.servers import NotReady, Server
from benchmarks.serving.swapping import Outage, outage_of

CONNECTIONS = (1, 16, 64)
ROUNDS, SECONDS = 1, 1.5
SAMPLES = 100
HEADINGS = (
    "server",
    "model as",
    "ready s",
    "MB",
    *(f"{count} conn.: req/s / p50 / p99 ms" for count in CONNECTIONS),
    "÷ no-op",
    "ours is faster by",
    "same labels",
    "swap: failed / silent",
)
FLOOR, OURS = "FastAPI no-op", "Contender"
Found = dict[int, dict[str, list[Cell]]]


@dataclass(frozen=True)
class Stage:
    """What every peer is measured beside."""

    model: str
    nothing: Server
    nothings: Sequence[Request]
    ours: Server
    rows: Sequence[Row]
    read: Callable[[Any], object]
    """The label in an answer of ours."""
    swap: Callable[[], Outage]
    """Move our champion under load."""

    def question(self) -> list[Request]:
        """Return what we are asked."""
        path = f"/v1/models/{self.model}/predict"
        bodies = (json.dumps({"instances": [row]}, ensure_ascii=False) for row in self.rows)
        return [Request("POST", path, body) for body in bodies]


def compared(stage: Stage, peers: Sequence[Peer], name: str) -> Section:
    """Measure every peer, and ours and the no-op beside each of them."""
    asked = stage.question()
    outcome = measure(stage.ours, asked, 4, 1.0, samples=SAMPLES).outcome
    wanted = {place: str(stage.read(json.loads(text))) for place, text in outcome.samples.items()}
    lines: list[list[str]] = []
    bars: list[Bar] = []
    beside: list[Found] = []
    for peer in peers:
        line, found = _line(stage, asked, peer, wanted)
        print(" | ".join(line), flush=True)
        lines.append(line)
        if found:
            beside.append(found)
            label = f"{peer.name} ({peer.form})"
            bars.append(Bar(stage.model, label, best(found, label)))
    rows = [
        [
            title,
            form,
            f"{server.start_seconds:.1f}",
            f"{server.memory_megabytes:.0f}",
            *_middles(beside, title),
            f"{_ratio(beside, title, FLOOR):.3f}",
            faster,
            *rest,
        ]
        for title, form, server, faster, rest in (
            (FLOOR, "—", stage.nothing, "—", ("—", "—")),
            (OURS, "compiled", stage.ours, "1", ("—", _outage(stage.swap()))),
        )
    ]
    bars = [
        Bar(stage.model, FLOOR, _best(beside, FLOOR)),
        Bar(stage.model, OURS, _best(beside, OURS), ours=True),
        *bars,
    ]
    figures = _figures(beside, lines)
    notes = [_busy(beside)]
    return Section(name, HEADINGS, [*rows, *lines], notes=notes, bars=bars, figures=figures)


def _figures(beside: Sequence[Found], lines: Sequence[Sequence[str]]) -> dict[str, float]:
    """Return what the goals ask: how many times faster ours is, than the best and than MLflow."""
    column = HEADINGS.index("ours is faster by")
    ratios = {f"{line[0]} ({line[1]})": float(line[column]) for line in lines if line[column]}
    if not ratios:
        return {}
    return {
        "times the best peer": min(ratios.values()),
        "ratio to the no-op": _ratio(beside, OURS, FLOOR),
        **{f"times {name}": ratio for name, ratio in ratios.items()},
    }


def _busy(beside: Sequence[Found]) -> str:
    """Say how much of the servers' core was not theirs."""
    cells = [
        cell for found in beside for each in found.values() for one in each.values() for cell in one
    ]
    if not cells:
        return "Nothing could be measured."
    shares = sorted(cell.others for cell in cells)
    return (
        f"Something else used {100 * shares[len(shares) // 2]:.0f} % of the servers' core "
        f"(median of {len(shares)} cells, at most {100 * shares[-1]:.0f} %)."
    )


def _line(
    stage: Stage, asked: Sequence[Request], peer: Peer, wanted: dict[str, str]
) -> tuple[list[str], Found | None]:
    """Return a peer's line, and what was measured beside it; the reason where it was not."""
    label = f"{peer.name} ({peer.form})"
    requests = [peer.request(row) for row in stage.rows]
    try:
        with peer.start() as server:
            outcome = measure(server, requests, 1, 2.0, samples=SAMPLES).outcome
            answers = labels(peer, outcome.samples)
            alike = sum(wanted.get(str(place)) == said for place, said in answers)
            sides = [
                Side(FLOOR, stage.nothing, stage.nothings),
                Side(OURS, stage.ours, asked),
                Side(label, server, requests),
            ]
            found = {
                count: in_turn(sides, count, rounds=ROUNDS, seconds=SECONDS)
                for count in CONNECTIONS
            }
            if not best(found, label):
                raise NotReady(f"it answered nothing: {outcome.failures}")
            memory = server.memory_megabytes
            outage = outage_of(server, requests, peer.reload)
            line = [
                peer.name,
                peer.form,
                f"{server.start_seconds:.1f}",
                f"{memory:.0f}",
                *(told(found[count][label]) for count in CONNECTIONS),
                f"{best(found, label) / best(found, FLOOR):.3f}",
                f"{best(found, OURS) / best(found, label):.1f}",
                f"{alike} of {len(answers)}",
                _outage(outage),
            ]
            return line, found
    except (NotInstalled, NotReady) as error:
        why = str(error).strip().replace("|", "/").splitlines()[-1]
        rest = [""] * (len(HEADINGS) - 3)
        return [peer.name, peer.form, f"not measured: {why[:200]}", *rest], None


def told(cells: Sequence[Cell]) -> str:
    failed = sum(cell.outcome.failed for cell in cells)
    told = [f"{middle(cells, 'rate'):,.0f}"]
    told += [f"{middle(cells, figure):.1f}" for figure in ("p50_ms", "p99_ms")]
    return " / ".join(told) + (f" ({failed} failed)" if failed else "")


def best(found: Found, name: str) -> float:
    """Return the highest rate of a server over the numbers of connections."""
    return max(middle(cells[name], "rate") for cells in found.values())


def _best(beside: Sequence[Found], name: str) -> float:
    return sorted(best(found, name) for found in beside)[len(beside) // 2] if beside else 0.0


def _ratio(beside: Sequence[Found], name: str, other: str) -> float:
    ratios = sorted(best(found, name) / best(found, other) for found in beside)
    return ratios[len(ratios) // 2] if ratios else float("nan")


def _middles(beside: Sequence[Found], name: str) -> Iterator[str]:
    for count in CONNECTIONS:
        yield told([cell for found in beside for cell in found[count][name]]) if beside else "—"


def _outage(outage: Outage) -> str:
    return f"{outage.failed:,} / {outage.silence_ms / 1000:.2f} s ({outage.how})"
