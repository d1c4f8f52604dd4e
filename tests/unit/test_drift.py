"""Do two samples of a column differ? Against known answers, under the null, and planted."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from features.drift import (
    category_shift,
    false_discovery,
    kolmogorov,
    number_shift,
    shift_of,
    text_shift,
)

WORDS = [f"{a}{b}{c}" for a in "bdfglmnp" for b in "aeiou" for c in "bdfglmnprs"]


def texts(rng, count, words=WORDS, length=6):
    weights = 1 / np.arange(1, len(words) + 1)
    drawn = rng.choice(len(words), size=(count, length), p=weights / weights.sum())
    return [" ".join(words[place] for place in row) for row in drawn]


def test_numbers_are_tested_as_scipy_tests_them(rng):
    old, new = rng.normal(size=400), rng.normal(0.2, size=300)
    found = number_shift("price", list(old), list(new))
    reference = stats.ks_2samp(old, new, method="asymp")
    assert found.effect == pytest.approx(reference.statistic, abs=1e-12)
    assert found.p == pytest.approx(reference.pvalue, rel=0.3)
    assert kolmogorov(1.0) == pytest.approx(stats.kstwobign.sf(1.0), rel=1e-9)
    assert kolmogorov(0.0) == 1.0


def test_categories_are_tested_as_scipy_tests_them(rng):
    old = [str(value) for value in rng.integers(4, size=400)]
    new = [str(value) for value in rng.integers(4, size=250)]
    found = category_shift("colour", old, new)
    table = [[sample.count(name) for name in "0123"] for sample in (old, new)]
    assert found.p == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue)


def test_missing_numbers_are_values_too():
    before = [1.0] * 50
    assert number_shift("price", before, [1.0] * 25 + [None] * 25).effect == pytest.approx(0.5)
    assert number_shift("price", [None] * 50, [None] * 50).p == 1.0


def test_equal_values_everywhere_are_no_shift():
    assert category_shift("colour", ["red"] * 90, ["red"] * 40).p == 1.0
    assert number_shift("price", [3.0] * 90, [3.0] * 40).p == 1.0
    assert text_shift("name", ["nail"] * 90, ["nail"] * 40).p == 1.0


def test_an_empty_sample_says_nothing():
    for kind in ("number", "category", "text"):
        assert shift_of("any", kind, [], [1]).p == 1.0
        assert shift_of("any", kind, [1], []).p == 1.0


@pytest.mark.parametrize("kind", ["number", "category", "text"])
def test_where_nothing_differs_alarms_are_as_rare_as_they_say(kind):
    rng = np.random.default_rng(7)
    draw = {
        "number": lambda count: list(rng.gamma(2.0, size=count)),
        "category": lambda count: [str(value) for value in rng.geometric(0.2, size=count)],
        "text": lambda count: texts(rng, count),
    }[kind]
    alarms = sum(shift_of("any", kind, draw(300), draw(150)).p <= 0.05 for _ in range(200))
    # 200 draws at 5 %: more than 20 would happen once in a thousand times.
    assert alarms <= 20


def test_planted_shifts_are_found_and_named(rng):
    cheap, dear = rng.normal(10, 2, 400), rng.normal(12, 2, 200)
    assert number_shift("price", list(cheap), list(dear)).p < 1e-6
    found = category_shift("colour", ["red", "blue"] * 150, ["red", "blue", "green", "green"] * 40)
    assert found.p < 1e-6
    assert found.most[0].startswith("green 0.0% -> 50.0%")
    fresh = texts(rng, 60, [f"new{letter}{other}" for letter in "abcde" for other in "fghijklmno"])
    found = text_shift("name", texts(rng, 400), texts(rng, 140) + fresh)
    assert found.p < 1e-4
    assert all(word.startswith("new") for word in found.most)
    assert 0.1 < found.effect < 0.6


def test_the_effect_of_chance_alone_is_about_nothing(rng):
    old = [str(value) for value in rng.integers(50, size=500)]
    new = [str(value) for value in rng.integers(50, size=500)]
    assert category_shift("code", old, new).effect < 0.05


def test_adjusted_p_are_those_of_scipy(rng):
    p = {f"column {place}": float(value) for place, value in enumerate(rng.uniform(size=12))}
    expected = stats.false_discovery_control(list(p.values()))
    assert [false_discovery(p)[name] for name in p] == pytest.approx(list(expected))
    assert false_discovery({}) == {}
