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
from pipelines.ranking import admissible_rows

Mask = NDArray[np.bool_]


class RestUnread(FitRefused):
    """The rest of the ratings is not at hand; the message says what to do."""


def fitted_on(train: pd.DataFrame, validation: pd.DataFrame) -> tuple[Interactions, Mask]:
    """Return all ratings to fit on, and which of them are held out: the validation rows.

    Raises `RestUnread` where the frame's rest was read by another process.
    """
    frame = pd.concat([train, validation])
    marks = np.arange(len(frame)) >= len(train)
    names = ("user_id", "item_id", "rating", "timestamp")
    known, held_out = marked_interactions(frame, marks, *names)
    digests = set(frame[rest.COLUMN].dropna()) if rest.COLUMN in frame else set[str]()
    for digest in sorted(digests):
        others = _held(digest)
        known = replace(known, scale=others.scale)
        rows = others.interactions()
        if others.tested is not None:
            rows = without(rows, others.tested)
        known, held_out = joined(known, held_out, rows)
    return known, held_out


def without(rows: Interactions, tested: pd.DataFrame) -> Interactions:
    """Return the rows that may be trained on while `tested` is withheld, by the family's rule."""
    users = pd.Index(rows.users)
    codes = users.get_indexer(pd.Index(tested["user_id"].unique()))
    asked = np.zeros(len(users), dtype=bool)
    asked[codes[codes >= 0]] = True
    places = np.flatnonzero(asked[rows.user])
    frame = pd.DataFrame(
        {
            "user_id": users[rows.user[places]],
            "item_id": pd.Index(rows.items)[rows.item[places]],
            "timestamp": pd.to_datetime(rows.time[places], unit="s", utc=True),
        }
    )
    frame.loc[rows.time[places] == 0, "timestamp"] = pd.NaT  # as arrays say that there is none
    if "timestamp" not in tested:
        frame = frame.drop(columns="timestamp")
    kept = np.ones(len(rows), dtype=bool)
    kept[places] = admissible_rows(frame, tested, "user_id", "item_id", "timestamp")
    return rows.where(kept)


def _held(digest: str) -> rest.Rest:
    try:
        return rest.held(digest)
    except rest.RestGone as error:
        raise RestUnread(str(error)) from error


def joined(known: Interactions, marks: Mask, others: Interactions) -> tuple[Interactions, Mask]:
    """Return both together, coded anew, and the marks; `others` have none.

    Of a pair that is in both (of a test set that is used up, say) the one in `known` stays.
    """
    users, user = _coded(known.users, known.user, others.users, others.user)
    items, item = _coded(known.items, known.item, others.items, others.item)
    order = np.lexsort((np.arange(len(user)), item, user))
    again = np.zeros(len(order), dtype=bool)
    again[1:] = (np.diff(user[order]) == 0) & (np.diff(item[order]) == 0)
    order = order[~again]
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
