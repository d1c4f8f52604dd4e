"""What lists are worth: precision, recall and NDCG over the full catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.interactions import Interactions
from features.preferences import ndcg, precision, recall
from pipelines.families.product_recommendations.rankers.scoring import Scores, best

PLACES = 10


@dataclass(frozen=True)
class ListFigures:
    """Means over the users who have something to be found."""

    precision: float
    recall: float
    ndcg: float
    users: int

    @classmethod
    def of(cls, worth: NDArray[np.float64]) -> ListFigures:
        """Return the means of rows of precision, recall and NDCG, one for each user."""
        found = worth.mean(axis=0) if len(worth) else np.zeros(3)
        return cls(float(found[0]), float(found[1]), float(found[2]), len(worth))

    def named(self, who: str) -> dict[str, float]:
        """Return the figures by name, as a model's history holds them."""
        return {
            f"held_out_precision_at_10_{who}": self.precision,
            f"held_out_recall_at_10_{who}": self.recall,
            f"held_out_ndcg_at_10_{who}": self.ndcg,
        }


@dataclass(frozen=True)
class Question:
    """One user: what they liked and saw before, and what they liked afterwards."""

    liked: NDArray[np.int32]
    seen: NDArray[np.int32]
    wanted: NDArray[np.int32]


def questions(known: Interactions, held_out: Interactions, at_most: int) -> list[Question]:
    """Return the users who like something in `held_out` that they had not seen.

    Of more than `at_most` users, evenly spaced ones.
    """
    wanted = held_out.where(held_out.relevant)
    users = np.unique(wanted.user)
    if len(users) > at_most:
        users = users[np.linspace(0, len(users) - 1, at_most).astype(np.intp)]
    liked = known.where(known.relevant)
    found = zip(
        _of_each(liked, users), _of_each(known, users), _of_each(wanted, users), strict=True
    )
    asked = (Question(mine, seen, np.setdiff1d(later, seen)) for mine, seen, later in found)
    return [question for question in asked if len(question.wanted)]


def figures(asked: list[Question], score: Callable[[Question], Scores]) -> ListFigures:
    """Return what the ten best of `score`, seen items left out, are worth."""
    return ListFigures.of(np.array([worth_of(one, score(one)) for one in asked]))


def worth_of(question: Question, scores: Scores) -> tuple[float, float, float]:
    """Return precision, recall and NDCG of the ten best; takes seen items out of `scores`."""
    scores[question.seen] = -np.inf
    leaders = best(scores, PLACES)
    found = np.zeros(PLACES, dtype=np.bool_)
    found[: len(leaders)] = np.isin(leaders, question.wanted)
    wanted = len(question.wanted)
    return precision(found), recall(found, wanted), ndcg(found, wanted)


def _of_each(rows: Interactions, users: NDArray[np.int32]) -> Iterator[NDArray[np.int32]]:
    offsets = rows.offsets
    for user in users:
        yield rows.item[offsets[user] : offsets[user + 1]]
