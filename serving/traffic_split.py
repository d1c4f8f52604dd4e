"""Canary and A/B test: a share of the customers is answered by the challenger.

Who is in the share is decided by a hash of the customer's key, so the same one always gets the same
version. What the challenger cannot answer the champion does, and no client sees the failure.
"""

from __future__ import annotations

from serving.answers import Answered
from serving.live import LiveModel
from serving.traffic import REFUSALS, Arms, Asked, Desk


class SplitTraffic:
    """Each request is answered by one of the two."""

    def __init__(self, arms: Arms) -> None:
        self._arms = arms

    async def answer(self, desk: Desk, asked: Asked) -> Answered:
        """Answer by whoever takes the request. Raises what the champion raises."""
        arms = self._arms
        wanted = arms.wants(asked, stage := arms.stage)
        champion = desk.acquire(asked.model, len(asked.instances))
        if not (wanted and arms.join(champion)):
            rows = await arms.by_champion(desk, champion, asked, stage)
            return await desk.record(champion, asked, rows)
        try:
            answered, seconds = await arms.by_challenger(desk, asked)
        except BaseException:
            champion.release()  # the client has gone
            raise
        if answered is None:
            return await self._instead(desk, champion, asked, stage, seconds)
        champion.release()
        arms.watch.answered("challenger", stage, seconds)
        return await desk.record(arms.challenger, asked, answered)

    async def _instead(
        self, desk: Desk, champion: LiveModel, asked: Asked, stage: int, seconds: float
    ) -> Answered:
        try:
            rows = await desk.rows(champion, asked.instances)
        except REFUSALS:
            raise
        except Exception:
            self._arms.watch.failed("challenger", stage, seconds)
            raise
        self._arms.watch.failed("challenger", stage, seconds)
        return await desk.record(champion, asked, rows)
