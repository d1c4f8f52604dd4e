"""Reviewed labels: what a person said a text is. Each belongs to one pool for ever.

Every label is kept, in the order given; the latest one of a text counts. The pool is decided by a
hash of the normalised text, the same that splits raw rows, so a label can never stand in training
while its twin stands in the test set. Light: the server keeps labels with this module.
"""

from __future__ import annotations

import hashlib
import unicodedata
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import func, insert, select

from features.splits import Pool, pool_of
from features.text import group_key
from pipelines import changes
from pipelines.deception import mistakable
from pipelines.store import label_withdrawals, labels

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement, Connection, Row

    from pipelines.store import Store

SUBJECT = "labels"
VALUE_CHARACTERS = 256
REVIEWER_CHARACTERS = 128
CHUNK = 500


class LabelRefused(ValueError):
    """A label cannot be kept; the message says which of its parts is wrong."""


@dataclass(frozen=True)
class Label:
    """One reviewed label; `shown` is what the person saw when choosing."""

    label_id: str
    model: str
    text: str
    value: str
    pool: Pool
    shown: Mapping[str, object]
    reviewer: str
    created_at: str


def exact(text: str) -> str:
    """Return the form in which two descriptions are the same one: spaces and case aside."""
    return " ".join(unicodedata.normalize("NFC", text).split()).casefold()


class Labels:
    """The labels of a store."""

    def __init__(
        self, store: Store, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store = store
        self._clock = clock

    def add(
        self, model: str, text: str, value: str, *, shown: Mapping[str, object], reviewer: str
    ) -> Label:
        """Keep a label; it is on disk when this returns. Raises `LabelRefused`.

        `shown` says what was answered before (code, confidence, version) and whether that answer
        was itself a confirmed one: such a label says nothing about the model.
        """
        if not text.strip() or "\0" in text:
            raise LabelRefused("the text is empty or holds a NUL character")
        if not value.strip() or len(value) > VALUE_CHARACTERS:
            raise LabelRefused(f"the value must have 1 to {VALUE_CHARACTERS} characters")
        if reason := mistakable(value.strip()):
            raise LabelRefused(f"the value {reason}")
        pool = pool_of(group_key(text), model)
        with self._store.write() as connection:
            # Numbered under the store's write lock, so the order of labels is the order in
            # which they were committed, also when the clock is set back.
            now = self._clock()
            number = max(int(now.timestamp() * 1_000_000), _last_number(connection) + 1)
            label = Label(
                label_id=f"{number:016x}{uuid.uuid4().hex[:16]}",
                model=model,
                text=text,
                value=unicodedata.normalize("NFC", value.strip()),
                pool=pool,
                shown=shown,
                reviewer=reviewer[:REVIEWER_CHARACTERS],
                created_at=now.isoformat(),
            )
            connection.execute(insert(labels).values(_stored(label)))
            changes.moved(connection, SUBJECT)
        return label

    def withdraw(self, label_id: str, *, reviewer: str) -> None:
        """Let a label count no more; the one before it of the same text counts again.

        It stays on disk, beside who withdrew it. Withdrawn once more, nothing changes.
        """
        which = label_withdrawals.c.label_id == label_id
        with self._store.write() as connection:
            if connection.scalar(select(label_withdrawals.c.label_id).where(which)):
                return
            row = {"label_id": label_id, "reviewer": reviewer[:REVIEWER_CHARACTERS]}
            now = self._clock().isoformat()
            connection.execute(insert(label_withdrawals).values({**row, "created_at": now}))
            changes.moved(connection, SUBJECT)

    def confirmed(self, model: str, texts: Iterable[str] | None = None) -> dict[str, Label]:
        """Return the label that counts for each description, by its `exact` form.

        With `texts`, only what is confirmed of those.
        """
        if texts is None:
            return _latest(self._read(labels.c.model == model), exact)
        keys = sorted({_key(text) for text in texts})
        found: list[Label] = []
        for start in range(0, len(keys), CHUNK):
            some = labels.c.key.in_(keys[start : start + CHUNK])
            found += self._read((labels.c.model == model) & some)
        return _latest(found, exact)

    def training_rows(self, model: str) -> list[Label]:
        """Return the labels that count and may be trained on, oldest first."""
        return self._pool(model, "train")

    def test_rows(self, model: str, since: datetime | None = None) -> list[Label]:
        """Return the labels that count and are kept for test sets, oldest first.

        Those given to correct a confirmed answer say nothing about the model; their `shown`
        holds `confirmed: true`. With `since`, only those given from then on.
        """
        return self._pool(model, "test", since)

    def _pool(self, model: str, pool: Pool, since: datetime | None = None) -> list[Label]:
        which = (labels.c.model == model) & (labels.c.pool == pool)
        if since is not None:
            which &= labels.c.label_id >= f"{int(since.timestamp() * 1_000_000):016x}"
        counting = _latest(self._read(which), group_key)
        return sorted(counting.values(), key=lambda label: label.label_id)

    def _read(self, which: ColumnElement[bool]) -> list[Label]:
        withdrawn = select(label_withdrawals.c.label_id)
        standing = labels.c.label_id.not_in(withdrawn)
        query = select(labels).where(which & standing).order_by(labels.c.label_id)
        with self._store.read() as connection:
            return [_restored(row) for row in connection.execute(query)]


def _last_number(connection: Connection) -> int:
    last = connection.scalar(select(func.max(labels.c.label_id)))
    return int(last[:16], 16) if last else 0


def _latest(ordered: Iterable[Label], key: Callable[[str], str]) -> dict[str, Label]:
    return {key(label.text): label for label in ordered}


def _key(text: str) -> str:
    return hashlib.sha256(exact(text).encode("utf-8", "surrogatepass")).hexdigest()


def _stored(label: Label) -> dict[str, object]:
    return {
        "label_id": label.label_id,
        "model": label.model,
        "key": _key(label.text),
        "text": label.text,
        "value": label.value,
        "pool": label.pool,
        "shown": orjson.dumps(dict(label.shown)).decode(),
        "reviewer": label.reviewer,
        "created_at": label.created_at,
    }


def _restored(row: Row[tuple[object, ...]]) -> Label:
    return Label(
        label_id=row.label_id,
        model=row.model,
        text=row.text,
        value=row.value,
        pool=row.pool,
        shown=orjson.loads(row.shown),
        reviewer=row.reviewer,
        created_at=row.created_at,
    )
