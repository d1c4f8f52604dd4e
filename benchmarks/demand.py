"""Demand forecasts on four real data sets and three rolling windows, one algorithm beside another.

    .venv/bin/python benchmarks/demand.py [--only NAME,..] [--algorithms lstm,..] [--windows 0,1,2]

Data sets are read from CONTENDER_DATA (default: ../shared/data beside the project). Window 0 is
the last 28 days, 1 and 2 the ones before; each is fitted anew on the days before it alone. Figures
are those of the compiled form, after the promises that every answer keeps (`bounds.honest`).
RMSSE: root of mean squared error over the mean squared one-day step in training, averaged over
products. wQL: mean of the quantile losses at 2.5, 10, 50, 90 and 97.5 %, twice, over all sales.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))

from demand_series import READERS, Held, Score, asked, held_out, scored  # noqa: E402

from pipelines.families.demand_forecast.algorithms import estimator_of  # noqa: E402
from pipelines.families.demand_forecast.light_forms import open_light, write_name  # noqa: E402
from pipelines.families.demand_forecast.params import Algorithm, Params  # noqa: E402

SEED = 7
COLUMNS = "| data | algorithm | window | RMSSE | RMSE | WAPE | cov 80 | cov 95 | wQL | fit s |"


def main() -> None:
    arguments = _arguments()
    data = Path(os.environ.get("CONTENDER_DATA", ROOT.parent / "shared" / "data"))
    windows = [int(window) for window in arguments.windows.split(",")]
    print(COLUMNS, "|" + " --- |" * COLUMNS.count(" |"), sep="\n")
    for name in arguments.only.split(","):
        panel = READERS[name](data)
        for algorithm in arguments.algorithms.split(","):
            rows = [measured(held_out(panel, window), Algorithm(algorithm)) for window in windows]
            for window, (score, seconds) in zip(windows, rows, strict=True):
                print(line(name, algorithm, f"w{window}", score, seconds))
            means = Score(**{key: mean_of(rows, key) for key in Score.__annotations__})
            seconds = float(np.mean([spent for _, spent in rows]))
            print(line(name, algorithm, "mean", means, seconds), flush=True)


def measured(held: Held, algorithm: Algorithm) -> tuple[Score, float]:
    """Fit on what may be trained on and score the compiled form; the seconds are the fit's."""
    started = time.perf_counter()
    fitted = estimator_of(Params(algorithm=algorithm), SEED).fit(
        held.panel, lambda _share, _message: None, lambda _forecaster: None
    )
    seconds = time.perf_counter() - started
    with tempfile.TemporaryDirectory() as folder:
        fitted.compile(Path(folder))
        write_name(Path(folder), algorithm)
        return scored(held, asked(held, open_light(Path(folder)))), seconds


def mean_of(rows: Sequence[tuple[Score, float]], key: str) -> float:
    return float(np.mean([getattr(score, key) for score, _ in rows]))


def line(name: str, algorithm: str, window: str, score: Score, seconds: float) -> str:
    figures = [
        f"{score.rmsse:.3f}",
        f"{score.rmse:.2f}",
        f"{score.wape:.3f}",
        f"{100 * score.covered_80:.1f}",
        f"{100 * score.covered_95:.1f}",
        f"{score.weighted_quantile_loss:.4f}",
        f"{seconds:.0f}",
    ]
    return "| " + " | ".join([name, algorithm, window, *figures]) + " |"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default=",".join(READERS))
    parser.add_argument("--algorithms", default=",".join(Algorithm))
    parser.add_argument("--windows", default="0,1,2")
    return parser.parse_args()


if __name__ == "__main__":
    main()
