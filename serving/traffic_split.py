"""Canary and A/B test: a share of the customers is answered by the challenger.

Who is in the share is decided by a hash of the customer's key, so the same one always gets the same
version. What the challenger cannot answer the champion does, and no client sees the failure.
"""

from __future__ import annotations

from serving.answers import Answered
from serving.live import LiveModel
from serving.traffic import REFUSALS, Arms, Asked, Desk, Turn


class SplitTraffic:
    """Each request is answered by one of the two."""

    def __init__(self, arms: Arms) -> None:
        self._arms = arms

    async def answer(self, desk: Desk, asked: Asked) -> Answered:
        """Answer by whoever takes the request. Raises what the champion raises."""
        arms = self._arms
        turn = arms.turn(asked)
        champion = desk.acquire(asked.model, len(asked.instances))
        if not (turn.wanted and arms.join(champion)):
            rows = await arms.by_champion(desk, champion, asked, turn)
            return await desk.record(champion, asked, rows)
        try:
            answered, seconds = await arms.by_challenger(desk, asked)
        except BaseException:
            champion.release()  # the client has gone
            raise
        if answered is None:
            return await self._instead(desk, champion, asked, turn, seconds)
        champion.release()
        arms.watch.answered("challenger", turn.stage, seconds, turn.unit)
        return await desk.record(arms.challenger, asked, answered)

    async def _instead(
        self, desk: Desk, champion: LiveModel, asked: Asked, turn: Turn, seconds: float
    ) -> Answered:
        try:
            rows = await desk.rows(champion, asked.instances)
        except REFUSALS:
            raise
        except Exception:
            self._arms.watch.failed("challenger", turn.stage, seconds, turn.unit)
            raise
        self._arms.watch.failed("challenger", turn.stage, seconds, turn.unit)
        return await desk.record(champion, asked, rows)
