"""Fixed splits: a function of keys or time alone, never of row order or today's date."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd  # not at run time: the server asks for pools and holds no pandas

MINIMUM_TEST_ROWS = 300
LARGEST_TEST_SHARE = 0.40
SHARE_STEP = 0.05

Pool = Literal["train", "test"]


class SplitError(ValueError):
    """A frame cannot be split as asked; the message says why."""


@dataclass(frozen=True)
class Split:
    """Disjoint parts that together hold every row of a frame.

    `sealed` is the second test set, opened only when a generation of the first one is retired.
    """

    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame
    sealed: pd.DataFrame


def split_by_group(
    frame: pd.DataFrame,
    group: pd.Series,
    *,
    test: float = 0.20,
    sealed: float = 0.05,
    validation: float = 0.10,
    salt: str,
) -> Split:
    """Split so that all rows of one group stand in one part, chosen by a hash of its key.

    The part of a group depends on its key and on the shares, not on other rows, so rows that are
    added later leave it where it was. Where `test` would give fewer than 300 rows it is raised in
    steps to at most 40 %, taking from training only; a frame too small even for that keeps the
    share it was given. Raises `SplitError` for a group without a key.
    """
    if group.isna().any():
        raise SplitError(f"{int(group.isna().sum())} rows have no group key")
    keys = group.astype(str)
    places = keys.map({key: place(key, salt) for key in keys.unique()}).astype("float64")
    places.index = frame.index
    share = test_share(places, test, 1 - sealed - validation)
    # The test part grows from 0 up and the others down from 1: raising it moves neither.
    in_test = places < share
    in_sealed = places >= 1 - sealed
    in_validation = ~in_sealed & (places >= 1 - sealed - validation)
    return Split(
        train=frame[~(in_test | in_sealed | in_validation)],
        validation=frame[in_validation],
        test=frame[in_test],
        sealed=frame[in_sealed],
    )


def test_share(places: pd.Series, share: float, room: float) -> float:
    """Return the share that gives enough test rows, or `share` where none does."""
    steps = round((LARGEST_TEST_SHARE - share) / SHARE_STEP) + 1
    for step in range(max(steps, 0)):
        raised = share + step * SHARE_STEP
        if raised < room and (places < raised).sum() >= MINIMUM_TEST_ROWS:
            return raised
    return share


def place(key: str, salt: str) -> float:
    """Return the key's place in [0, 1), the same for ever."""
    digest = hashlib.sha256(f"{salt}\0{key}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def pool_of(key: str, salt: str, *, test: float = 0.20, sealed: float = 0.05) -> Pool:
    """Return the pool that a reviewed label belongs to for ever.

    The same places as `split_by_group`: what would stand in the test or the sealed part is never
    trained on.
    """
    position = place(key, salt)
    return "test" if position < test or position >= 1 - sealed else "train"
