"""The questions that an open campaign wants a person to answer, in their recorded order.

Made from the campaign's record when it opens and emptied when it closes: the decision log is the
truth, this table what a reviewer's screen reads. A question is open until a reviewed label of its
normalised text counts, whoever gave it and wherever; one that corrects a person's answer leaves it
open. Light: the server reads it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

import orjson
from sqlalchemy import delete, func, insert, select

from features.text import group_key
from pipelines import changes
from pipelines.labels import Labels
from pipelines.serving_tables import label_requests
from pipelines.tables import decisions

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Row

    from pipelines.labels import Label
    from pipelines.store import Store

SUBJECT = "label_requests"
CHUNK = 500
CONFIRMED = "confirmed"
"""Mark of a label that corrects a person's answer: it says nothing of a model."""
EARLIER = timedelta(days=1)
"""How long before a campaign's opening labels are read from: both versions are asked meanwhile,
and the clock of another machine may be behind."""

Stratum = Literal["disagree", "agree"]


@dataclass(frozen=True)
class LabelRequest:
    """One question; `place` is its turn, `weight` how many live questions it stands for.

    `answers` are what the two models say. Neither they nor the stratum are shown to a reviewer
    who does not ask: he is to say what is true, not whom he believes.
    """

    campaign_id: str
    place: int
    model: str
    text: str
    stratum: Stratum
    weight: float
    answers: Mapping[str, str]


def key_of(text: str) -> str:
    """Return the key under which all spellings of one question are the same."""
    return hashlib.sha256(group_key(text).encode("utf-8", "surrogatepass")).hexdigest()


def requested(store: Store, model: str, texts: Iterable[str]) -> set[str]:
    """Return those of the texts that an open campaign of the model waits for, as they were given.

    A text is waited for when its normalised form is, until a label of it counts.
    """
    keys = {text: key_of(text) for text in texts}
    wanted = _keys(store, model, set(keys.values()))
    if not wanted:
        return set()
    wanted -= _labelled(store, model)
    return {text for text, key in keys.items() if key in wanted}


def counts(store: Store) -> dict[str, int]:
    """Return how many questions each model's open campaigns ask, answered or not."""
    query = select(label_requests.c.model, func.count()).group_by(label_requests.c.model)
    with store.read() as connection:
        return dict(connection.execute(query).tuples().all())


def still_open(store: Store, model: str) -> list[LabelRequest]:
    """Return the model's questions that nobody has answered, in their recorded order."""
    rows = _read(store, label_requests.c.model == model)
    labelled = _labelled(store, model) if rows else set()
    return [_restored(row) for row in rows if row.key not in labelled]


def asked(store: Store, campaign_id: str) -> list[LabelRequest]:
    """Return all questions of a campaign, answered or not."""
    return [_restored(row) for row in _read(store, label_requests.c.campaign_id == campaign_id)]


def find(store: Store, model: str, text: str) -> LabelRequest | None:
    """Return the request, answered or not, that a text answers, or None."""
    which = (label_requests.c.model == model) & (label_requests.c.key == key_of(text))
    rows = _read(store, which)
    return _restored(rows[-1]) if rows else None


def publish(store: Store, campaign_id: str, requests: Sequence[LabelRequest]) -> bool:
    """Put a campaign's questions into the queue, once; return whether they were not there."""
    with store.write() as connection:
        which = label_requests.c.campaign_id == campaign_id
        count = select(func.count()).select_from(label_requests).where(which)
        if not requests or connection.scalar(count):
            return False
        connection.execute(insert(label_requests), [_stored(request) for request in requests])
        changes.moved(connection, SUBJECT)
    return True


def clear(store: Store, model: str) -> None:
    """Empty a model's queue; asked again, nothing changes."""
    with store.write() as connection:
        which = label_requests.c.model == model
        if connection.execute(delete(label_requests).where(which)).rowcount:
            changes.moved(connection, SUBJECT)


def labels_since(store: Store, model: str, opened_at: str | None) -> list[Label]:
    """Return the labels that answer questions of a campaign that was opened then.

    Earlier ones cannot: what is labelled is not asked for. So few are read of however many.
    """
    since = datetime.fromisoformat(opened_at) - EARLIER if opened_at else None
    rows = Labels(store).test_rows(model, since)
    return [label for label in rows if not label.shown.get(CONFIRMED, False)]


def _labelled(store: Store, model: str) -> set[str]:
    """Return the keys of what was labelled since the first campaign in the queue was opened."""
    campaigns = select(label_requests.c.campaign_id).where(label_requests.c.model == model)
    opened = select(func.min(decisions.c.created_at)).where(decisions.c.decision_id.in_(campaigns))
    with store.read() as connection:
        opened_at = connection.scalar(opened)
    return {key_of(label.text) for label in labels_since(store, model, opened_at)}


def _keys(store: Store, model: str, keys: set[str]) -> set[str]:
    ordered = sorted(keys)
    found: set[str] = set()
    with store.read() as connection:
        for start in range(0, len(ordered), CHUNK):
            query = select(label_requests.c.key).where(
                label_requests.c.model == model,
                label_requests.c.key.in_(ordered[start : start + CHUNK]),
            )
            found.update(connection.scalars(query))
    return found


def _read(store: Store, which: ColumnElement[bool]) -> list[Row[tuple[object, ...]]]:
    query = select(label_requests).where(which)
    order = (label_requests.c.campaign_id, label_requests.c.place)
    with store.read() as connection:
        return list(connection.execute(query.order_by(*order)))


def _stored(request: LabelRequest) -> dict[str, object]:
    return {
        "campaign_id": request.campaign_id,
        "place": request.place,
        "model": request.model,
        "key": key_of(request.text),
        "text": request.text,
        "stratum": request.stratum,
        "weight": request.weight,
        "answers": orjson.dumps(dict(request.answers)).decode(),
    }


def _restored(row: Row[tuple[object, ...]]) -> LabelRequest:
    return LabelRequest(
        campaign_id=row.campaign_id,
        place=row.place,
        model=row.model,
        text=row.text,
        stratum=row.stratum,
        weight=row.weight,
        answers=orjson.loads(row.answers),
    )
