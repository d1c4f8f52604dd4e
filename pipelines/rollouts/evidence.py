"""What the feedback of a rollout says, kept as the few numbers that its tests need.

Every unit counts once. Its loss lies between 0 and 1: wrong or right, or a squared error divided
by a scale and cut off at it. The scale is the 95th percentile of the first hundred units, which
are not tested, so the question stands before it is asked. Without a cut an interval would rest on
a normal curve, which calls a challenger with a small share and rare large errors superior far too
often (docs/rollouts.md has the figures).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final

from features.betting import FRACTIONS, BoundedMean, bets
from pipelines.rollouts.plan import Arm, Rollout

SCALING: Final = 100
"""Units whose squared errors set the scale."""
SCALE_QUANTILE: Final = 0.95


@dataclass
class Sample:
    """The losses of one side, as they are, for display."""

    count: int = 0
    total: float = 0.0

    @property
    def mean(self) -> float | None:
        """The mean loss, or None of nothing."""
        return self.total / self.count if self.count else None


@dataclass
class Evidence:
    """The state of the tests on feedback; `margin` is the tolerated harm, as a loss.

    With the share p of the stage in which a unit was answered and m the mean scaled loss before
    it, (A / p - (1 - A) / (1 - p)) (loss - m) is the challenger's loss minus the champion's on
    average, whatever m is (inverse propensity weights, augmented). `worse` and `better` are the
    log wealths of those who bet that it is above the margin, and below 0.
    """

    alpha: float
    margin: float
    narrowest: float
    """The smallest share of a side in any stage."""
    scale: float | None = None
    first: list[float] = field(default_factory=list)
    champion: Sample = field(default_factory=Sample)
    challenger: Sample = field(default_factory=Sample)
    tested: int = 0
    scaled_total: float = 0.0
    worse: list[float] = field(default_factory=lambda: [0.0] * len(FRACTIONS))
    better: list[float] = field(default_factory=lambda: [0.0] * len(FRACTIONS))
    difference: BoundedMean = field(default_factory=lambda: BoundedMean(0.05))
    champion_wins: int = 0
    challenger_wins: int = 0

    def lost(self, arm: Arm, share: float, loss: float) -> None:
        """Take the loss of one more unit, which the challenger takes with this share."""
        side = self.challenger if arm == "challenger" else self.champion
        side.count += 1
        side.total += loss
        if self.scale is None:
            self._calibrate(loss)
            return
        self._test(arm, share, min(loss / self.scale, 1.0) if self.scale else float(loss > 0))

    def won(self, arm: Arm) -> None:
        """Take one more unit's first choice of an item that one side had put into the list."""
        self.challenger_wins += arm == "challenger"
        self.champion_wins += arm == "champion"

    def interval(self) -> tuple[float, float] | None:
        """Return the interval of the challenger's loss minus the champion's; None before tests.

        Of squared errors as they were cut, in their own unit.
        """
        if not self.tested or self.scale is None:
            return None
        largest = self.scale or 1.0
        low, high = ((2 * end - 1) / self.narrowest for end in self.difference.interval())
        return max(-1.0, low) * largest, min(1.0, high) * largest

    def as_json(self) -> dict[str, object]:
        """Return the state as it stands in a decision record."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Evidence:
        """Rebuild what `as_json` returned."""
        values = dict(document)
        sides = {name: Sample(**_mapping(values.pop(name))) for name in ("champion", "challenger")}  # type: ignore[arg-type]
        difference = BoundedMean(**_mapping(values.pop("difference")))  # type: ignore[arg-type]
        return cls(**values, **sides, difference=difference)  # type: ignore[arg-type]

    def _calibrate(self, loss: float) -> None:
        self.first.append(loss)
        if len(self.first) == SCALING:
            self.scale = sorted(self.first)[int(SCALE_QUANTILE * SCALING)]
            self.first = []

    def _test(self, arm: Arm, share: float, loss: float) -> None:
        usual = (0.5 + self.scaled_total) / (1 + self.tested)
        weight = 1 / share if arm == "challenger" else -1 / (1 - share)
        excess = weight * (loss - usual)
        least = max(usual / share, (1 - usual) / (1 - share))
        most = max((1 - usual) / share, usual / (1 - share))
        margin = self.margin / (self.scale or 1.0)
        self.worse = bets(self.worse, excess - margin, least + margin)
        self.better = bets(self.better, -excess, most)
        self.difference.add((excess * self.narrowest + 1) / 2)
        self.tested += 1
        self.scaled_total += loss


def nothing_yet(rollout: Rollout) -> Evidence:
    """Return the state before any feedback."""
    plan = rollout.plan
    return Evidence(
        alpha=plan.alpha,
        margin=plan.guardrails.metric_margin,
        narrowest=min(min(share, 1 - share) or 1.0 for share in rollout.shares),
        scale=None if plan.metric == "squared_error" else 1.0,
        difference=BoundedMean(plan.alpha),
    )


def _mapping(value: object) -> dict[str, object]:
    assert isinstance(value, dict)
    return value
