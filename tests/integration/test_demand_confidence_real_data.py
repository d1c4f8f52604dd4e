"""The confidence score of three real shops, held against totals of days that nothing was learnt on.

With the seasonal mean, which fits in a second; windows of other algorithms: CARD.md.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from demand_series import READERS, Held, held_out

from pipelines.families.demand_forecast.algorithms import estimator_of
from pipelines.families.demand_forecast.answering import treated
from pipelines.families.demand_forecast.cold import learnt_blend
from pipelines.families.demand_forecast.confidence import (
    NEAREST_PIECES,
    TOLERANCE,
    learnt_confidence,
)
from pipelines.families.demand_forecast.params import Algorithm, Params

WINDOWS = (0, 1, 2)
SPANS = (7, 28)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def scores_and_hits(held: Held, span: int) -> tuple[np.ndarray, np.ndarray]:
    """Return how sure each product's total was said to be, and whether it came true."""
    learnt = []

    def rehearse(unseen) -> None:
        blend = learnt_blend(unseen, held.panel)
        scores = learnt_confidence(lambda asked: treated(unseen, blend, asked), held.panel)
        learnt.extend([blend, scores])

    params = Params(algorithm=Algorithm.SEASONAL_MEAN)
    fitted = estimator_of(params, 7).fit(held.panel, lambda *_: None, rehearse)
    blend, confidence = learnt
    forecast, days = treated(fitted, blend, held.windows), slice(0, span)
    promised = forecast.point[:, days].sum(axis=1)
    missed = np.abs(held.truth[:, days].sum(axis=1) - promised)
    hits = missed <= np.maximum(TOLERANCE * promised, NEAREST_PIECES)
    return confidence.scores(held.windows, forecast, days), hits


@pytest.mark.parametrize("span", SPANS)
@pytest.mark.parametrize("name", ["m5_foods3_tx3", "complete_journey_daily", "pasta_promo_sales"])
def test_as_many_totals_come_true_as_the_scores_say(real_data: Path, name, span):
    panel = READERS[name](real_data)
    asked = [scores_and_hits(held_out(panel, window), span) for window in WINDOWS]
    scores, hits = (np.concatenate(parts) for parts in zip(*asked, strict=True))
    assert scores.mean() == pytest.approx(hits.mean(), abs=0.06)
    order = np.argsort(scores)
    least, most = order[: len(order) // 3], order[-len(order) // 3 :]
    assert hits[most].mean() > hits[least].mean() + 0.05
    # No worse than saying of each what is true of all, but for the noise of 219 to 750 totals.
    assert ((scores - hits) ** 2).mean() < 1.03 * hits.mean() * (1 - hits.mean())
