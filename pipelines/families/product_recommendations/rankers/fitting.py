"""Fits the lists: a ranker by the catalogue's size, and what an inner split says of recency."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
    worth_of,
)
from pipelines.families.product_recommendations.rankers.popularity import recent_popularity
from pipelines.families.product_recommendations.rankers.scoring import (
    Scorer,
    lift_of,
    scorer_of,
)

SHARES = (0.0, 0.1, 0.3, 1.0)
"""Shares of recent popularity that are tried beside the personal score."""
ASKED_USERS, SCORED_ITEMS = 1_000, 200_000_000
"""How many users are asked about, and how many items scored for them: whatever is reached first."""
SWEEPS, SWEEPS_OF_MANY, MANY = 15, 5, 2_000_000
"""Sweeps of implicit ALS; fewer where there are many likes, which tell more in each."""
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
    users = min(ASKED_USERS, 1 + SCORED_ITEMS // max(len(known.items), 1))
    asked = questions(earlier, known.where(held_out), users)
    past = recent_popularity(earlier)
    share, history = _chosen(tried, past, asked)
    progress(0.5, "chose how lists are made")
    by = "popularity" if share is None else ranker
    lists = _fitted(known, by, params, seed, lambda done: progress(0.5 + done * 0.5, by))
    more = {"share": share or 0.0, "liked_from": known.scale.relevant}
    found = ListArrays(lists.by, {**lists.settings, **more}, lists.arrays)
    progress(1.0, f"lists by {by}")
    return RankedLists(found, recent_popularity(known), history)


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
        sweeps = _sweeps(params, liked)
        arrays = fit_als(liked, params.list_factors, sweeps, seed, progress)
        return ListArrays("als", {"ridge": RIDGE, "confidence": CONFIDENCE}, arrays)
    if ranker == "spark_als":
        from pipelines.families.product_recommendations.rankers.spark_als import fit_spark_als

        sweeps = _sweeps(params, liked)
        arrays = fit_spark_als(liked, params.list_factors, sweeps, seed, params.spark_master)
        return ListArrays("als", {"ridge": RIDGE, "confidence": CONFIDENCE}, arrays)
    return ListArrays("popularity", {}, {})


def _sweeps(params: ListParams, liked: Interactions) -> int:
    return params.list_sweeps or (SWEEPS if len(liked) <= MANY else SWEEPS_OF_MANY)


def _chosen(
    lists: ListArrays, popular: NDArray[np.float32], asked: list[Question]
) -> tuple[float | None, Mapping[str, float]]:
    """Return the share of popularity, None where it does better alone, and what was measured.

    Where nobody can be asked nothing is measured, and the ranker stands alone.
    """
    scorer = scorer_of(lists)
    if not asked:
        return (None if scorer is None else 0.0), {}
    alone = figures(asked, lambda _: popular.copy())
    if scorer is None:
        return None, alone.named("popularity")
    lifts = [lift_of(popular, share) for share in SHARES]
    worth = np.array([_worth_by_lift(scorer, one, popular, lifts) for one in asked])
    found = {share: ListFigures.of(worth[:, place]) for place, share in enumerate(SHARES)}
    best = max(found, key=lambda share: found[share].ndcg - WORTHWHILE * (share > 0))
    history = {f"held_out_ndcg_at_10_share_{share:g}": of.ndcg for share, of in found.items()}
    history |= found[best].named("lists") | alone.named("popularity")
    lost = alone.ndcg > found[best].ndcg + WORTHWHILE
    return (None if lost else best), history


def _worth_by_lift(
    scorer: Scorer,
    question: Question,
    popular: NDArray[np.float32],
    lifts: Sequence[NDArray[np.float32]],
) -> list[tuple[float, float, float]]:
    if not len(question.liked):
        return [worth_of(question, popular.copy())] * len(lifts)
    personal = scorer.scores(question.liked)
    return [worth_of(question, personal + lift) for lift in lifts]
