"""Makes the traffic of one rollout in this process, and ends it."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from pipelines.rollouts.disagreements import Disagreement
from pipelines.rollouts.plan import Rollout
from pipelines.rollouts.tally import Tally
from pipelines.versions.artifact import ArtifactRefused
from serving.live.loaded import LiveModel
from serving.traffic.arms import Arms, Traffic
from serving.traffic.interleaved import InterleavedTraffic
from serving.traffic.interleaving import items_of
from serving.traffic.shadow import Mirror, ShadowTraffic
from serving.traffic.split import SplitTraffic

KEPT_DISAGREEMENTS = 20
"""Between two reports; they are samples to look at, the counts are in the tally."""


@dataclass
class TakenUp:
    """A rollout that this process takes part in."""

    rollout: Rollout
    challenger: LiveModel
    tally: Tally
    traffic: Traffic
    named: deque[tuple[str, str]]
    """Requests whose callers named a unit, and the unit, since the last report."""
    disagreements: deque[Disagreement]
    """Some since the last report."""
    close: Callable[[], None] = field(default=lambda: None)
    """Stops what runs beside the requests."""


def take_up(rollout: Rollout, challenger: LiveModel, rng: random.Random) -> TakenUp:
    """Return what answers while the rollout runs; `rng` throws the coins of interleaving.

    Raises `ArtifactRefused` where the challenger can take no part in such a rollout.
    """
    tally = Tally()
    arms = Arms(rollout, challenger, tally)
    differing: deque[Disagreement] = deque(maxlen=KEPT_DISAGREEMENTS)
    if rollout.mode == "shadow":
        mirror = Mirror(arms, differing.append)
        traffic: Traffic = ShadowTraffic(arms, mirror)
        return TakenUp(rollout, challenger, tally, traffic, arms.named, differing, mirror.close)
    if rollout.mode == "interleaving":
        _require_lists(challenger)
        traffic = InterleavedTraffic(arms, lambda: rng.random() < 0.5)
    else:
        traffic = SplitTraffic(arms)
    return TakenUp(rollout, challenger, tally, traffic, arms.named, differing)


def _require_lists(live: LiveModel) -> None:
    answers = (row for answer in live.loaded.golden for row in answer)
    if not any(items_of(row) for row in answers):
        version = live.served.version
        raise ArtifactRefused(f"version {version} answers no lists of items that could be drafted")
