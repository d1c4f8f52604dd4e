"""The hash chain under the decision log: canonical text, digests, and what breaks them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping

import orjson

GENESIS = "0" * 64
"""What the first entry continues."""


def canonical(record: Mapping[str, object]) -> str:
    """Return the one text of a record: sorted keys, no spaces, no number that is not one."""
    return orjson.dumps(record, option=orjson.OPT_SORT_KEYS).decode()


def digest(text: str) -> str:
    """Return the sha256 of a record's canonical text."""
    return hashlib.sha256(text.encode()).hexdigest()


def problems(rows: Iterable[Mapping[str, object]]) -> list[str]:
    """Return every break in rows that come in order of `seq`: gaps, edits, swapped entries, and
    looks or generations that were left out."""
    found: list[str] = []
    previous, expected = GENESIS, 1
    counts: dict[tuple[str, object], int] = {}
    for row in rows:
        name = f"entry {row['seq']} ({row['decision_id']})"
        if row["seq"] != expected:
            found.append(f"{name}: entry {expected} is missing before it")
        if row["prev_hash"] != previous:
            found.append(f"{name}: does not continue the entry before it")
        if digest(str(row["record"])) != row["hash"]:
            found.append(f"{name}: its record was changed after it was written")
        else:
            found.extend(f"{name}: {message}" for message in _edited_columns(row))
        found.extend(f"{name}: {message}" for message in _miscounted(row, counts))
        previous = str(row["hash"])
        expected = (number if (number := _number(row["seq"])) is not None else expected) + 1
    return found


def _miscounted(row: Mapping[str, object], counts: dict[tuple[str, object], int]) -> Iterator[str]:
    """Say where a look at a test set or a champion of a model does not follow the one before."""
    for column, of in (("look", "test_set_id"), ("generation", "model")):
        if row[column] is None or row[of] is None:
            continue
        before = counts.get((column, row[of]), 0)
        if row[column] != before + 1:
            yield f"{column} {row[column]} of {row[of]} follows {column} {before}"
        number = _number(row[column])
        counts[column, row[of]] = before + 1 if number is None else number


def _edited_columns(row: Mapping[str, object]) -> list[str]:
    """Name the columns that say something else than the hashed record they were copied from."""
    try:
        record = orjson.loads(str(row["record"]))
    except orjson.JSONDecodeError:
        record = None
    if not isinstance(record, dict):
        return ["its record is none"]  # and its hash was made anew to fit it
    copied = row.keys() - {"record", "hash"}
    return [
        f"column {name} was changed"
        for name in sorted(copied)
        if name not in record or row[name] != record[name]
    ]


def _number(value: object) -> int | None:
    # SQLite keeps whatever it is told to, in a column of integers too.
    return value if isinstance(value, int) else None
