"""Which of each user's rows are the newest: a function of keys and times alone."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.interactions import seconds

MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
"""The multipliers of splitmix64 (Steele, Lea and Flood 2014)."""


def newest_share(
    frame: pd.DataFrame, user: str, item: str, time: str, share: float
) -> NDArray[np.bool_]:
    """Return a mask of each user's newest `share` of rows, rounded down, at least one.

    Rows of one moment, and all rows where there are no times, are ordered by a hash of user and
    item, so that the order of rows does not matter.
    """
    users, user_hash = _hashed(frame[user])
    _, item_hash = _hashed(frame[item])
    tie = scrambled(user_hash ^ (item_hash * MIX[0]))
    moments = seconds(frame[time]) if time in frame else np.zeros(len(frame), dtype=np.int64)
    order = np.lexsort((tie, moments, users))
    counts = np.bincount(users)
    ends = np.cumsum(counts)
    from_end = np.repeat(ends, counts) - np.arange(len(order))
    held = np.empty(len(order), dtype=bool)
    held[order] = from_end <= np.repeat(np.maximum(1, (counts * share).astype(int)), counts)
    return held


def scrambled(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return keys mixed so that near ones end up far apart: the finaliser of splitmix64."""
    mixed = (keys ^ (keys >> np.uint64(30))) * MIX[0]
    mixed = (mixed ^ (mixed >> np.uint64(27))) * MIX[1]
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


def _hashed(values: pd.Series) -> tuple[NDArray[np.intp], NDArray[np.uint64]]:
    """Return codes of the values and, by row, 64 bits of their sha256."""
    codes, distinct = pd.factorize(values)
    digests = b"".join(
        hashlib.sha256(str(value).encode("utf-8", "surrogatepass")).digest()[:8]
        for value in distinct
    )
    return codes, np.frombuffer(digests, dtype="<u8").astype(np.uint64)[codes]
