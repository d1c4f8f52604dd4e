"""The ratings that a version is fitted on: those of a frame, and the rest where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.interactions import Interactions, marked_interactions
from features.many_ratings import rest
from pipelines.contract import FitRefused

Mask = NDArray[np.bool_]


class RestUnread(FitRefused):
    """The rest of the ratings is not at hand; the message says what to do."""


class RestOverlaps(FitRefused):
    """A user is in both parts: then what is tested could be trained on."""


def fitted_on(train: pd.DataFrame, validation: pd.DataFrame) -> tuple[Interactions, Mask]:
    """Return all ratings to fit on, and which of them are held out: the validation rows.

    Raises `RestUnread` where the frame's rest was read by another process, and `RestOverlaps`.
    """
    frame = pd.concat([train, validation])
    marks = np.arange(len(frame)) >= len(train)
    names = ("user_id", "item_id", "rating", "timestamp")
    known, held_out = marked_interactions(frame, marks, *names)
    digests = frame[rest.COLUMN].dropna().unique() if rest.COLUMN in frame else []
    for digest in digests:
        others = _held(str(digest))
        known = replace(known, scale=others.scale)
        known, held_out = joined(known, held_out, others.interactions())
    return known, held_out


def _held(digest: str) -> rest.Rest:
    try:
        return rest.held(digest)
    except rest.RestGone as error:
        raise RestUnread(str(error)) from error


def joined(known: Interactions, marks: Mask, others: Interactions) -> tuple[Interactions, Mask]:
    """Return both together, coded anew, and the marks; `others` have none and no common user.

    Raises `RestOverlaps`.
    """
    users, user = _coded(known.users, known.user, others.users, others.user)
    items, item = _coded(known.items, known.item, others.items, others.item)
    if len(users) < len(known.users) + len(others.users):
        raise RestOverlaps("a user's ratings are both in the panel and in the rest")
    order = np.argsort(user, kind="stable")  # of one user all rows come from one part, in order
    rating, time = (
        np.concatenate([getattr(known, name), getattr(others, name)])[order]
        for name in ("rating", "time")
    )
    together = Interactions(users, items, user[order], item[order], rating, time, known.scale)
    return together, np.concatenate([marks, np.zeros(len(others), dtype=bool)])[order]


def _coded(
    first: Sequence[str],
    first_codes: NDArray[np.int32],
    second: Sequence[str],
    second_codes: NDArray[np.int32],
) -> tuple[list[str], NDArray[np.int32]]:
    """Return the distinct texts of both sorted by their UTF-8 bytes, and both parts' codes."""
    both = pa.chunked_array([pa.array(list(part), pa.large_string()) for part in (first, second)])
    found = pc.unique(both)
    distinct = found.take(pc.array_sort_indices(found))
    places = pc.index_in(both, distinct).to_numpy().astype(np.int32)
    of_first, of_second = places[: len(first)], places[len(first) :]
    return distinct.to_pylist(), np.concatenate([of_first[first_codes], of_second[second_codes]])
