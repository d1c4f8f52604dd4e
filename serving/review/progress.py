"""How far the day's review is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from pipelines.orders.choices import UNDO, Choice
from serving.schemas.review import HourlyProgress, Progress, ReviewMessage


def progress(
    since: datetime,
    choices: Sequence[Choice],
    messages: Sequence[ReviewMessage],
    beyond: int,
) -> Progress:
    """Return what was done since then; `choices` are those made since, the oldest first.

    `beyond` are lines that wait and are not among the messages.
    """
    latest = {choice.line_id: choice for choice in choices}
    standing = [choice for choice in latest.values() if choice.action != UNDO]
    actions = Counter(choice.action for choice in standing)
    hours = Counter(
        datetime.fromisoformat(choice.created_at).replace(minute=0, second=0, microsecond=0)
        for choice in standing
    )
    waiting = [line for message in messages for line in message.lines if line.chosen is None]
    return Progress(
        since=since.astimezone(UTC),
        lines=len(standing) + len(waiting) + beyond,
        beyond=beyond,
        done=len(standing),
        accepted=actions["accept"],
        changed=actions["change"],
        skipped=actions["skip"],
        requested_open=sum(line.requested for line in waiting),
        per_hour=[HourlyProgress(hour=hour, done=hours[hour]) for hour in sorted(hours)],
    )
