"""Canary and A/B test: a share of the customers is answered by the challenger.

Who is in the share is decided by a hash of the customer's key, so the same one always gets the same
version. What the challenger cannot answer the champion does, and no client sees the failure.
"""

from __future__ import annotations

from serving.live.answers import Answered
from serving.live.loaded import LiveModel
from serving.traffic.arms import CALLERS, REFUSALS, Arms, Asked, Desk, Turn


class SplitTraffic:
    """Each request is answered by one of the two."""

    def __init__(self, arms: Arms) -> None:
        self._arms = arms

    async def answer(self, desk: Desk, asked: Asked) -> Answered:
        """Answer by whoever takes the request. Raises what the champion raises."""
        arms = self._arms
        turn = arms.turn(asked)
        champion = desk.acquire(asked.model, len(asked.instances))
        if not arms.join(champion):
            rows = await desk.rows(champion, asked.instances, asked.logged)
            return await desk.record(champion, asked, rows)
        if turn.wanted:
            return await self._by_challenger(desk, champion, asked, turn)
        arms.challenger.release()
        rows = await arms.by_champion(desk, champion, asked, turn)
        served = arms.drawn(champion.served)
        return arms.remember(turn, await desk.record(champion, asked, rows, served=served))

    async def _by_challenger(
        self, desk: Desk, champion: LiveModel, asked: Asked, turn: Turn
    ) -> Answered:
        """Answer by the challenger, or in its place by the champion, which is held meanwhile."""
        arms = self._arms
        try:
            rows, seconds = await arms.by_challenger(desk, asked)
        except BaseException:
            champion.release()  # the client has gone
            raise
        if rows is None:
            return await self._instead(desk, champion, asked, turn, seconds)
        champion.release()
        arms.watch.answered("challenger", turn.stage, seconds, turn.unit)
        return arms.remember(turn, await desk.record(arms.challenger, asked, rows))

    async def _instead(
        self, desk: Desk, champion: LiveModel, asked: Asked, turn: Turn, seconds: float
    ) -> Answered:
        """Answer by the champion, under its own decision: it was not drawn for this request."""
        watch = self._arms.watch
        try:
            rows = await desk.rows(champion, asked.instances, asked.logged)
        except (*REFUSALS, *CALLERS):
            raise
        except Exception:
            watch.failed("challenger", turn.stage, seconds, turn.unit)
            raise
        watch.failed("challenger", turn.stage, seconds, turn.unit)
        return await desk.record(champion, asked, rows)
