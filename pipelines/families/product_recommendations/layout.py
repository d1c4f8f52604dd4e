"""The compiled form of product recommendations: what `model.py` writes and `runtime.py` opens.

One `layout.json` and one `.npy` file for each array, opened memory-mapped. U users, I items, n
training interactions, k factors of the rating model (0 where the damped means ship).

| file | shape, type | holds |
| --- | --- | --- |
| user_offsets, user_blob; item_offsets, item_blob | see `Ids` | the identifiers |
| user_bias, item_bias | U, I float32 | deviations from `mean` in rating points |
| user_factors, item_factors | U x k, I x k float32 | rating = mean + biases + dot, clipped |
| seen_offsets | U + 1 int64 | user u's interactions stand at offsets[u]:offsets[u + 1] |
| seen_items, seen_ratings | n int32, n float32 | by user, items ascending |
| popularity | I float32 | how much each item is liked lately, larger is more |
| list_NAME | any | arrays of the ranker that `list_by` names |

In memory the rating arrays may be float64: that is the plain form. Ratings are answered by
`rates.Rater`, lists by the ranker's arrays in `rankers.scoring`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from pipelines.families.product_recommendations.ids import Ids

LAYOUT_FILE = "layout.json"
VERSION = 1
MAPPED_BYTES = 65_536
"""Smaller files are read: an empty one cannot be mapped, and a mapping costs a page."""
Floats = NDArray[np.floating]


class UnknownLayout(ValueError):
    """A directory does not hold a compiled form that this code understands."""


@dataclass(frozen=True)
class RatingArrays:
    """What an item gets from a user: `mean + user_bias + item_bias + user . item`, clipped."""

    by: str
    """What estimated them: `svd`, `svdpp`, `means`, `spark_als`."""
    mean: float
    low: float
    high: float
    """The rating scale, to which every prediction is clipped."""
    damping: float
    """How many ratings of average a folded-in user's bias starts with."""
    ridge: float
    """L2 penalty of a folded-in user's factors."""
    user_bias: Floats
    item_bias: Floats
    user_factors: Floats
    item_factors: Floats


@dataclass(frozen=True)
class ListArrays:
    """What a ranker left: `by` is `ease`, `als` or `popularity`, the rest is the ranker's own."""

    by: str
    settings: Mapping[str, float]
    arrays: Mapping[str, NDArray[np.generic]]
    """Saved as `list_NAME.npy` in the types they have."""


@dataclass(frozen=True)
class Seen:
    """What every user interacted with: one user's stand together, items ascending."""

    offsets: NDArray[np.int64]
    items: NDArray[np.int32]
    ratings: NDArray[np.float32]

    def of(self, user: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return the item codes and ratings of one user."""
        start, end = int(self.offsets[user]), int(self.offsets[user + 1])
        return self.items[start:end], self.ratings[start:end]


@dataclass(frozen=True)
class Layout:
    """A whole model as arrays."""

    users: Ids
    items: Ids
    seen: Seen
    popularity: NDArray[np.float32]
    ratings: RatingArrays
    lists: ListArrays

    def save(self, directory: Path, dtype: type[np.floating] = np.float32) -> None:
        """Write the layout; `dtype` is that of the rating arrays."""
        facts: dict[str, object] = {"version": VERSION}
        numbers = {f.name: getattr(self.ratings, f.name) for f in fields(RatingArrays)}
        facts["ratings"] = {k: v for k, v in numbers.items() if not isinstance(v, np.ndarray)}
        facts["lists"] = {
            "by": self.lists.by,
            "settings": dict(self.lists.settings),
            "arrays": sorted(self.lists.arrays),
        }
        arrays: dict[str, NDArray[np.generic]] = {
            **_ids("user", self.users),
            **_ids("item", self.items),
            "seen_offsets": self.seen.offsets,
            "seen_items": self.seen.items,
            "seen_ratings": self.seen.ratings,
            "popularity": self.popularity,
        }
        arrays |= {k: v.astype(dtype) for k, v in numbers.items() if isinstance(v, np.ndarray)}
        arrays |= {f"list_{name}": array for name, array in self.lists.arrays.items()}
        for name, array in arrays.items():
            np.save(directory / f"{name}.npy", array, allow_pickle=False)
        (directory / LAYOUT_FILE).write_bytes(orjson.dumps(facts, option=orjson.OPT_INDENT_2))

    @classmethod
    def open(cls, directory: Path) -> Layout:
        """Map what `save` wrote. Raises `UnknownLayout`."""
        facts = orjson.loads((directory / LAYOUT_FILE).read_bytes())
        if facts["version"] != VERSION:
            raise UnknownLayout(f"layout version {facts['version']}; this code reads {VERSION}")

        lists, array = facts["lists"], partial(_array, directory)
        return cls(
            users=Ids(array("user_offsets"), array("user_blob")),
            items=Ids(array("item_offsets"), array("item_blob")),
            seen=Seen(array("seen_offsets"), array("seen_items"), array("seen_ratings")),
            popularity=array("popularity"),
            ratings=RatingArrays(
                **facts["ratings"],
                user_bias=array("user_bias"),
                item_bias=array("item_bias"),
                user_factors=array("user_factors"),
                item_factors=array("item_factors"),
            ),
            lists=ListArrays(
                lists["by"],
                lists["settings"],
                {name: array(f"list_{name}") for name in lists["arrays"]},
            ),
        )


def _array(directory: Path, name: str) -> NDArray[Any]:
    path = directory / f"{name}.npy"
    mapped = path.stat().st_size > MAPPED_BYTES
    # np.asarray sheds np.memmap, whose every slice costs microseconds.
    return np.asarray(np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False))


def _ids(kind: str, ids: Ids) -> dict[str, NDArray[np.generic]]:
    return {f"{kind}_offsets": ids.offsets, f"{kind}_blob": ids.blob}
