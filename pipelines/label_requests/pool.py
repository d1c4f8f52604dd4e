"""The pool of a campaign: live questions that no model was taught and no test set holds.

Different questions of the last 90 days, out of the prediction log, that belong to the test pool by
the hash of their normalised text and that nobody has labelled yet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

import orjson
import pandas as pd
from sqlalchemy import select

from features.splits import pool_of
from features.text import group_key
from pipelines.gate.draw import turn
from pipelines.gate.leakage import unseen
from pipelines.store import predictions

if TYPE_CHECKING:
    from datetime import datetime

    from pipelines.store import Store

DAYS = 90
READ_LIMIT = 500_000
"""Logged questions that a pool is gathered from: the newest ones."""
READ_AT_ONCE = 500
POOL_LIMIT = 10_000
"""Questions that both models are asked: a random part where there are more."""
LONGEST_TEXT = 2_000


def live_questions(
    store: Store, model: str, text: str, since: datetime
) -> dict[str, Mapping[str, object]]:
    """Return the different questions of the test pool asked since then, by normalised text.

    Each as it was asked; of several spellings the first in the order of the alphabet stands for
    it. Of more than `READ_LIMIT` the newest are read, and a few at a time.
    """
    query = (
        select(predictions.c.instance)
        .where(predictions.c.model == model, predictions.c.created_at >= since.isoformat())
        .order_by(predictions.c.created_at.desc())
        .limit(READ_LIMIT)
        .execution_options(yield_per=READ_AT_ONCE)
    )
    found: dict[str, str] = {}
    with store.read() as connection:
        for line in connection.scalars(query):
            question = orjson.loads(line).get(text)
            if isinstance(question, str) and 0 < len(question.strip()) <= LONGEST_TEXT:
                key = group_key(question)
                if pool_of(key, model) == "test":
                    found[key] = min(found.get(key, line), line)
    found.pop("", None)
    return {key: orjson.loads(line) for key, line in found.items()}


def eligible(
    groups: Mapping[str, str],
    model: str,
    *,
    known: Collection[str],
    trained: Iterable[frozenset[str]],
    seed: str,
) -> list[str]:
    """Return the questions of the test pool that are not `known` and that nobody was trained on.

    In a random order that `seed` fixes; at most `POOL_LIMIT`. `groups` holds the family's name for
    each question's group, of which `trained` are leakage keys; either name may be `known`.
    """
    names = pd.Series(dict(groups), dtype=str)
    names = names[[pool_of(question, model) == "test" for question in names.index]]
    names = names[~(names.isin(known) | names.index.isin(known)).to_numpy(bool)]
    for keys in trained:
        names = names[unseen(names, keys)]
    ordered = sorted(map(str, names.index), key=lambda question: turn(seed, question))
    return ordered[:POOL_LIMIT]
