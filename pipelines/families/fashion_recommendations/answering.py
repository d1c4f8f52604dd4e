"""Answers requests from what was fitted; numpy only, in training and in serving alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from pipelines.contract import Row
from pipelines.families.fashion_recommendations import layers
from pipelines.families.fashion_recommendations.layers import Network, mean_answer
from pipelines.families.fashion_recommendations.lists import Ranker
from pipelines.families.fashion_recommendations.memory import Memory
from pipelines.families.fashion_recommendations.questions import Question, question_of
from pipelines.families.fashion_recommendations.taste import (
    Floats,
    Inputs,
    Taste,
    inputs_of,
    taste_of,
)
from pipelines.text_kernel.vectors import Vectors

RECOMMENDER_FILE = "recommender.json"
WORDS_FILE = "written-weights.npy"
PERSONAL, POPULAR, WRITTEN = "personal", "popular", "written"
LOOK, WORDS, RATED = "look", "words", "rated"
BLOCK = 32
"""Questions answered together: each holds the catalogue as it stands before its customer."""
NOTICEABLE = 0.05
"""Rating points from which on a look or a wording is the reason that is given."""

Rate = Callable[[Sequence[Inputs]], Sequence[float]]
"""By how much the rating exceeds what the biases expect, for inputs of one row each."""


@dataclass(frozen=True)
class Reader:
    """Reads a rating out of a review's words: weights of TF-IDF terms."""

    vectors: Vectors
    weights: Floats
    intercept: float
    beside: bool
    """Whether the words say by how much the rating exceeds what was expected before."""

    def read(self, text: str, expected: float) -> float | None:
        """Return the rating that the words explain; None where none of them is known."""
        columns, values = self.vectors.row(text)
        if not columns.size:
            return None
        said = float(values @ self.weights[columns]) + self.intercept
        return said + expected if self.beside else said


@dataclass(frozen=True)
class Recommender:
    """Everything that was fitted, as arrays."""

    memory: Memory
    networks: Sequence[Network]
    weight: float
    """How much of the networks' answer counts; 0 where held-out customers did not gain by it."""
    ranker: Ranker
    reader: Reader | None

    def save(self, directory: Path) -> None:
        """Write the arrays and what they are for."""
        self.memory.save(directory)
        layers.save(self.networks, directory)
        told: dict[str, object] = {"weight": self.weight, "ranker": self.ranker.weights}
        if self.reader is not None:
            self.reader.vectors.save(directory)
            np.save(directory / WORDS_FILE, self.reader.weights, allow_pickle=False)
            told |= {"intercept": self.reader.intercept, "beside": self.reader.beside}
        (directory / RECOMMENDER_FILE).write_bytes(orjson.dumps(told))

    @classmethod
    def open(cls, directory: Path) -> Recommender:
        """Read what `save` wrote."""
        told = orjson.loads((directory / RECOMMENDER_FILE).read_bytes())
        reader = None
        if "intercept" in told:
            weights = np.load(directory / WORDS_FILE, allow_pickle=False)
            vectors = Vectors.open(directory)
            reader = Reader(vectors, weights, told["intercept"], told["beside"])
        ranker = Ranker(tuple(told["ranker"]))
        memory, networks = Memory.open(directory), layers.opened(directory)
        return cls(memory, networks, told["weight"], ranker, reader)

    def surplus(self, inputs: Inputs) -> Floats:
        """Return by how much ratings exceed what the biases expect, (n,)."""
        if not self.networks or not self.weight:
            return np.zeros(len(inputs.item))
        return self.weight * mean_answer(self.networks, inputs)

    @cached_property
    def strangers(self) -> Floats:
        """The scores (I,) of whoever is not known, who are all shown the same."""
        return Desk(self, Question(None, None, "", 1)).scores()

    def rates(self, asked: Sequence[Inputs]) -> list[float]:
        """Return `surplus` of inputs of one row each."""
        return [float(self.surplus(inputs)[0]) for inputs in asked]


def answers(
    recommender: Recommender, instances: Sequence[Mapping[str, object]], rates: Rate | None = None
) -> list[Row]:
    """Return a response row for each instance; `rates` may answer in place of the arrays.

    Raises `RequestRefused`, which names the instance.
    """
    questions = [question_of(instance, place) for place, instance in enumerate(instances)]
    rows: list[Row] = []
    for start in range(0, len(questions), BLOCK):
        rows += _answered(recommender, questions[start : start + BLOCK], rates)
    return rows


def _answered(
    recommender: Recommender, questions: Sequence[Question], rates: Rate | None
) -> list[Row]:
    desks = [Desk(recommender, question) for question in questions]
    rated = [desk for desk in desks if desk.inputs is not None]
    found = (rates or recommender.rates)([desk.inputs for desk in rated if desk.inputs])
    surplus = {id(desk): value for desk, value in zip(rated, found, strict=True)}
    return [
        desk.listed() if desk.question.item_id is None else desk.rated(surplus.get(id(desk), 0.0))
        for desk in desks
    ]


class Desk:
    """One question with what is known of its customer and its item."""

    def __init__(self, recommender: Recommender, question: Question) -> None:
        self.question = question
        self._known = recommender
        memory = recommender.memory
        customer = memory.customer.get(question.customer_id or "")
        self._is_stranger = customer is None
        self._item = memory.item.get(question.item_id or "")
        self._standing = memory.standing(customer)
        self._taste = self._taste_without(self._item)
        self.inputs: Inputs | None = None
        """What the network sees of the one item that is asked about."""
        if self._item is not None:
            self.inputs = inputs_of(self._taste, self._standing.offered.at([self._item]))

    def _taste_without(self, item: int | None) -> Taste:
        """Return the customer's taste, without what they said of the item that is asked about."""
        items = self._standing.items
        kept = items != item if item is not None else np.ones(len(items), dtype=bool)
        memory = self._known.memory
        return taste_of(memory.past(self._standing, kept[np.newaxis]), memory.facts.damping)

    @property
    def _reason(self) -> str:
        return PERSONAL if self._taste.reviews[0] else POPULAR

    def rated(self, surplus: float) -> Row:
        """Return the answer to what this customer would give the item."""
        facts = self._known.memory.facts
        expected = facts.mean + float(self._taste.bias[0])
        if self._item is not None:
            expected += float(self._standing.offered.bias[self._item]) + surplus
        reason, text, reader = self._reason, self.question.words, self._known.reader
        if text and reader is not None:
            read = reader.read(text, expected)
            expected, reason = (expected, reason) if read is None else (read, WRITTEN)
        return {
            "rating": min(max(expected, facts.low), facts.high),
            "items": [],
            "reason": reason,
        }

    def listed(self) -> Row:
        """Return the answer to what to show this customer: what they have not reviewed yet."""
        known = self._known
        scores = known.strangers if self._is_stranger else self.scores()
        best = _best(scores, self._standing.items, self.question.top)
        shares = _shares(scores)
        reasons = self._reasons(best)
        facts = known.memory.facts
        items = [
            {
                "item_id": facts.items[item],
                "score": float(shares[item]),
                "title": facts.titles[item],
                "image": facts.images[item],
                "reason": reason,
            }
            for item, reason in zip(best.tolist(), reasons, strict=True)
        ]
        personal = known.ranker.personal and self._taste.reviews[0]
        return {"rating": None, "items": items, "reason": PERSONAL if personal else POPULAR}

    def scores(self) -> Floats:
        """Return how much each item is for this customer, (I,)."""
        known, offered = self._known, self._standing.offered
        inputs = inputs_of(self._taste, offered)
        surplus = known.surplus(inputs) if known.ranker.personal else np.zeros_like(offered.bias)
        popularity = np.asarray(known.memory.arrays.popularity)
        return known.ranker.scores(popularity, offered.bias + surplus, inputs)

    def _reasons(self, items: NDArray[np.intp]) -> list[str]:
        """Return why each item is shown: what would be missing of its rating without it."""
        known = self._known
        offered = self._standing.offered.at(items)
        if not (known.ranker.personal and self._taste.reviews[0]):
            return [POPULAR] * len(items)
        blind = replace(offered, looks=np.zeros_like(offered.looks))
        silent = replace(offered, wordings=np.zeros_like(offered.wordings))
        seen = [inputs_of(self._taste, each) for each in (offered, blind, silent)]
        together = replace(
            seen[0],
            item=np.concatenate([inputs.item for inputs in seen]),
            context=np.concatenate([inputs.context for inputs in seen]),
        )
        whole, without_look, without_words = known.surplus(together).reshape(len(seen), -1)
        by_look, by_words = whole - without_look, whole - without_words
        return [
            _reason_of(float(look), float(words), float(bias))
            for look, words, bias in zip(by_look, by_words, offered.bias, strict=True)
        ]


def _reason_of(look: float, words: float, bias: float) -> str:
    strongest = max((look, LOOK), (words, WORDS), (bias, RATED))
    return strongest[1] if strongest[0] >= NOTICEABLE else POPULAR


def _shares(scores: Floats) -> Floats:
    """Return how likely each item is the one that is chosen, by a conditional logit (McFadden)."""
    likely = np.exp(scores - scores.max(initial=-np.inf))
    return np.asarray(likely / likely.sum())


def _best(scores: Floats, seen: NDArray[np.int32], top: int) -> NDArray[np.intp]:
    """Return the codes of the `top` best items that were not seen, ties by code."""
    open_scores = scores.copy()
    open_scores[seen] = -np.inf
    count = min(top, len(scores) - len(np.unique(seen)))
    return np.argsort(-open_scores, kind="stable")[:count]
