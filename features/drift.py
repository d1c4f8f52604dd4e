"""Two samples of one column, earlier and now: do they differ, how much, and in what?

Plain functions of values; what a difference is worth is for `pipelines.monitoring` to say. Every p
is that of a two-sample test under independent values, so whoever calls sees to it that a value
that was merely asked twice counts once.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc

from features.statistics import upper_tail
from features.text import normalise

Kind = Literal["number", "category", "text"]
Floats = NDArray[np.float64]

SMALLEST_COUNT = 5.0
"""Categories expected less often than this in either sample are tested together (Cochran)."""
RARE = "(rare)"
SHOWN = 5


@dataclass(frozen=True)
class Shift:
    """How one column differs between two samples.

    `effect` lies in 0..1: for numbers the Kolmogorov-Smirnov distance, for categories the total
    variation distance (less what chance alone makes), for texts 2 AUC - 1 of telling now from then.
    """

    column: str
    kind: Kind
    p: float
    effect: float
    most: tuple[str, ...] = ()
    """Where it is most visible: categories or words, those that became more frequent first."""


def shift_of(column: str, kind: Kind, before: Sequence[object], now: Sequence[object]) -> Shift:
    """Return how `now` differs from `before`; p is 1 where either sample is empty."""
    if not before or not now:
        return Shift(column, kind, 1.0, 0.0)
    if kind == "number":
        return number_shift(column, before, now)
    if kind == "category":
        return category_shift(column, before, now)
    return text_shift(column, [str(text or "") for text in before], [str(t or "") for t in now])


def number_shift(column: str, before: Sequence[object], now: Sequence[object]) -> Shift:
    """Test numbers by Kolmogorov and Smirnov's distance; missing ones lie below all others.

    p by the asymptotic series (Smirnov 1948) with Stephens' correction, which ties make larger,
    never smaller.
    """
    old, new = np.sort(_numbers(before)), np.sort(_numbers(now))
    everywhere = np.concatenate([old, new])
    gaps = _share_up_to(new, everywhere) - _share_up_to(old, everywhere)
    place = int(np.argmax(np.abs(gaps)))
    distance = float(abs(gaps[place]))
    size = math.sqrt(len(old) * len(new) / (len(old) + len(new)))
    p = kolmogorov((size + 0.12 + 0.11 / size) * distance)
    middle = f"median {np.median(old):g} -> {np.median(new):g}"
    return Shift(column, "number", p, distance, (middle,))


def category_shift(column: str, before: Sequence[object], now: Sequence[object]) -> Shift:
    """Test categories by Pearson's chi-square of homogeneity, rare ones taken together."""
    old, new = Counter(map(str, before)), Counter(map(str, now))
    names, table = _table(old, new)
    rows, columns = table.sum(axis=1, keepdims=True), table.sum(axis=0, keepdims=True)
    expected = rows @ columns / table.sum()
    statistic = float((((table - expected) ** 2) / expected).sum())
    freedom = len(names) - 1
    shares = table / rows
    apart = shares[1] - shares[0]
    # The mean of |difference| that sampling alone makes, by the normal approximation.
    pooled = expected[0] / rows[0, 0]
    noise = np.sqrt(2 / math.pi * pooled * (1 - pooled) * (1 / rows).sum())
    effect = max(0.0, float(np.abs(apart).sum() - noise.sum()) / 2)
    order = np.argsort(-np.abs(apart))[:SHOWN]
    most = tuple(
        f"{names[place]} {shares[0, place]:.1%} -> {shares[1, place]:.1%}"
        for place in sorted(order, key=lambda place: -apart[place])
    )
    p = chi_square_tail(statistic, freedom) if freedom else 1.0
    return Shift(column, "category", p, effect, most)


def text_shift(column: str, before: Sequence[str], now: Sequence[str]) -> Shift:
    """Test texts by whether their words tell now from then: a classifier two-sample test.

    Half of each sample teaches a naive Bayes classifier, on the other halves Mann and Whitney's
    test says whether it tells them apart, and the other way round (Lopez-Paz and Oquab 2017). Words
    never met before teach it nothing, so texts that hold one are counted beside it: against the
    words of half of the earlier texts, among the other half and now. Of the three p the smallest
    counts three times; the effect is the larger of the two.
    """
    old, new = [_words(text) for text in before], [_words(text) for text in now]
    folds = [
        _told_apart(old[first::2], new[first::2], old[1 - first :: 2], new[1 - first :: 2])
        for first in (0, 1)
    ]
    unseen, more = _unseen(old, new)
    p = min(1.0, 3 * min(unseen, *(fold[0] for fold in folds)))
    told = 2 * float(np.mean([fold[1] for fold in folds])) - 1
    odds = _log_odds(old, new)
    often = Counter(word for words in new for word in words)
    leading = sorted(often, key=lambda word: -odds[word] * math.sqrt(often[word]))[:SHOWN]
    return Shift(column, "text", p, max(0.0, told, more), tuple(leading))


def false_discovery(p: Mapping[str, float]) -> dict[str, float]:
    """Return each p as adjusted by Benjamini and Hochberg (1995).

    Below q together they hold at most a share q of false alarms; and where nothing differs at
    all, the chance of even one alarm is at most q.
    """
    ordered = sorted(p, key=lambda name: p[name], reverse=True)
    adjusted, smallest = {}, 1.0
    for place, name in enumerate(ordered):
        smallest = min(smallest, p[name] * len(p) / (len(p) - place))
        adjusted[name] = smallest
    return adjusted


def kolmogorov(scaled: float) -> float:
    """Return P(K > scaled) of Kolmogorov's distribution."""
    if scaled < 0.2:  # the series alternates too slowly there, and nothing is as close
        return 1.0
    terms = (2 * (-1) ** (k - 1) * math.exp(-2 * (k * scaled) ** 2) for k in range(1, 101))
    return min(1.0, max(0.0, math.fsum(terms)))


def chi_square_tail(statistic: float, freedom: int) -> float:
    """Return P(chi-square > statistic)."""
    return float(gammaincc(freedom / 2, statistic / 2))


def _numbers(values: Iterable[object]) -> Floats:
    found = [float(str(value)) if value is not None else math.nan for value in values]
    numbers = np.array(found, dtype=np.float64)
    numbers[np.isnan(numbers)] = -np.inf
    return numbers


def _share_up_to(ordered: Floats, places: Floats) -> Floats:
    return np.searchsorted(ordered, places, side="right") / len(ordered)


def _table(old: Counter[str], new: Counter[str]) -> tuple[list[str], Floats]:
    """Return names and counts, shape (2, categories), with the rare ones as one category."""
    share = min(old.total(), new.total()) / (old.total() + new.total())
    together = old + new
    common = sorted(name for name in together if together[name] * share >= SMALLEST_COUNT)
    rest = [(counts.total() - sum(counts[name] for name in common)) for counts in (old, new)]
    table = np.array([[counts[name] for name in common] for counts in (old, new)], np.float64)
    if any(rest):
        common, table = [*common, RARE], np.column_stack([table, rest])
    return common, table


def _words(text: str) -> set[str]:
    return set(normalise(text).split())


def _log_odds(old: Sequence[set[str]], new: Sequence[set[str]]) -> Mapping[str, float]:
    """Return for each word how much it speaks for now, smoothed by one text on each side."""
    then = Counter(word for words in old for word in words)
    today = Counter(word for words in new for word in words)
    base = math.log((len(new) + 2) / (len(old) + 2))
    return {word: math.log((today[word] + 1) / (then[word] + 1)) - base for word in then | today}


def _unseen(old: Sequence[set[str]], new: Sequence[set[str]]) -> tuple[float, float]:
    """Return the one-sided p of "no more texts hold a new word now", and how many more do."""
    known = set().union(*old[::2])
    then, today = (np.array([not words <= known for words in part]) for part in (old[1::2], new))
    if not len(then):
        return 1.0, 0.0
    # One text on each side more: of none or of all the spread would be nothing.
    share = (then.sum() + today.sum() + 1) / (len(then) + len(today) + 2)
    spread = math.sqrt(share * (1 - share) * (1 / len(then) + 1 / len(today)))
    more = float(today.mean() - then.mean())
    return upper_tail(more / spread), more


def _told_apart(
    learn_old: Sequence[set[str]],
    learn_new: Sequence[set[str]],
    old: Sequence[set[str]],
    new: Sequence[set[str]],
) -> tuple[float, float]:
    """Return the one-sided p of Mann and Whitney's test, and the AUC, on texts not learnt from."""
    if not old or not new:
        return 1.0, 0.5
    odds = _log_odds(learn_old, learn_new)
    # Sorted, so that equal texts get equal scores whatever order a set gives its words in.
    scores = [math.fsum(sorted(odds.get(word, 0.0) for word in words)) for words in (*old, *new)]
    _, codes, ties = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(ties) - (ties - 1) / 2)[codes]
    n, m = len(new), len(old)
    above = float(ranks[m:].sum()) - n * (n + 1) / 2
    total = n + m
    tied = float((ties**3 - ties).sum()) / (total * (total - 1)) if total > 1 else 0.0
    spread = math.sqrt(max(n * m / 12 * (total + 1 - tied), 0.0))
    if spread == 0.0:
        return 1.0, 0.5
    return upper_tail((above - n * m / 2 - 0.5) / spread), above / (n * m)
