"""Who gave what to which item, coded as numbers: what recommenders are fitted on.

Codes are places among the sorted identifiers and rows are sorted by user and item, so the same
rows give the same arrays in whatever order they came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

TOPS = (5.0, 10.0, 100.0)
"""Rating scales that people use end at one of these."""
RELEVANT_SHARE = 0.8
"""From this share of the scale on a rating says that the item was liked: 4 of 5."""
HALF = 0.5
COVERED = 0.99
"""A scale has to hold this share of the ratings; the others are out of range."""


@dataclass(frozen=True)
class Scale:
    """The lowest and the highest rating that can be given."""

    low: float
    high: float

    @property
    def relevant(self) -> float:
        """The rating from which on an item counts as liked."""
        return RELEVANT_SHARE * self.high


@dataclass(frozen=True)
class Interactions:
    """n interactions of U users with I items, sorted by user, then item; no pair twice.

    `users` and `items` hold the identifiers by code, `time` seconds since 1970 (UTC), all of
    them 0 where the rows have no times.
    """

    users: Sequence[str]
    items: Sequence[str]
    user: NDArray[np.int32]
    item: NDArray[np.int32]
    rating: NDArray[np.float32]
    time: NDArray[np.int64]
    scale: Scale

    def __len__(self) -> int:
        return len(self.user)

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Where each user's rows begin, and one past the last: shape (U + 1,)."""
        counts = np.bincount(self.user, minlength=len(self.users))
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    @property
    def relevant(self) -> NDArray[np.bool_]:
        """Which rows say that the item was liked: rated at 80 % of the scale or more."""
        return np.asarray(self.rating >= self.scale.relevant)

    def of_users(self, chosen: NDArray[np.bool_]) -> Interactions:
        """Return the rows of some users, a mask of shape (U,), who get codes of their own."""
        kept = chosen[self.user]
        users = [self.users[code] for code in np.flatnonzero(chosen).tolist()]
        codes = (np.cumsum(chosen) - 1).astype(np.int32)[self.user[kept]]
        rows = (self.item[kept], self.rating[kept], self.time[kept])
        return Interactions(users, self.items, codes, *rows, self.scale)

    def where(self, kept: NDArray[np.bool_]) -> Interactions:
        """Return the rows of a mask under the same codes: users and items keep theirs."""
        rows = (self.user[kept], self.item[kept], self.rating[kept], self.time[kept])
        return Interactions(self.users, self.items, *rows, self.scale)


def interactions(
    frame: pd.DataFrame, user: str, item: str, rating: str, time: str | None = None
) -> Interactions:
    """Code a frame's columns; of a pair that is there twice the newest row is kept."""
    return marked_interactions(frame, np.zeros(len(frame), dtype=bool), user, item, rating, time)[0]


def marked_interactions(
    frame: pd.DataFrame,
    marks: NDArray[np.bool_],
    user: str,
    item: str,
    rating: str,
    time: str | None = None,
) -> tuple[Interactions, NDArray[np.bool_]]:
    """Code a frame's columns, and return the marks of its rows in the order of the result."""
    users, user_codes = coded(frame[user])
    items, item_codes = coded(frame[item])
    ratings = frame[rating].to_numpy(dtype=np.float32)
    times = seconds(frame[time]) if time is not None and time in frame else None
    moments = np.zeros(len(frame), dtype=np.int64) if times is None else times
    order = np.lexsort((ratings, moments, item_codes, user_codes))
    u, i = user_codes[order], item_codes[order]
    last = np.ones(len(order), dtype=bool)
    last[:-1] = (u[1:] != u[:-1]) | (i[1:] != i[:-1])
    kept = order[last]
    found = Interactions(
        users, items, u[last], i[last], ratings[kept], moments[kept], scale_of(ratings)
    )
    return found, marks[kept]


def coded(values: pd.Series) -> tuple[list[str], NDArray[np.int32]]:
    """Return the distinct texts sorted by their UTF-8 bytes, and each row's place among them."""
    codes, distinct = pd.factorize(values)
    texts = pa.array(distinct, pa.large_string())
    order = pc.array_sort_indices(texts).to_numpy()
    places = np.empty(len(order), dtype=np.int32)
    places[order] = np.arange(len(order), dtype=np.int32)
    return texts.take(pa.array(order)).to_pylist(), places[codes]


def seconds(times: pd.Series) -> NDArray[np.int64]:
    """Return moments as whole seconds since 1970; 0 where there is none."""
    if times.isna().all():
        return np.zeros(len(times), dtype=np.int64)
    utc = times.dt.tz_convert("UTC").dt.tz_localize(None) if times.dt.tz is not None else times
    return utc.fillna(pd.Timestamp(0)).to_numpy().astype("datetime64[s]").astype(np.int64)


@dataclass(frozen=True)
class RatingCounts:
    """How many ratings lie where: all that a scale is told by."""

    rows: int
    above: tuple[int, ...]
    """Above each of `TOPS`."""
    highest: float
    below_half: int
    """From 0 to below a half,"""
    below_one: int
    """and from a half to below one;"""
    exactly_half: int
    halves: int
    """half points, 0.5 among them."""


def scale_of(ratings: NDArray[np.floating]) -> Scale:
    """Return the scale that the ratings are on: up to 5, 10 or 100, from 0, 0.5 or 1.

    Numbers beyond the scale of 99 % of the ratings do not widen it.
    """
    counts = RatingCounts(
        len(ratings),
        tuple(int((ratings > top).sum()) for top in TOPS),
        float(ratings.max()) if len(ratings) else TOPS[0],
        int(((ratings >= 0) & (ratings < HALF)).sum()),
        int(((ratings >= HALF) & (ratings < 1)).sum()),
        int((ratings == HALF).sum()),
        int((ratings % 1 == HALF).sum()),
    )
    return scale_by(counts)


def scale_by(counts: RatingCounts) -> Scale:
    """Return the scale that ratings of such counts are on; see `scale_of`."""
    if not counts.rows:
        return Scale(1.0, TOPS[0])
    outside = (1 - COVERED) * counts.rows
    found = (top for top, above in zip(TOPS, counts.above, strict=True) if above <= outside)
    high = next(found, counts.highest)
    low = 0.0 if counts.below_half > outside else HALF if counts.below_one > outside else 1.0
    # Half points are given, so the lowest of them may be, however seldom it is.
    if low > HALF and counts.exactly_half and counts.halves > outside:
        low = HALF
    return Scale(low, high)
