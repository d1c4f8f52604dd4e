"""Whether a challenger was trained on the test set: both sides' rows as sets of sha256.

Training keeps the keys of its rows in the package; texts themselves never leave it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

KEYS_FILE = "training_keys.parquet"
"""Where a package keeps the keys of the rows that its model was fitted on."""


@dataclass(frozen=True)
class Leakage:
    """What the check found; `not possible` where the challenger's training rows are unknown."""

    status: Literal["clean", "leaked", "not possible"]
    shared: int = 0
    """How many keys of the test set are among the training keys."""
    of: int = 0

    def as_json(self) -> dict[str, object]:
        """Return the finding as it stands in a decision record."""
        return asdict(self)


def keys_of(groups: Iterable[object]) -> frozenset[str]:
    """Return the keys of rows, one for each group (a normalised text, a user and an item)."""
    return frozenset(_key(str(group)) for group in groups)


def unseen(groups: pd.Series, training: frozenset[str]) -> NDArray[np.bool_]:
    """Return for each row's group whether it is none of those that were trained on."""
    names = groups.astype(str)
    known = {name for name in names.unique() if _key(name) in training}
    return ~names.isin(known).to_numpy()


def check_leakage(test: frozenset[str], training: frozenset[str] | None) -> Leakage:
    """Hold the test set's keys against the challenger's training keys."""
    if training is None:
        return Leakage("not possible", of=len(test))
    shared = len(test & training)
    return Leakage("leaked" if shared else "clean", shared, len(test))


def write_keys(directory: Path, keys: frozenset[str]) -> Path:
    """Write keys into a package's directory and return the file."""
    import pandas as pd

    path = directory / KEYS_FILE
    frame = pd.DataFrame({"key": [bytes.fromhex(key) for key in sorted(keys)]})
    frame.to_parquet(path, engine="pyarrow", index=False)
    return path


def read_keys(directory: Path) -> frozenset[str] | None:
    """Return the keys of a package, or None where it has none (a version from elsewhere)."""
    import pandas as pd

    path = directory / KEYS_FILE
    if not path.is_file():
        return None
    return frozenset(key.hex() for key in pd.read_parquet(path)["key"])


def _key(group: str) -> str:
    """Return the first 64 bits of the group's sha256: among 10 million training rows and 100,000
    tested ones the chance of any false alarm is 5 in 100 million, at a quarter of the size."""
    return hashlib.sha256(group.encode("utf-8", "surrogatepass")).hexdigest()[:16]
