"""What fitting may know of a review: nothing of itself, of its copies, or of what came later."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from pipelines.families.fashion_recommendations.before import Before, before_each, remembered
from pipelines.families.fashion_recommendations.damping import best_damping
from pipelines.families.fashion_recommendations.reviews import Reviews, coded_reviews
from pipelines.families.fashion_recommendations.taste import Damping

LOOKS, WORDS = 5, 4


def reviews_of(rng: np.random.Generator, timed: bool = True, strangers: int = 40) -> Reviews:
    rows = []
    for customer in range(60):
        items = rng.choice(30, 8, replace=False)
        days = rng.permutation(700)[:8]
        rows += [
            (f"c{customer}", f"i{item}", float(rng.integers(1, 6)), f"text {customer} {item}", day)
            for item, day in zip(items, days, strict=True)
        ]
        # A copy of the last one on another item, a second later.
        rows.append((f"c{customer}", f"i{30 + customer % 5}", *rows[-1][2:4], rows[-1][4] + 1e-5))
    rows += [
        (f"anonymous:{n}", f"i{rng.integers(0, 30)}", float(rng.integers(1, 6)), f"said {n}", 1)
        for n in range(strangers)
    ]
    columns = ["customer_id", "item_id", "rating", "review_text", "day"]
    frame = pd.DataFrame(rows, columns=columns)
    moments = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(frame["day"], unit="D")
    frame["reviewed_at"] = moments if timed else pd.Series(pd.NaT, frame.index, dtype=moments.dtype)
    empty = ("review_title", "item_title", "category", "image", "picture")
    return coded_reviews(frame.assign(**dict.fromkeys(empty, None)))


def before(reviews: Reviews, looks: np.ndarray, words: np.ndarray) -> Before:
    return before_each(reviews, words, remembered(reviews, looks, words, Damping()))


def known(found: Before, row: int) -> np.ndarray:
    """Everything that is known before the review `row`, as one vector."""
    parts = (*vars(found.taste).values(), *vars(found.offered).values())
    return np.concatenate([np.ravel(part[row]) for part in parts])


@pytest.fixture
def drawn(rng: np.random.Generator) -> tuple[Reviews, np.ndarray, np.ndarray]:
    reviews = reviews_of(rng)
    looks = rng.normal(size=(len(reviews.items.ids), LOOKS))
    return reviews, looks, rng.normal(size=(len(reviews), WORDS)).astype(np.float32)


@pytest.mark.parametrize("row", [0, 41, 100, 300])
def test_a_reviews_own_words_are_not_known_before_it(drawn, row: int) -> None:
    reviews, looks, words = drawn
    other = words.copy()
    other[reviews.copies == reviews.copies[row]] += 10.0
    np.testing.assert_allclose(
        known(before(reviews, looks, words), row), known(before(reviews, looks, other), row),
        atol=2e-6,
    )  # fmt: skip


def test_words_of_later_reviews_are_not_known_of_their_customer(drawn) -> None:
    reviews, looks, words = drawn
    first = int(np.flatnonzero(reviews.customer == 3)[0])
    other = words.copy()
    other[(reviews.customer == 3) & (reviews.time > reviews.time[first])] += 10.0
    np.testing.assert_allclose(
        known(before(reviews, looks, words), first), known(before(reviews, looks, other), first),
        atol=2e-6,
    )  # fmt: skip
    assert before(reviews, looks, words).taste.reviews[first] == 0


def test_words_of_other_customers_and_of_earlier_reviews_are_known(drawn) -> None:
    reviews, looks, words = drawn
    last = int(np.flatnonzero(reviews.customer == 3)[-2])
    plain = known(before(reviews, looks, words), last)
    for known_of in (reviews.customer == 3, reviews.item == reviews.item[last]):
        other = words.copy()
        other[known_of & (np.arange(len(words)) != last)] += 10.0
        assert np.abs(known(before(reviews, looks, other), last) - plain).max() > 0.1


def test_without_times_all_other_reviews_are_known_but_no_copy(rng: np.random.Generator) -> None:
    reviews = reviews_of(rng, timed=False)
    looks = np.zeros((len(reviews.items.ids), LOOKS))
    found = before(reviews, looks, np.zeros((len(reviews), WORDS), np.float32))
    regulars = found.taste.reviews[reviews.customer >= 0]
    assert set(regulars) == {7.0, 8.0}


def test_a_customer_of_very_many_reviews_is_looked_back_on_in_blocks(
    drawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = before(*drawn)
    monkeypatch.setattr("pipelines.families.fashion_recommendations.before.BLOCK", 4)
    parted = before(*drawn)
    for row in range(len(drawn[0])):
        np.testing.assert_allclose(known(parted, row), known(whole, row), atol=1e-6)


def test_expectations_do_not_peek_at_ratings_that_are_all_chance(
    rng: np.random.Generator,
) -> None:
    reviews = reviews_of(rng)
    _, first = np.unique(reviews.copies, return_index=True)
    single = np.isin(np.arange(len(reviews)), first)
    chance = dataclasses.replace(
        reviews.where(single), rating=rng.integers(1, 6, single.sum()).astype(np.float32)
    )
    nothing = np.zeros((len(chance), WORDS), np.float32)
    found = before(chance, np.zeros((len(chance.items.ids), LOOKS)), nothing)
    assert np.corrcoef(found.expected, chance.rating)[0, 1] < 0.1


def test_biases_that_are_all_chance_are_damped_away(rng: np.random.Generator) -> None:
    assert best_damping(reviews_of(rng)).item > 10


def test_biases_that_are_real_are_hardly_damped(rng: np.random.Generator) -> None:
    reviews = reviews_of(rng)
    ratings = 1 + 4 * (reviews.item % 2) + 0.2 * rng.normal(size=len(reviews))
    told = dataclasses.replace(reviews, rating=ratings.astype(np.float32))
    assert best_damping(told).item <= 5


def test_the_order_of_rows_does_not_matter(rng: np.random.Generator) -> None:
    reviews = reviews_of(rng)
    assert list(reviews.customer) == sorted(reviews.customer)
    regular = reviews.customer >= 0
    together = np.stack([reviews.customer[regular], reviews.time[regular]], axis=1)
    assert [tuple(row) for row in together] == sorted(tuple(row) for row in together)
