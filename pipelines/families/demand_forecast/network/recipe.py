"""How a network is trained: the settings of the recipe, and how long for so much data."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.families.demand_forecast.panel import Panel

FEWEST_STEPS, MOST_STEPS = 40, 800
"""Steps of a member without any data, and on a large panel."""
STEPS_FOR_DATA = 0.15
"""Times the number of known days to the power of two thirds: 340 for 91,000, 800 for 365,000."""


@dataclass(frozen=True)
class Recipe:
    """Settings of the training; CARD.md says how the defaults were chosen."""

    members: int = 2
    """Networks of different seeds whose answers are averaged."""
    steps: int | None = None
    """Batches a member is trained on; None: by the size of the panel."""
    units: int = 64
    batch: int = 256
    learning_rate: float = 3e-3
    weight_decay: float = 1e-3
    dropout: float = 0.1
    rehearsed: float = 0.8
    """Share of the steps that see nothing of the last days, which calibrate the intervals."""
    mean_share: float | None = None
    """Share of the mean in the point forecast, the rest is the median's; None: what did best on
    the calibration days."""

    def steps_for(self, panel: Panel) -> int:
        """Return how many batches a member is trained on: more data, more steps, up to a limit."""
        if self.steps is not None:
            return self.steps
        grown: float = STEPS_FOR_DATA * float(panel.known.sum()) ** (2 / 3)
        return min(MOST_STEPS, FEWEST_STEPS + round(grown))
