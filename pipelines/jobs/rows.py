"""What a job reads: rows with values by their columns' names, in order, one after another.

Nothing is held but the row at hand, so a file may be larger than memory. Reading on from row n is
reading and leaving out n rows, which is what makes a job's rows the same after a restart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sized
from dataclasses import dataclass
from typing import Literal, Protocol

from pipelines.jobs.record import JobFailed

FIELDS = 1_000
"""Different columns that an input may have."""
ROWS = 20_000_000
"""A packed file of a few bytes may say that it has billions, each of which would be answered."""
ValueKind = Literal["text", "integer", "number", "boolean", "json"]


@dataclass(frozen=True, slots=True)
class InputRow:
    """One row of the input by its own column names; `fault` says why it cannot be asked about."""

    values: Mapping[str, object]
    fault: str | None = None


class Table(Protocol):
    """The rows of one input."""

    kinds: Mapping[str, ValueKind]
    """The columns in their order, and what they hold."""
    texts: bool
    """Whether every value is a text that has yet to be read as what the model expects."""
    count: int
    """How many rows there are."""

    def rows(self, first: int) -> Iterator[InputRow]:
        """Yield the rows from number `first` on. Raises `JobFailed` where the file breaks."""
        ...


def require_few(names: Sized) -> None:
    """Raise `JobFailed` where an input has more columns than a result is made of."""
    if len(names) > FIELDS:
        raise JobFailed(f"the input has more than {FIELDS} columns")


def require_not_endless(count: int) -> None:
    """Raise `JobFailed` where an input has more rows than a job answers."""
    if count > ROWS:
        raise JobFailed(f"the input has {count:,} rows; a job answers {ROWS:,} at most")
