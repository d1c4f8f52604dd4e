"""The diff as it is kept beside a decision: JSON named by its sha256. Light: the server reads it.

The document is a pure function of the table of answers that is kept with it (`summary`), so that a
replay makes it again.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import orjson

from pipelines.decisions import chain

Kind = Literal["label", "list", "forecast", "number"]
SalesUnit = Literal["money", "pieces"]
Said = str | float | list[str] | None
"""A label, a list of items, or a number: a forecast's total, or the number itself."""
RECORD_KEY = "catalogue_diff"
"""Where a verdict's record names its diff."""


class NoDiff(LookupError):
    """With this decision no diff was kept; the message says why."""


class DiffDamaged(ValueError):
    """A kept diff is missing, or its bytes are not those that its name promises."""


@dataclass(frozen=True)
class Count:
    """How many questions went from one answer to another, and what their products sold.

    Of lists each item counts for itself: `before` alone names an item that left so many lists,
    `after` alone one that came into them. Of numbers `after` is a band of the relative change.
    """

    before: str | None
    after: str | None
    questions: int
    sales: float | None


@dataclass(frozen=True)
class Moved:
    """One question whose answer changed; `movement` is 1 where nothing of it stayed."""

    question: str
    sales: float | None
    asked: int
    before: Said
    after: Said
    before_confidence: float | None
    after_confidence: float | None
    movement: float


@dataclass(frozen=True)
class CatalogueDiff:
    """What would change if version `of` followed version `against`.

    `known` questions there are, `questions` of which were put to both, those first that sell most
    and are asked most often.
    """

    of: str
    against: str
    kind: Kind
    known: int
    questions: int
    changed: int
    sales: float | None
    changed_sales: float | None
    sales_unit: SalesUnit | None
    counts: tuple[Count, ...]
    most_moved: tuple[Moved, ...]
    note: str

    def as_json(self) -> dict[str, object]:
        """Return the document."""
        return asdict(self)

    @property
    def sha256(self) -> str:
        """Return the sha256 of the document's canonical text, which names its file."""
        return chain.digest(chain.canonical(self.as_json()))


def save(directory: Path, diff: CatalogueDiff) -> str:
    """Write a diff once, durably and atomically, and return the sha256 that names it."""
    sha256 = diff.sha256
    path = _path(directory, sha256)
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.partial")
        with partial.open("wb") as stream:
            stream.write(chain.canonical(diff.as_json()).encode())
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    return sha256


def load(directory: Path, sha256: str) -> dict[str, object]:
    """Return the document of that name. Raises `DiffDamaged`."""
    path = _path(directory, sha256)
    try:
        text = path.read_text()
    except (FileNotFoundError, UnicodeDecodeError) as error:
        raise DiffDamaged(f"the catalogue diff {path.name} cannot be read: {error}") from error
    if chain.digest(text) != sha256:
        raise DiffDamaged(f"the catalogue diff {path.name} was changed after it was written")
    document = orjson.loads(text)
    assert isinstance(document, dict)
    return document


def of_record(directory: Path, decision_id: str, record: Mapping[str, object]) -> dict[str, object]:
    """Return the diff that a decision's record names. Raises `NoDiff` or `DiffDamaged`."""
    named = record.get(RECORD_KEY)
    if not isinstance(named, Mapping):
        raise NoDiff(
            f"{decision_id} has no catalogue diff: it is made for verdicts that promote, that wait "
            "for an approval or that are undecided, where there was a champion"
        )
    if named["sha256"] is None:
        raise NoDiff(f"{decision_id} has no catalogue diff: {named['note']}")
    return load(directory, str(named["sha256"]))


def _path(directory: Path, sha256: str) -> Path:
    return directory / f"{sha256}.json"
