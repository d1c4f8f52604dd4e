"""Interleaving: both recommenders are asked, and one list is made of the two.

The list is logged with who put each item there, so a later choice says whose item it was; the
client is not told. It is answered under the rollout's own decision, whose record names both.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.contract import Row
from serving.live.answers import Answered
from serving.traffic.arms import Arms, Asked, Desk
from serving.traffic.interleaving import Coin, Interleaved, interleave

Answers = Sequence[Sequence[Row]]


class InterleavedTraffic:
    """A share of the requests gets lists that both have drafted."""

    def __init__(self, arms: Arms, coin: Coin) -> None:
        self._arms = arms
        self._coin = coin

    async def answer(self, desk: Desk, asked: Asked) -> Answered:
        """Answer one request. Raises what the champion raises."""
        arms = self._arms
        turn = arms.turn(asked)
        champion = desk.acquire(asked.model, len(asked.instances))
        if not (turn.wanted and arms.join(champion)):
            rows = await desk.rows(champion, asked.instances, asked.logged)
            return await desk.record(champion, asked, rows)
        try:
            ours = await arms.by_champion(desk, champion, asked, turn)
        except BaseException:
            arms.challenger.release()
            raise
        theirs, seconds = await arms.by_challenger(desk, asked)
        if theirs is None:
            arms.watch.failed("challenger", turn.stage, seconds, turn.unit)
            return await desk.record(champion, asked, ours)
        arms.watch.answered("challenger", turn.stage, seconds, turn.unit)
        shown, kept = self._together(ours, theirs)
        served = arms.drawn(champion.served)
        answered = await desk.record(champion, asked, shown, served=served, kept=kept)
        return arms.remember(turn, answered)

    def _together(self, ours: Answers, theirs: Answers) -> tuple[Answers, Answers]:
        """Return what is shown and what is kept, instance by instance."""
        shown: list[Sequence[Row]] = []
        kept: list[Sequence[Row]] = []
        for champion, challenger in zip(ours, theirs, strict=True):
            made = self._drafted(champion, challenger)
            shown.append([made.shown] if made else champion)
            kept.append([made.logged] if made else champion)
        return shown, kept

    def _drafted(self, champion: Sequence[Row], challenger: Sequence[Row]) -> Interleaved | None:
        if len(champion) != 1 or len(challenger) != 1:
            return None
        return interleave(champion[0], challenger[0], self._coin)
