"""Looks after labels on request: asks for them, decides by them, carries the decision out, ends it.

Keeps nothing that another steward would not find out: killed at any step, the next look goes on
from the log. Watching takes no table of numbers; asking and deciding load what they need.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

from pipelines import changes, labels
from pipelines.decisions.log import Conflict, DecisionLog
from pipelines.label_requests import queue
from pipelines.label_requests.campaign import (
    Campaign,
    Outcome,
    awaiting,
    close,
    open_campaign,
    verdict_of,
)
from pipelines.registry.aliases import project
from pipelines.registry.client import NoSuchVersion, NotPackaged, RegistryRefused

if TYPE_CHECKING:
    from pipelines.decisions.log import Decision
    from pipelines.registry.client import RegistryClient

ACTOR = "the gate"
AGAIN = timedelta(hours=1)
"""How long after labels were not asked for it is tried again: live questions grow."""


@dataclass(frozen=True)
class Tended:
    """One thing that was done, in a plain sentence, and the entry that records it."""

    version: str
    message: str
    decision_id: str


class Steward:
    """Looks at models again and again. `test_sets` is where their rows lie."""

    def __init__(
        self,
        log: DecisionLog,
        client: RegistryClient,
        test_sets: Path,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        token: Callable[[], str] = lambda: token_hex(16),
    ) -> None:
        self._log = log
        self._client = client
        self._test_sets = test_sets
        self._clock = clock
        self._token = token
        self._tried: dict[str, datetime] = {}
        self._seen: dict[str, tuple[int, ...]] = {}
        self._emptied: set[str] = set()

    def look_at(self, model: str) -> list[Tended]:
        """Look once at one model, and do what there is to do."""
        campaign = open_campaign(self._log.store, model)
        if campaign is None:
            self._empty(model)
            return self._ask(model)
        self._emptied.discard(model)
        decided = verdict_of(self._log.store, campaign)
        if decided is not None:
            return [self._carry_out(campaign, decided)]
        head = self._log.head(model)
        if head is None or head.generation != campaign.generation:
            return self._end(campaign, "superseded", "another version is champion by now")
        self._restore(campaign)
        return self._decide(campaign)

    def _ask(self, model: str) -> list[Tended]:
        now = self._clock()
        for decision_id in awaiting(self._log.store, model):
            tried = self._tried.get(decision_id)
            if tried is None or now - tried >= AGAIN:
                self._tried[decision_id] = now
                return [self._asked(self._log.get(decision_id), now)]
        return []

    def _asked(self, verdict: Decision, now: datetime) -> Tended:
        from pipelines.label_requests.asking import UNASKABLE, NotAsked, open_for

        version, store = str(verdict.version), self._log.store
        try:
            campaign = open_for(
                self._log,
                store,
                self._client,
                verdict,
                test_sets=self._test_sets,
                now=now,
                seed=self._token(),
            )
        except (NotAsked, Conflict, NoSuchVersion, NotPackaged, RegistryRefused, *UNASKABLE) as why:
            message = f"no labels are asked for to decide on version {version}: {why}"
            return Tended(version, message, verdict.decision_id)
        message = str(self._log.get(campaign.campaign_id).record["finding"])
        return Tended(version, message, campaign.campaign_id)

    def _restore(self, campaign: Campaign) -> None:
        """Put the questions into the queue that a killed steward left out of it."""
        if not queue.asked(self._log.store, campaign.campaign_id):
            from pipelines.label_requests.asking import requests_of

            rows = self._log.load_predictions(campaign.pool)
            queue.publish(self._log.store, campaign.campaign_id, requests_of(campaign, rows))

    def _decide(self, campaign: Campaign) -> list[Tended]:
        over = campaign.is_over(self._clock())
        moves = changes.counts(self._log.store, (labels.SUBJECT,))
        if self._seen.get(campaign.campaign_id) == moves and not over:
            return []
        from pipelines.label_requests.deciding import update

        try:
            decision, _ = update(self._log, self._log.store, campaign, over=over)
        except Conflict:
            return []  # the next look finds out what came between
        self._seen[campaign.campaign_id] = moves
        return [] if decision is None else [self._carry_out(campaign, decision)]

    def _carry_out(self, campaign: Campaign, decision: Decision) -> Tended:
        """Point the alias where the verdict says, then end the campaign: also after a kill."""
        project(self._log, self._client, campaign.model)
        reason = f"{decision.decision_id}: {decision.verdict}"
        self._end(campaign, "decided", reason)
        message = f"labels decided on version {campaign.version}: {decision.verdict}"
        return Tended(campaign.version, message, decision.decision_id)

    def _end(self, campaign: Campaign, outcome: Outcome, reason: str) -> list[Tended]:
        try:
            ended = close(self._log, campaign, outcome, reason=reason, actor=ACTOR)
        except Conflict:
            return []  # somebody else has ended it
        self._empty(campaign.model)
        message = f"labels for version {campaign.version} are waited for no more: {reason}"
        return [Tended(campaign.version, message, ended.decision_id)]

    def _empty(self, model: str) -> None:
        """Empty the queue once nothing is waited for, also where a killed steward did not."""
        if model not in self._emptied:
            queue.clear(self._log.store, model)
            self._emptied.add(model)
