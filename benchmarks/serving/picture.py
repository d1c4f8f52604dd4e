"""The picture of the page: requests a second of every server, on a scale of tenfolds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.serving.sections import Bar, Section

OURS, THEIRS, FLOOR = "#0b7285", "#adb5bd", "#495057"


def draw(sections: Mapping[str, Section], file: Path) -> bool:
    """Write the picture; False where no section has bars."""
    groups: dict[str, list[Bar]] = {}
    for section in sections.values():
        for bar in section.bars:
            groups.setdefault(bar.group, []).append(bar)
    if not groups:
        return False
    mpl.rcParams.update({"svg.hashsalt": "contender", "svg.fonttype": "none", "font.size": 9})
    heights = [len(bars) for bars in groups.values()]
    size = (8.5, 0.9 + 0.27 * sum(heights) + 0.55 * len(groups))
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(len(groups), 1, squeeze=False, sharex=True, height_ratios=heights)
    for axis, (group, bars) in zip(axes[:, 0], groups.items(), strict=True):
        _draw_group(axis, group, bars)
    axes[-1, 0].set_xlabel("requests a second on one core, the best of 1, 16 and 64 connections")
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, metadata={"Date": None})
    return True


def _draw_group(axis: Axes, group: str, bars: Sequence[Bar]) -> None:
    ordered = sorted(bars, key=lambda bar: bar.value)
    colours = [
        OURS if bar.ours else FLOOR if bar.label.startswith("FastAPI") else THEIRS
        for bar in ordered
    ]
    drawn = axis.barh([bar.label for bar in ordered], [bar.value for bar in ordered], color=colours)
    axis.bar_label(drawn, labels=[f" {bar.value:,.0f}" for bar in ordered])
    axis.set_xscale("log")
    axis.set_xlim(left=5)
    axis.margins(x=0.15)
    axis.set_title(group, loc="left", fontweight="bold")
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
