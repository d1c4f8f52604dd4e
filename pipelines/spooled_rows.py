"""From the lines of the spool to rows of the store.

It shares a core and Python's lock with the requests that are being answered, so it is written for
both: the statement's text is made once, and SQLite inserts `ROWS_A_STATEMENT` rows in one step,
during which others have the lock.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import chain, islice
from pathlib import Path

import orjson
from sqlalchemy import Connection

from pipelines.spool import whole_lines
from pipelines.store import Store, predictions

ROWS_A_STATEMENT = 50
ROWS_A_TRANSACTION = 1_000
ROWS_A_BREATH = 20
"""A tenth of a millisecond's worth of reading, after which a waiting request comes first."""
COLUMNS = tuple(predictions.columns.keys())
PARAMETERS = {"qmark": "?"}
"""How a driver marks a parameter; most, psycopg among them, take `%s`."""

logger = logging.getLogger(__name__)
StoredRow = tuple[object, ...]
"""The values of one row, in the order of `COLUMNS`."""


def keep(store: Store, path: Path) -> None:
    """Move a segment's lines into the store; rows that it holds already stay as they are.

    A file with unreadable lines is set aside afterwards. Raises `SQLAlchemyError` and then leaves
    it as it is.
    """
    damaged: list[bytes] = []
    rows = (row for line in whole_lines(path) for row in readable_rows(line, damaged))
    while batch := list(islice(_giving_way(rows), ROWS_A_TRANSACTION)):
        with store.write() as connection:
            _insert_new(connection, batch)
    if damaged:
        # A broken disk, not a kill: the file is set aside rather than tried again for ever.
        logger.error("%s has %d unreadable lines and is kept aside", path, len(damaged))
        path.rename(path.with_suffix(".damaged"))


def _giving_way(rows: Iterable[StoredRow]) -> Iterator[StoredRow]:
    """Hand over the interpreter now and then: by itself Python does so after 5 ms only."""
    for number, row in enumerate(rows):
        if number % ROWS_A_BREATH == 0:
            time.sleep(0)
        yield row


def readable_rows(line: bytes, damaged: list[bytes]) -> Iterable[StoredRow]:
    """Return the rows of one line; where it cannot be read none, and `damaged` has it."""
    try:
        return list(_rows(line))
    except (ValueError, KeyError, TypeError):
        damaged.append(line)
        return ()


def _rows(line: bytes) -> Iterator[StoredRow]:
    request = orjson.loads(line)
    base, created_at = request["base"], request["created_at"]
    model, version = request["model"], request["version"]
    decision_id, generation = request["decision_id"], request["generation"]
    request_id = request["request_id"]
    pairs = zip(request["instances"], request["answers"], strict=True)
    for index, (instance, answer) in enumerate(pairs):
        yield (
            f"{base}-{index}",
            request_id,
            model,
            version,
            decision_id,
            generation,
            orjson.dumps(instance).decode(),
            orjson.dumps(answer).decode(),
            created_at,
        )


def _insert_new(connection: Connection, rows: Sequence[StoredRow]) -> None:
    mark = PARAMETERS.get(connection.dialect.paramstyle, "%s")
    whole = len(rows) - len(rows) % ROWS_A_STATEMENT
    for start in range(0, whole, ROWS_A_STATEMENT):
        values = tuple(chain.from_iterable(rows[start : start + ROWS_A_STATEMENT]))
        connection.exec_driver_sql(_statement(mark, ROWS_A_STATEMENT), values)
    if rest := list(rows[whole:]):
        connection.exec_driver_sql(_statement(mark, 1), rest)


@cache
def _statement(mark: str, rows: int) -> str:
    one = f"({', '.join([mark] * len(COLUMNS))})"
    return (
        f"INSERT INTO {predictions.name} ({', '.join(COLUMNS)}) "
        f"VALUES {', '.join([one] * rows)} ON CONFLICT (prediction_id) DO NOTHING"
    )
