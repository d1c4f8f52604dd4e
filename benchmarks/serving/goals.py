"""The goals of the server, held against what the parts of the run found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.serving.sections import Section

HEADINGS = ("goal", "wanted", "measured", "met")
Figures = Mapping[str, Mapping[str, float]]
CODES, CATEGORIES = "product_codes: predict", "product_categories: predict"
RECOMMENDATIONS = "product_recommendations: predict"
STORED, TOLD = "demand_forecast: POST /api/v1/predict, stored history", "demand_forecast: predict"


@dataclass(frozen=True)
class Goal:
    """One line: what is wanted, where it is found, and whether it is there."""

    name: str
    wanted: str
    part: str
    told: Callable[[Mapping[str, float]], str]
    met: Callable[[Mapping[str, float]], bool]


def held(sections: Mapping[str, Section]) -> Section:
    """Return every goal with what was measured; a part that was not run leaves its line open."""
    rows = []
    for goal in GOALS:
        found = sections.get(goal.part)
        try:
            told = [goal.told(found.figures), _met(goal, found)] if found else ["not run", "—"]
        except KeyError:
            told = ["not measured", "—"]
        rows.append([goal.name, goal.wanted, *told])
    return Section("goals", HEADINGS, rows, notes=[MEANING], conditions="From the parts below.")


def _met(goal: Goal, found: Section) -> str:
    return "yes" if goal.met(found.figures) else "**no**"


def _rate(name: str, request: str, least: float) -> Goal:
    rate, cpu = f"{request}, 64: req/s", f"{request}, 64: req/CPU s"
    return Goal(
        f"{name}, 64 connections",
        f"≥ {least:,.0f} req/s",
        "interfaces",
        lambda found: f"{found[rate]:,.0f} req/s; {found[cpu]:,.0f} for each CPU second",
        lambda found: found[rate] >= least,
    )


def _ratio(name: str, request: str, least: float) -> Goal:
    ratio, cpu = f"{request}, 64: ratio", f"{request}, 64: CPU ratio"
    return Goal(
        f"{name} ÷ FastAPI's no-op",
        f"≥ {least}",
        "interfaces",
        lambda found: f"{found[ratio]:.2f}; {found[cpu]:.2f} by CPU seconds",
        lambda found: found[ratio] >= least,
    )


def _at_most(name: str, part: str, figure: str, most: float, unit: str) -> Goal:
    return Goal(
        name,
        f"≤ {most:g} {unit}",
        part,
        lambda found: f"{found[figure]:.3g} {unit}",
        lambda found: found[figure] <= most,
    )


def _at_least(name: str, part: str, figure: str, least: float) -> Goal:
    return Goal(
        name,
        f"≥ {least:g} times",
        part,
        lambda found: f"{found[figure]:.1f} times",
        lambda found: found[figure] >= least,
    )


def _swap(model: str) -> Goal:
    name = f"{model}, 64"
    with_, without = f"{name}: longest with", f"{name}: longest without"
    return Goal(
        f"swap of {model} under full load",
        "0 failed, no answer later than 50 ms because of it",
        "swaps",
        lambda found: (
            f"{found[f'{name}: failed']:.0f} failed, longest {found[with_]:.0f} ms, "
            f"without swaps {found[without]:.0f} ms"
        ),
        lambda found: found[f"{name}: failed"] == 0 and found[with_] - found[without] <= 50,
    )


GOALS: Sequence[Goal] = (
    _rate("product codes", CODES, 5_000),
    _at_least("product codes, the best peer", "peers product_codes", "times the best peer", 5),
    _at_least(
        "product codes, `mlflow models serve` of the model as `fit` leaves it",
        "peers product_codes",
        "times mlflow models serve (fitted)",
        100,
    ),
    _at_most("product codes, 1 connection, p50", "interfaces", f"{CODES}, 1: p50", 0.5, "ms"),
    _at_most("product codes, 1 connection, p99", "interfaces", f"{CODES}, 1: p99", 3, "ms"),
    _rate("product categories", CATEGORIES, 2_000),
    _at_most("product categories, p50", "interfaces", f"{CATEGORIES}, 1: p50", 0.7, "ms"),
    _rate("recommend top 10", RECOMMENDATIONS, 3_500),
    _rate("forecast 7 days of stored sales", STORED, 3_000),
    _rate("forecast 7 days, 28 days of sales sent along", TOLD, 3_000),
    _ratio("product codes", CODES, 0.9),
    _ratio("recommend top 10", RECOMMENDATIONS, 0.65),
    _ratio("forecast 7 days of stored sales", STORED, 0.65),
    _ratio("forecast 7 days, 28 days of sales sent along", TOLD, 0.65),
    _ratio("product categories", CATEGORIES, 0.4),
    _at_most("ready", "start-up", "all champions: seconds", 1.5, "s"),
    _at_most("all five champions", "start-up", "all champions: used", 500, "MB"),
    _at_most("without the forest, when ready", "start-up", "without the forest: fresh", 150, "MB"),
    _at_most("without the forest, after load", "start-up", "without the forest: used", 150, "MB"),
    _swap("product_codes"),
    _swap("product_categories"),
    Goal(
        "2 million requests, 500 swaps",
        "0 failed, every row logged, under 5 % growth",
        "soak",
        lambda found: (
            f"{found['answered']:,.0f} requests, {found['swaps']:.0f} swaps: "
            f"{found['failed']:.0f} failed, {found['rows']:,.0f} rows, {found['growth %']:+.1f} %"
        ),
        lambda found: (
            found["answered"] >= 2_000_000
            and found["swaps"] >= 500
            and found["failed"] == 0
            and found["rows"] == found["answered"]
            and found["growth %"] < 5
        ),
    ),
)
MEANING = (
    "Met is what the run itself says: nothing is taken off for what else ran on the machine. "
    "Answers for each second of the server's own processor time say what it would do on a core of "
    "its own."
)
