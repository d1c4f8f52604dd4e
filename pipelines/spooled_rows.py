"""The lines of the spool: written for each answer, and read as rows of the store.

A line is a row, its columns parted by tabs: JSON has none, nor a line's end, within it. So what was
asked and answered is made text once, and reaches the database as it stands in the spool.

Reading shares a core and Python's lock with the requests that are being answered, so it is written
for both: the statement's text is made once, and SQLite inserts `ROWS_A_STATEMENT` rows in one step,
during which others have the lock.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, islice
from pathlib import Path

import orjson
from sqlalchemy import Connection

from pipelines.spool import whole_lines
from pipelines.store import Store, predictions

ROWS_A_STATEMENT = 50
ROWS_A_TRANSACTION = 2_000
COLUMNS = tuple(predictions.columns.keys())
HEAD_MARKS = 4
"""A line's head are the columns from `request_id` to `generation`."""
PARAMETERS = {"qmark": "?"}
"""How a driver marks a parameter; most, psycopg among them, take `%s`."""

OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
MARK = "\t"
MARKED = MARK.encode()
NUMBER_DIGITS = 15
"""Of a generation: more than any champion's, and no more than every database's integer holds."""
NOTHING = b"\0"
"""What a broken disk leaves; in JSON it is written out, and PostgreSQL refuses it."""

logger = logging.getLogger(__name__)
StoredRow = tuple[object, ...]
"""The values of one row, in the order of `COLUMNS`."""


def keep(store: Store, path: Path, *, found: bool = False) -> None:
    """Move a segment's lines into the store; rows that it holds already stay as they are.

    A file that was `found`, and not just written by this process, has its JSON read once: what a
    disk made of it would otherwise stop whoever reads it later. A file with unreadable lines is
    set aside afterwards. Raises `SQLAlchemyError` and then leaves it as it is.
    """
    damaged: list[bytes] = []
    lines = (line for line in whole_lines(path) if not found or _is_sound(line, damaged))
    rows = (row for line in lines for row in readable_rows(line, damaged))
    first = next(rows, None)
    while first is not None:
        with store.write() as connection:
            _insert_new(connection, chain([first], islice(rows, ROWS_A_TRANSACTION - 1)))
        first = next(rows, None)
    if damaged:
        # A broken disk, not a kill: the file is set aside rather than tried again for ever.
        logger.error("%s has %d unreadable lines and is kept aside", path, len(damaged))
        path.rename(path.with_suffix(".damaged"))


def written(
    ids: Sequence[str],
    head: str,
    instances: Sequence[Mapping[str, object]],
    answers: Sequence[Sequence[Mapping[str, object]]],
    created_at: bytes,
) -> list[bytes]:
    """Return the parts of a request's lines; `head` are the columns from `request_id` on.

    `created_at` comes with the tab before it and the line's end behind. Raises `ValueError` unless
    there is an answer to each instance, and no text of the head breaks its column.
    """
    if head.count(MARK) != HEAD_MARKS or "\n" in head:
        raise ValueError(f"{head!r} cannot be told apart in a line")
    parts: list[bytes] = []
    for name, instance, answer in zip(ids, instances, answers, strict=True):
        parts += (
            f"{name}\t{head}\t".encode(),
            orjson.dumps(instance, option=OPTIONS),
            MARKED,
            orjson.dumps(answer, option=OPTIONS),
            created_at,
        )
    return parts


def readable_rows(line: bytes, damaged: list[bytes]) -> Iterable[StoredRow]:
    """Return the rows of one line; where it cannot be read none, and `damaged` has it."""
    try:
        return list(_rows(line)) if line.startswith(b"{") else (_row(line),)
    except (ValueError, KeyError, TypeError):
        damaged.append(line)
        return ()


def _is_sound(line: bytes, damaged: list[bytes]) -> bool:
    """Whether what was asked and answered is JSON; a line that will not be read is no matter."""
    if line.startswith(b"{"):
        return True
    try:
        for part in line[:-1].rsplit(MARKED, 3)[1:3]:
            orjson.loads(part)
    except orjson.JSONDecodeError:
        damaged.append(line)
        return False
    return True


def _row(line: bytes) -> StoredRow:
    if NOTHING in line:
        raise ValueError("no text has such a character")
    head, instance, answer, created_at = line[:-1].decode().rsplit(MARK, 3)
    name, request_id, model, version, decision_id, generation = head.split(MARK)
    if not (generation.isascii() and generation.isdigit() and len(generation) <= NUMBER_DIGITS):
        raise ValueError("no generation stands where one should")
    if not (instance.startswith("{") and instance.endswith("}")):
        raise ValueError("no instance stands where one should")
    if not (answer.startswith("[") and answer.endswith("]")):
        raise ValueError("no answer stands where one should")
    return (
        name,
        request_id,
        model,
        version,
        decision_id,
        int(generation),
        instance,
        answer,
        created_at,
    )


def _rows(line: bytes) -> Iterator[StoredRow]:
    """Read a line as an earlier release wrote it: a request as one object."""
    request = orjson.loads(line)
    base, created_at = request["base"], request["created_at"]
    model, version = request["model"], request["version"]
    decision_id, generation = request["decision_id"], request["generation"]
    request_id = request["request_id"]
    texts = (base, request_id, model, version, decision_id, created_at)
    if not all(isinstance(text, str) and "\0" not in text for text in texts):
        raise ValueError("no text stands where one should")
    if type(generation) is not int or not 0 <= generation < 10**NUMBER_DIGITS:
        raise ValueError("no generation stands where one should")
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


def _insert_new(connection: Connection, rows: Iterator[StoredRow]) -> None:
    mark = PARAMETERS.get(connection.dialect.paramstyle, "%s")
    while some := list(islice(rows, ROWS_A_STATEMENT)):
        if len(some) == ROWS_A_STATEMENT:
            values = tuple(chain.from_iterable(some))
            connection.exec_driver_sql(_statement(mark, ROWS_A_STATEMENT), values)
        else:
            connection.exec_driver_sql(_statement(mark, 1), some)
        # By itself Python hands over the interpreter after 5 ms only.
        time.sleep(0)


@cache
def _statement(mark: str, rows: int) -> str:
    one = f"({', '.join([mark] * len(COLUMNS))})"
    return (
        f"INSERT INTO {predictions.name} ({', '.join(COLUMNS)}) "
        f"VALUES {', '.join([one] * rows)} ON CONFLICT (prediction_id) DO NOTHING"
    )
