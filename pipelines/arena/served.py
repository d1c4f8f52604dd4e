"""The last effect of a promotion: when each serving worker confirmed that it answers with it."""

from __future__ import annotations

import time
from collections.abc import Callable

from pipelines.confirmations import confirmed
from pipelines.decisions.log import Champion, DecisionLog, NewDecision


def record_served(
    log: DecisionLog, head: Champion, *, clock: Callable[[], float] = time.time
) -> bool:
    """Append the workers' confirmations once every living one has confirmed this champion.

    Returns whether they stand in the log. While no worker lives, or one still answers with an
    earlier champion, nothing is written; where the champion moves on before, nothing ever is.
    """
    if any("confirmations" in effect.record for effect in log.effects(head.decision_id)):
        return True
    words = confirmed(log.store, head.model, clock=clock)
    if not words or any(word.decision_id != head.decision_id for word in words):
        return False
    log.append(
        NewDecision(
            kind="effect",
            model=head.model,
            version=head.version,
            record={
                "of": head.decision_id,
                "generation": head.generation,
                "confirmations": {word.worker_id: word.confirmed_at for word in words},
            },
        )
    )
    return True
