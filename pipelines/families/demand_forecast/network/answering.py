"""From windows to forecasts around either form of the network; numpy only."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from pipelines.families.demand_forecast.columns import Array
from pipelines.families.demand_forecast.estimators import LEVELS, Forecast
from pipelines.families.demand_forecast.network.conformal import Calibration, Raw
from pipelines.families.demand_forecast.network.vocabulary import Vocabulary
from pipelines.families.demand_forecast.panel import HORIZON, Windows
from pipelines.families.demand_forecast.windows import inputs

BATCH = 256
"""Windows that are computed at once: bounds the memory of a call."""

Feeds = Mapping[str, Array]
Compute = Callable[[Feeds], tuple[Array, Array]]
"""A network: inputs by name to mean (n, HORIZON) and quantiles (n, HORIZON, 5), scaled."""
Answer = Callable[[Windows], tuple[Array, Array, Array]]
"""Says so of windows of HORIZON days, and the scale of each; or of as few days as are wanted."""


@dataclass(frozen=True)
class Knowledge:
    """What a network is of no use without: its numbers of products, and its calibration."""

    vocabulary: Vocabulary
    calibration: Calibration

    def forecast(self, windows: Windows, answer: Answer) -> Forecast:
        """Return what the network says of the windows, calibrated."""
        return self.calibration.forecast(self.raw(windows, answer))

    def raw(self, windows: Windows, answer: Answer) -> Raw:
        """Return what the network says of the windows, uncalibrated."""
        horizon = windows.horizon
        parts = [answer(batch.padded()) for batch in windows.batches(BATCH)]
        mean, quantiles, scale = parts[0] if len(parts) == 1 else _together(parts)
        return Raw.of(mean[:, :horizon], quantiles[:, :horizon], scale)

    def fed(self, windows: Windows, compute: Compute) -> tuple[Array, Array, Array]:
        """Answer windows by a network that is fed with all of their inputs at once."""
        given = inputs(windows, self.vocabulary.season_of(windows))
        product = self.vocabulary.products_of(windows)
        feeds = given.feeds(product, self.vocabulary.groups_of(windows))
        return *compute(feeds), given.scale

    def save(self, file: Path) -> None:
        """Write it as JSON."""
        file.write_text(json.dumps(asdict(self), ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, file: Path) -> Knowledge:
        """Read what `save` wrote."""
        written = json.loads(file.read_text(encoding="utf-8"))
        names, calibration = written["vocabulary"], written["calibration"]
        return cls(
            Vocabulary(tuple(names["products"]), tuple(names["groups"]), names["seasonal"]),
            Calibration(tuple(calibration["factors"]), calibration["mean_share"]),
        )


def _together(parts: Sequence[tuple[Array, Array, Array]]) -> tuple[Array, Array, Array]:
    nothing = np.zeros((0, HORIZON)), np.zeros((0, HORIZON, len(LEVELS))), np.zeros(0)
    mean, quantiles, scale = zip(*(parts or [nothing]), strict=True)
    return np.concatenate(mean), np.concatenate(quantiles), np.concatenate(scale)
