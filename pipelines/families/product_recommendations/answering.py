"""From one request to its answer, by arrays alone: the plain and the compiled form share it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.contract import Row
from pipelines.families.product_recommendations.asking import Asked, asked_by
from pipelines.families.product_recommendations.layout import Layout
from pipelines.families.product_recommendations.rankers.scoring import (
    best,
    blended,
    lift_of,
    scorer_of,
)
from pipelines.families.product_recommendations.rates import Rater, Taste

PERSONAL, FOLDED_IN, POPULAR = "personal", "folded-in", "popular"
BY_POPULARITY, BY_MEANS = "popularity", "means"

Codes = NDArray[np.int32]
NOTHING = np.zeros(0, dtype=np.int32)


@dataclass(frozen=True)
class Person:
    """Who asks, as far as the model knows them.

    `rated` and `listed` say why the ratings and the list are what they are.
    """

    seen: Codes
    liked: Codes
    taste: Taste
    rated: str
    listed: str


class Answerer:
    """Answers ratings and lists of one model; holds nothing but its arrays."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._rater, self._scorer = Rater(layout.ratings), scorer_of(layout.lists)
        self._lift = lift_of(layout.popularity, layout.lists.settings["share"])
        self._liked_from = layout.lists.settings["liked_from"]

    def answer(self, instance: Mapping[str, object], place: int) -> Row:
        """Return the response row of instance number `place`. Raises `RequestRefused`."""
        scale = self._layout.ratings
        asked = asked_by(instance, place, scale.low, scale.high)
        person = self._person(asked)
        return self._list(asked, person) if asked.item is None else self._rating(asked.item, person)

    def _rating(self, item: str, person: Person) -> Row:
        code = self._layout.items.code(item)
        if code is None:
            rating = self._rater.rate_unknown_item(person.taste)
        else:
            rating = float(self._rater.rate(person.taste, np.array([code]))[0])
        return {
            "rating": rating,
            "items": [],
            "reason": person.rated,
            "list_by": None,
            "rating_by": BY_MEANS if code is None else self._rated_by(person),
        }

    def _list(self, asked: Asked, person: Person) -> Row:
        scores = blended(self._scorer, person.liked, self._layout.popularity, self._lift)
        if asked.exclude_seen:
            scores[person.seen] = -np.inf
        leaders = best(scores, asked.top)
        ratings = self._rater.rate(person.taste, leaders).tolist()
        text = self._layout.items.text
        return {
            "rating": None,
            "items": [
                {"item_id": text(code), "score": score, "rating": rating}
                for code, score, rating in zip(
                    leaders.tolist(), scores[leaders].tolist(), ratings, strict=True
                )
            ],
            "reason": person.listed,
            "list_by": BY_POPULARITY if person.listed == POPULAR else self._layout.lists.by,
            "rating_by": self._rated_by(person),
        }

    def _rated_by(self, person: Person) -> str:
        return BY_MEANS if person.rated == POPULAR else self._layout.ratings.by

    def _person(self, asked: Asked) -> Person:
        user = None if asked.user is None else self._layout.users.code(asked.user)
        seen, liked = self._stored(user)
        taste, rated = self._rater.taste(user), POPULAR if user is None else PERSONAL
        if not asked.history:
            return Person(seen, liked, taste, rated, self._listed(liked, PERSONAL))
        sent = self._sent(asked.history)
        if user is None:
            given = {code: rating for code, rating in sent.items() if rating is not None}
            taste, rated = self._folded_in(given), FOLDED_IN if given else POPULAR
        good = [code for code, rating in sent.items() if self._is_liked(rating)]
        seen = np.union1d(seen, np.fromiter(sent, np.int32))
        liked = np.union1d(liked, np.array(good, np.int32))
        why = FOLDED_IN if good else PERSONAL
        return Person(seen, liked, taste, rated, self._listed(liked, why))

    def _stored(self, user: int | None) -> tuple[Codes, Codes]:
        if user is None:
            return NOTHING, NOTHING
        seen, ratings = self._layout.seen.of(user)
        return seen, seen[ratings >= self._liked_from]

    def _sent(self, history: Mapping[str, float | None]) -> dict[int, float | None]:
        """Return the ratings of the sent items by code; items that nobody rated have none."""
        coded = ((self._layout.items.code(item), rating) for item, rating in history.items())
        return {code: rating for code, rating in coded if code is not None}

    def _is_liked(self, rating: float | None) -> bool:
        return rating is None or rating >= self._liked_from

    def _folded_in(self, given: Mapping[int, float]) -> Taste:
        return self._rater.fold_in(np.fromiter(given, np.intp), np.fromiter(given.values(), float))

    def _listed(self, liked: Codes, why: str) -> str:
        return why if self._scorer is not None and len(liked) else POPULAR
