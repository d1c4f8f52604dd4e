"""How often the tests of a rollout err and how soon they are right, as docs/rollouts.md shows it.

    PYTHONPATH=tests/support .venv/bin/python benchmarks/rollout_tests.py

Simulated rollouts that are looked at after every unit; about ten seconds on one core.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from rollout_arrays import (
    Floats,
    alarms,
    feedback_paths,
    found_by,
    log_share_paths,
    normal_paths,
    ramp,
    scaled,
)

ALPHA, RAILS, RUNS, UNITS = 0.05, 3, 1_000, 3_000
SCALING = 100
Draw = Callable[[np.random.Generator, tuple[int, int]], Floats]
LOSSES: dict[str, Draw] = {
    "1 in 20 wrong": lambda rng, size: (rng.random(size) < 0.05).astype(float),
    "1 in 3 wrong": lambda rng, size: (rng.random(size) < 0.33).astype(float),
    "squared normal errors": lambda rng, size: rng.standard_normal(size) ** 2,
    "squared errors, some wild": lambda rng, size: (
        (rng.standard_normal(size) * np.exp(rng.standard_normal(size))) ** 2
    ),
}


def main() -> None:
    """Print the tables."""
    rng = np.random.default_rng(7)
    _equal(rng)
    _errors(rng)
    _slow(rng)
    _feedback(rng)
    _choices(rng)


def _equal(rng: np.random.Generator) -> None:
    print("| equal challengers, losses | share | called worse | better | by a normal curve |")
    print("| --- | --- | --- | --- | --- |")
    shares = {"0.5": np.full(UNITS, 0.5), "0.1": np.full(UNITS, 0.1), "ramp": ramp(UNITS)}
    for name, draw in LOSSES.items():
        for share, known in shares.items():
            null = known
            losses = draw(rng, (RUNS, UNITS))
            taken = rng.random(losses.shape) < null
            normal = [alarms(paths, 1 / ALPHA) for paths in normal_paths(taken, losses, null)]
            if name.startswith("squared"):
                taken, losses, null = taken[:, SCALING:], scaled(losses), null[SCALING:]
            harm, gain = feedback_paths(taken, losses, null)
            found = [f"{alarms(paths, 1 / ALPHA):.1%}" for paths in (harm, gain)]
            by_normal = f"{normal[0]:.1%} worse, {normal[1]:.1%} better"
            print(f"| {name} | {share} | {found[0]} | {found[1]} | {by_normal} |")


def _errors(rng: np.random.Generator) -> None:
    print("\n| share | fails so many times as often | failures until rolled back: half | 95 % |")
    print("| --- | --- | --- | --- |")
    for share in (0.02, 0.1, 0.5):
        for times in (3, 10, 100):
            true = times * share / (1 - share + times * share)
            hits = rng.random((RUNS, UNITS)) < true
            _row(share, times, log_share_paths(hits, np.full(UNITS, share)))


def _slow(rng: np.random.Generator) -> None:
    print("\n| tolerated | slow | answers until rolled back: half | 95 % |")
    print("| --- | --- | --- | --- |")
    for true in (0.15, 0.2, 0.3, 0.5, 1.0):
        hits = rng.random((RUNS, UNITS)) < true
        _row("10 %", f"{true:.0%}", log_share_paths(hits, np.full(UNITS, 0.1)))


def _feedback(rng: np.random.Generator) -> None:
    print("\n| share | wrong before | now | units with feedback until it is clear: half | 90 % |")
    print("| --- | --- | --- | --- | --- |")
    for share in (0.5, 0.1):
        for before, after in ((0.2, 0.4), (0.2, 0.3), (0.3, 0.2), (0.3, 0.15)):
            null = np.full(UNITS, share)
            taken = rng.random((RUNS // 2, UNITS)) < null
            losses = (rng.random(taken.shape) < np.where(taken, after, before)).astype(float)
            harm, gain = feedback_paths(taken, losses, null)
            paths, limit = (harm, RAILS / ALPHA) if after > before else (gain, 1 / ALPHA)
            found = [_units(found_by(paths, limit, part)) for part in (0.5, 0.9)]
            print(f"| {share} | {before} | {after} | {found[0]} | {found[1]} |")


def _choices(rng: np.random.Generator) -> None:
    print("\n| chosen of the challenger | units until superior: half | 90 % |")
    print("| --- | --- | --- |")
    for share in (0.55, 0.6, 0.7):
        paths = log_share_paths(rng.random((RUNS, UNITS)) < share, np.full(UNITS, 0.5))
        found = [_units(found_by(paths, 1 / ALPHA, part)) for part in (0.5, 0.9)]
        print(f"| {share:.0%} | {found[0]} | {found[1]} |")


def _row(first: object, second: object, paths: Floats) -> None:
    found = [_units(found_by(paths, RAILS / ALPHA, part)) for part in (0.5, 0.95)]
    print(f"| {first} | {second} | {found[0]} | {found[1]} |")


def _units(number: int) -> str:
    return f"{number:,}" if number <= UNITS else f"over {UNITS:,}"


if __name__ == "__main__":
    main()
