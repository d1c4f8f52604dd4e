"""Frozen test sets: the same bytes for every challenger, in generations that are used up.

A generation is frozen from rows that no model has been trained on, is looked at until its alpha
is spent, and then retires to training. Its sealed twin is opened only then. How they age, and
why, stands in `docs/adr/0002`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import orjson
import pandas as pd
from sqlalchemy import Update, insert, select, update
from sqlalchemy.exc import IntegrityError

from features.fingerprints import fingerprint
from pipelines.contract import Examples
from pipelines.decisions import prediction_files
from pipelines.gate.leakage import keys_of
from pipelines.store import Store, test_sets
from pipelines.test_sets.next_generation import (
    MINIMUM_ROWS,
    NotEnoughRows,
    Past,
    next_rows,
    storable,
)

__all__ = [
    "MINIMUM_ROWS",
    "NotEnoughRows",
    "SealBroken",
    "TestSet",
    "TestSetDamaged",
    "TestSets",
    "source_key",
]

if TYPE_CHECKING:
    from sqlalchemy import Row

    from features.sources import Source
    from features.splits import Split
    from pipelines.contract import ModelFamily

Status = Literal["active", "retired"]


class SealBroken(RuntimeError):
    """The sealed set was asked for while its generation is still in use."""


class TestSetDamaged(ValueError):
    """Stored rows are not those that were frozen."""


@dataclass(frozen=True)
class TestSet:
    """One generation. `requests` and `actual` are what the family's `examples` made of its rows.

    `context` are the rows that its questions carry along, `keys` the leakage keys of its rows,
    `withheld` those rows and the sealed ones, which nobody trains on beside it. `floor` holds
    the trivial baseline's per-request predictions, made when it was frozen.
    """

    __test__ = False  # not a test class, whatever pytest makes of its name

    test_set_id: str
    model: str
    source_key: str
    generation: int
    status: Status
    sha256: str
    rows: pd.DataFrame
    withheld: pd.DataFrame
    requests: pd.DataFrame
    actual: pd.DataFrame
    floor: pd.DataFrame
    context: pd.DataFrame
    keys: frozenset[str]
    sealed_sha256: str | None
    sealed_rows: int


class TestSets:
    """The test sets of a store; rows lie in `directory`, as Parquet named by its sha256."""

    __test__ = False

    def __init__(
        self,
        store: Store,
        directory: Path,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._directory = directory
        self._clock = clock

    def open_or_freeze(
        self,
        family: ModelFamily,
        source_key: str,
        split: Split,
        labelled: pd.DataFrame | None = None,
    ) -> TestSet:
        """Return the generation in use, or freeze the next one.

        The next one is made of the split's test rows and `labelled` ones (reviewed labels of the
        test pool, as raw rows) that were in no generation before, and of the sealed rows of the
        retired one, which nobody has trained on either. The same rows from another address are
        the test set that they were: a copy of a file buys no second alpha. Raises `NotEnoughRows`.
        """
        found = self._of(family.name, source_key)
        if found and found[-1].status == "active":
            return self._opened(family, found[-1])
        frozen = self._frozen(family, source_key, split, labelled, found)
        twin = self._of_content(family.name, str(frozen["sha256"]))
        if twin is not None:
            return self._opened(family, twin)
        self._insert(frozen)
        return self._opened(family, self._of(family.name, source_key)[-1])

    def renew(
        self,
        family: ModelFamily,
        source_key: str,
        split: Split,
        labelled: pd.DataFrame | None = None,
    ) -> TestSet:
        """Retire the generation in use and freeze the next one, both or, on any error, neither.

        Raises `NotEnoughRows`.
        """
        found = self._of(family.name, source_key)
        frozen = self._frozen(family, source_key, split, labelled, found)
        self._insert(frozen, retired=str(found[-1].test_set_id) if found else None)
        return self._opened(family, self._of(family.name, source_key)[-1])

    def active(self, family: ModelFamily, source_key: str) -> TestSet | None:
        """Return the generation in use, or None."""
        found = self._of(family.name, source_key)
        in_use = bool(found) and found[-1].status == "active"
        return self._opened(family, found[-1]) if in_use else None

    def get(self, family: ModelFamily, test_set_id: str) -> TestSet:
        """Return one generation by its id. Raises `LookupError`."""
        query = select(test_sets).where(test_sets.c.test_set_id == test_set_id)
        with self._store.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise LookupError(f"no test set is called {test_set_id!r}")
        return self._opened(family, row)

    def sealed(self, family: ModelFamily, test_set_id: str) -> Examples:
        """Open the sealed twin of a retired generation. Raises `SealBroken` before that."""
        test_set = self.get(family, test_set_id)
        if test_set.status != "retired":
            raise SealBroken(f"{test_set_id} is in use: its sealed set opens when it retires")
        return family.examples(self._sealed_rows(test_set), test_set.context)

    def last_retired(self, model: str, source_key: str) -> str | None:
        """Return the id of the generation that was used up last, or None."""
        used_up = [row for row in self._of(model, source_key) if row.status == "retired"]
        return str(used_up[-1].test_set_id) if used_up else None

    def retired_rows(self, model: str, source_key: str) -> list[pd.DataFrame]:
        """Return the rows of the generations that are used up: training may have them."""
        return [
            self._load(_manifest(row)["rows"])
            for row in self._of(model, source_key)
            if row.status == "retired"
        ]

    def _insert(self, frozen: dict[str, object], retired: str | None = None) -> None:
        try:
            with self._store.write() as connection:
                connection.execute(insert(test_sets).values(**frozen))
                if retired is not None:
                    connection.execute(_retirement(retired))
        except IntegrityError:
            # Another process froze this generation first: its rows are the ones that count.
            return

    def _of(self, model: str, source_key: str) -> list[Row[tuple[object, ...]]]:
        query = select(test_sets).where(
            test_sets.c.model == model, test_sets.c.source_key == source_key
        )
        with self._store.read() as connection:
            return list(connection.execute(query.order_by(test_sets.c.generation)))

    def _of_content(self, model: str, sha256: str) -> Row[tuple[object, ...]] | None:
        query = select(test_sets).where(test_sets.c.model == model, test_sets.c.sha256 == sha256)
        with self._store.read() as connection:
            return connection.execute(query.order_by(test_sets.c.created_at)).first()

    def _frozen(
        self,
        family: ModelFamily,
        source_key: str,
        split: Split,
        labelled: pd.DataFrame | None,
        earlier: list[Row[tuple[object, ...]]],
    ) -> dict[str, object]:
        pasts = [self._past(row) for row in earlier]
        rows, sealed = next_rows(family, split, labelled, pasts)
        context = storable(family.context(split))
        examples = family.examples(rows, context)
        floor = family.evaluate(family.floor(split.train, examples.requests), examples.actual)
        generation, sha256 = len(earlier) + 1, fingerprint(rows)
        manifest = {
            "rows": self._save(rows),
            "sealed": self._save(sealed) if len(sealed) else None,
            "sealed_rows": len(sealed),
            "floor": self._save(floor.per_request),
            "context": self._save(context) if len(context) else None,
            "groups": int(examples.actual["group"].nunique()),
            "columns": [str(name) for name in rows.columns],
        }
        return {
            "test_set_id": f"{family.name[:36]}-{source_key[:6]}-g{generation}-{sha256[:8]}",
            "model": family.name,
            "source_key": source_key,
            "generation": generation,
            "status": "active",
            "sha256": sha256,
            "rows": len(rows),
            "manifest": orjson.dumps(manifest, option=orjson.OPT_SORT_KEYS).decode(),
            "created_at": self._clock().isoformat(timespec="milliseconds"),
        }

    def _opened(self, family: ModelFamily, row: Row[tuple[object, ...]]) -> TestSet:
        manifest = _manifest(row)
        rows = self._load(manifest["rows"])
        if fingerprint(rows) != row.sha256:
            raise TestSetDamaged(f"{row.test_set_id}: its rows are not those that were frozen")
        carried = manifest.get("context")
        context = rows.head(0) if carried is None else self._load(carried)
        examples = family.examples(rows, context)
        sealed = manifest["sealed"]
        return TestSet(
            test_set_id=str(row.test_set_id),
            model=family.name,
            source_key=str(row.source_key),
            generation=int(row.generation),
            status="active" if row.status == "active" else "retired",
            sha256=str(row.sha256),
            rows=rows,
            withheld=rows if sealed is None else pd.concat([rows, self._load(sealed)]),
            requests=examples.requests,
            actual=examples.actual,
            floor=self._load(manifest["floor"]),
            context=context,
            keys=keys_of(family.groups(rows).unique()),
            sealed_sha256=None if sealed is None else str(sealed),
            sealed_rows=int(str(manifest["sealed_rows"])),
        )

    def _past(self, row: Row[tuple[object, ...]]) -> Past:
        manifest = _manifest(row)
        sealed = manifest["sealed"]
        return Past(self._load(manifest["rows"]), None if sealed is None else self._load(sealed))

    def _sealed_rows(self, test_set: TestSet) -> pd.DataFrame:
        if test_set.sealed_sha256 is None:
            return test_set.rows.head(0)
        return self._load(test_set.sealed_sha256)

    def _save(self, frame: pd.DataFrame) -> str:
        return prediction_files.save(self._directory, frame)

    def _load(self, sha256: object) -> pd.DataFrame:
        return prediction_files.load(self._directory, str(sha256))


def source_key(source: Source) -> str:
    """Return the key under which a source's test sets are kept: its address and its mapping."""
    text = orjson.dumps(
        [source.url, dict(source.columns), source.query], option=orjson.OPT_SORT_KEYS
    )
    return hashlib.sha256(text).hexdigest()


def _manifest(row: Row[tuple[object, ...]]) -> dict[str, object]:
    found = orjson.loads(str(row.manifest))
    assert isinstance(found, dict)
    return found


def _retirement(test_set_id: str) -> Update:
    change = update(test_sets).where(test_sets.c.test_set_id == test_set_id)
    return change.values(status="retired")
