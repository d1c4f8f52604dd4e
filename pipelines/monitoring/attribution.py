"""What a change of one column costs: the share of right answers that its new mix loses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from features.drift import Kind
from features.text import normalise

Floats = NDArray[np.float64]
BINS = 10
MOST_UNSEEN = 3


def mix_loss(
    kind: Kind, before: Sequence[object], now: Sequence[object], worth: tuple[Floats, Floats]
) -> float:
    """Return by how much the mean worth falls when only the mix of the column's values changes.

    `worth` is the probability of being right of each answer before and now. Values are taken
    together in bins (tenths of numbers, categories, texts by how many of their words are new); in
    each bin an answer is worth what it is on average over both windows:
    sum over bins of (share before - share now) x mean worth.
    """
    old, new = _bins(kind, before, now)
    names, codes = np.unique([*old, *new], return_inverse=True)
    then, today = codes[: len(old)], codes[len(old) :]
    mean = np.bincount(codes, np.concatenate(worth)) / np.bincount(codes)
    shares = [np.bincount(each, minlength=len(names)) / max(len(each), 1) for each in (then, today)]
    return float(((shares[0] - shares[1]) * mean).sum())


def _bins(
    kind: Kind, before: Sequence[object], now: Sequence[object]
) -> tuple[list[str], list[str]]:
    if kind == "category":
        return [str(value) for value in before], [str(value) for value in now]
    if kind == "number":
        told = np.array([np.nan if v is None else float(str(v)) for v in (*before, *now)])
        edges = np.nanquantile(told, np.linspace(0, 1, BINS + 1)[1:-1])
        places = [str(place) for place in np.searchsorted(edges, told, side="right")]
        return places[: len(before)], places[len(before) :]
    # Even and odd texts judge each other: a text's own words are never new to itself.
    halves = [{word for text in before[start::2] for word in _words(text)} for start in (0, 1)]
    then = [_unseen(text, halves[1 - place % 2]) for place, text in enumerate(before)]
    return then, [_unseen(text, halves[place % 2]) for place, text in enumerate(now)]


def _unseen(text: object, known: set[str]) -> str:
    return str(min(MOST_UNSEEN, sum(word not in known for word in _words(text))))


def _words(text: object) -> list[str]:
    return normalise(str(text or "")).split()
