"""Of which rows the next generation of a test set is made: those that no model was trained on.

The first one is the split's test part. A later one has what has come since into the places that
the split keeps for testing, reviewed labels of the test pool, and the sealed rows of the
generation before, which were never looked at to choose anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from features.splits import Split
    from pipelines.contract import ModelFamily

MINIMUM_ROWS = 300


class NotEnoughRows(ValueError):
    """Too few unseen rows for a new generation; the message says how many labels are missing."""


@dataclass(frozen=True)
class Past:
    """The rows of an earlier generation, and of its sealed twin where it had one."""

    rows: pd.DataFrame
    sealed: pd.DataFrame | None


def next_rows(
    family: ModelFamily, split: Split, labelled: pd.DataFrame | None, earlier: Sequence[Past]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of the next generation and of its sealed twin. Raises `NotEnoughRows`."""
    # Where time has moved on, an opened seal may be training data by now.
    trained = _groups(family, [split.train, split.validation]) if earlier else set()
    opened = [
        _outside(family, past.sealed, trained) for past in earlier[-1:] if past.sealed is not None
    ]
    rows = _with_labels(family, pd.concat([split.test, *opened]), labelled)
    if not earlier:
        return storable(rows), storable(_outside(family, split.sealed, _groups(family, [rows])))
    # The seals before the last one were opened into the generations after them.
    taken = _groups(family, [past.rows for past in earlier])
    fresh = _outside(family, rows, taken)
    needed = _needed(family, split, earlier[-1])
    if len(fresh) < needed:
        message = (
            f"{family.name}: generation {len(earlier) + 1} of the test set needs {needed} "
            f"rows that were in none before, and there are {len(fresh)}: "
            f"{needed - len(fresh)} more reviewed labels of the test pool are needed"
        )
        raise NotEnoughRows(message)
    taken |= _groups(family, [fresh])
    return storable(fresh), storable(_outside(family, split.sealed, taken))


def _needed(family: ModelFamily, split: Split, last: Past) -> int:
    """Return how many rows a generation needs.

    Where time has outlived the last one and the source is small, half of what it holds out: few
    rows decide little, but a model that may learn nothing newer for ever is worse.
    """
    if not family.outlived(last.rows, split.test):
        return MINIMUM_ROWS
    return max(1, min(MINIMUM_ROWS, len(split.test) // 2))


def storable(frame: pd.DataFrame) -> pd.DataFrame:
    """Give rows an index that a file can hold: the lines of a table and the names of labels."""
    return frame.set_axis(frame.index.astype(str).rename("line"), axis=0)


def _with_labels(
    family: ModelFamily, rows: pd.DataFrame, labelled: pd.DataFrame | None
) -> pd.DataFrame:
    """Let a reviewed label stand in place of the rows whose group it has reviewed."""
    if labelled is None or labelled.empty:
        return rows
    return pd.concat([_outside(family, rows, _groups(family, [labelled])), labelled])


def _groups(family: ModelFamily, parts: Sequence[pd.DataFrame]) -> set[str]:
    return {str(group) for part in parts for group in family.groups(part)}


def _outside(family: ModelFamily, rows: pd.DataFrame, groups: set[str]) -> pd.DataFrame:
    return rows[~family.groups(rows).astype(str).isin(groups).to_numpy()]
