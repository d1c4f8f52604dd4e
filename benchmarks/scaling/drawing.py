"""The picture of the page: CPU time and memory against rows, on scales of tenfolds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from benchmarks.scaling.points import Point

TITLES = {"days": "order lines to days", "lists": "implicit ALS", "ratings": "a whole training"}
COLOURS = {"spark": "#d9480f", "duckdb": "#0b7285", "implicit": "#0b7285", "frame": "#0b7285"}
OTHER = "#868e96"


def draw(points: Sequence[Point], file: Path) -> None:
    """Write the picture."""
    mpl.rcParams.update({"svg.hashsalt": "contender", "svg.fonttype": "none", "font.size": 9})
    done = [point for point in points if not point.refused]
    kinds = [kind for kind in TITLES if len({p.millions for p in done if p.kind == kind}) > 1]
    figure = Figure(figsize=(1 + 3.4 * len(kinds), 5), layout="constrained")
    axes = figure.subplots(2, len(kinds), sharex=True, squeeze=False)
    for column, kind in enumerate(kinds):
        axes[0, column].set_title(TITLES[kind], loc="left", fontweight="bold")
        mine = [point for point in done if point.kind == kind]
        for engine in dict.fromkeys(point.engine for point in mine):
            line = [point for point in mine if point.engine == engine]
            sizes = [point.millions for point in line]
            look = {"color": COLOURS.get(engine, OTHER), "marker": "o", "label": engine}
            axes[0, column].plot(sizes, [point.cpu_seconds for point in line], **look)
            axes[1, column].plot(sizes, [point.peak_mib / 1024 for point in line], **look)
        axes[0, column].legend(frameon=False)
        axes[1, column].set_xlabel("million rows")
    for row, label in enumerate(("CPU seconds", "peak memory, GiB")):
        axes[row, 0].set_ylabel(label)
        for axis in axes[row]:
            axis.set_xscale("log")
            axis.set_yscale("log")
            axis.grid(alpha=0.3)
            for scale in (axis.xaxis, axis.yaxis):
                scale.set_major_locator(LogLocator(subs=(1, 2, 5)))
                scale.set_major_formatter("{x:g}")
                scale.set_minor_locator(NullLocator())
            for side in ("top", "right"):
                axis.spines[side].set_visible(False)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, metadata={"Date": None})
