"""Fits the lists: a ranker by the catalogue's size, and what an inner split says of recency."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.interactions import Interactions
from pipelines.contract import Progress
from pipelines.families.product_recommendations.layout import ListArrays
from pipelines.families.product_recommendations.list_params import ListModel, ListParams
from pipelines.families.product_recommendations.rankers.als import CONFIDENCE, RIDGE, fit_als
from pipelines.families.product_recommendations.rankers.ease import fit_ease
from pipelines.families.product_recommendations.rankers.measuring import (
    ListFigures,
    Question,
    figures,
    questions,
)
from pipelines.families.product_recommendations.rankers.popularity import (
    recent_popularity,
)
from pipelines.families.product_recommendations.rankers.scoring import (
    blended,
    scorer_of,
)

SHARES = (0.0, 0.1, 0.3, 1.0)
"""Shares of recent popularity that are tried beside the personal score."""
ASKED_USERS = 1_000
WORTHWHILE = 0.005
"""NDCG@10 that popularity has to gain before it is let into the personal lists."""


@dataclass(frozen=True)
class RankedLists:
    """Fitted lists; `history` holds what the inner split said, by name."""

    lists: ListArrays
    popularity: NDArray[np.float32]
    history: Mapping[str, float]


def fit_lists(
    known: Interactions,
    held_out: NDArray[np.bool_],
    params: ListParams,
    seed: int,
    progress: Progress,
) -> RankedLists:
    """Choose by what the other rows say of those `held_out`, then fit on all of them."""
    ranker = chosen_ranker(params, len(known.items))
    earlier = known.where(~held_out)
    tried = _fitted(earlier, ranker, params, seed, lambda done: progress(done * 0.4, ranker))
    asked = questions(earlier, known.where(held_out), ASKED_USERS)
    past = recent_popularity(earlier.where(earlier.relevant))
    share, history = _chosen(tried, past, asked)
    progress(0.5, "chose how lists are made")
    by = "popularity" if share is None else ranker
    lists = _fitted(known, by, params, seed, lambda done: progress(0.5 + done * 0.5, by))
    more = {"share": share or 0.0, "liked_from": known.scale.relevant}
    found = ListArrays(lists.by, {**lists.settings, **more}, lists.arrays)
    progress(1.0, f"lists by {by}")
    return RankedLists(found, recent_popularity(known.where(known.relevant)), history)


def chosen_ranker(params: ListParams, items: int) -> str:
    """Return the ranker that is meant for so many items."""
    if params.lists is not ListModel.AUTO:
        return params.lists.value
    return "ease" if items <= params.ease_limit else "als"


def _fitted(
    rows: Interactions,
    ranker: str,
    params: ListParams,
    seed: int,
    progress: Callable[[float], None],
) -> ListArrays:
    liked = rows.where(rows.relevant)
    if ranker == "ease":
        arrays = fit_ease(liked, params.ease_ridge, params.neighbours)
        return ListArrays("ease", {"ridge": params.ease_ridge}, arrays)
    if ranker == "als":
        arrays = fit_als(liked, params.list_factors, params.list_sweeps, seed, progress)
        return ListArrays("als", {"ridge": RIDGE, "confidence": CONFIDENCE}, arrays)
    return ListArrays("popularity", {}, {})


def _chosen(
    lists: ListArrays, popular: NDArray[np.float32], asked: list[Question]
) -> tuple[float | None, Mapping[str, float]]:
    """Return the share of recent popularity, None for nothing else, and every NDCG@10."""
    scorer = scorer_of(lists)

    def measured(share: float | None) -> ListFigures:
        used = None if share is None else scorer
        return figures(asked, lambda one: blended(used, one.liked, popular, share or 0.0))

    alone = measured(None).ndcg
    if scorer is None:
        return None, {"ndcg_popularity": alone}
    shares = {share: measured(share).ndcg for share in SHARES}
    best = max(shares, key=lambda share: shares[share] - WORTHWHILE * (share > 0))
    history = {f"ndcg_share_{share:g}": value for share, value in shares.items()}
    lost = alone > shares[best] + WORTHWHILE
    return (None if lost else best), {**history, "ndcg_popularity": alone}
