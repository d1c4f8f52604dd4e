"""Fixed splits: a function of keys or time alone, never of row order or today's date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Split:
    """Disjoint parts that together hold every row of a frame.

    `sealed` is the second test set, opened only when a generation of the first one is retired.
    """

    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame
    sealed: pd.DataFrame
