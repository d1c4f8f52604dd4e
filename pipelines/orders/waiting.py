"""How many order lines wait for a person, however many a desk shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from pipelines.orders.choices import UNDO
from pipelines.store import feed_lines, review_choices

if TYPE_CHECKING:
    from pipelines.store import Store


def count(store: Store) -> int:
    """Return the number of lines that are neither chosen, skipped, ordered nor hidden."""
    later = review_choices.alias("later")
    newest = (
        select(func.max(later.c.number))
        .where(later.c.line_id == review_choices.c.line_id)
        .scalar_subquery()
    )
    unread = feed_lines.c.read.is_(False)
    decided = (
        select(func.count())
        .select_from(feed_lines)
        .join(review_choices, review_choices.c.line_id == feed_lines.c.line_id)
        .where(unread, review_choices.c.number == newest, review_choices.c.action != UNDO)
    )
    with store.read() as connection:
        lines = connection.scalar(select(func.count()).select_from(feed_lines).where(unread))
        return int(lines or 0) - int(connection.scalar(decided) or 0)
