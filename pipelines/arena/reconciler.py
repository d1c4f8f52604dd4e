"""The reconciler: what somebody did to the registry by hand is noticed, settled and recorded.

It carries out decisions whose process died before the alias was set, undoes or adopts aliases
moved by hand, brings deleted champions back, and has new versions from elsewhere judged.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pipelines.arena.restoration import exists, restore
from pipelines.arena.served import record_served
from pipelines.decisions.log import Champion, Decision, DecisionLog, NewDecision
from pipelines.gate.verdict import PROMOTING, UNKNOWN, Trigger
from pipelines.label_requests.steward import Tended
from pipelines.registry.aliases import CHAMPION, aliased, is_projected, project
from pipelines.registry.client import (
    RegisteredModel,
    RegistryClient,
    RegistryRefused,
    VersionInfo,
)

EditPolicy = Literal["judge", "revert"]
Judge = Callable[[str, str, Trigger], Decision]
"""Judges a version of a model; `pipelines.arena.gate.Gate.judge` does."""
OPEN = frozenset({"admitted", "foreign_edit", "rollout_started", "rollout_ended"})
"""Kinds of decision after which a version may still have to be judged."""
SETTLED_ORIGINS = frozenset({"contender", "restored"})
GRACE_SECONDS = 600.0
"""A package of ours that nobody admitted is left to the training that registered it so long."""


@dataclass(frozen=True)
class Finding:
    """One thing that was found and what was done about it."""

    model: str
    kind: Literal["projected", "alias_edit", "restored", "new_version", "labels"]
    version: str | None
    message: str
    decision_id: str | None = None


class Reconciler:
    """Looks at some models again and again; keeps nothing that a new one would not find out."""

    def __init__(
        self,
        log: DecisionLog,
        client: RegistryClient,
        judge: Judge,
        policies: dict[str, EditPolicy],
        *,
        labels: Callable[[str], list[Tended]] | None = None,
        grace_seconds: float = GRACE_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._log = log
        self._client = client
        self._judge = judge
        self._policies = policies
        self._labels = labels
        self._grace_seconds = grace_seconds
        self._clock = clock
        self._projected: dict[str, str] = {}
        self._served: dict[str, str] = {}
        self._settled: dict[str, str] = {}

    def look(self) -> list[Finding]:
        """Look once at every model. Raises `RegistryUnavailable` when the registry is away."""
        return [finding for model in sorted(self._policies) for finding in self.look_at(model)]

    def look_at(self, model: str) -> list[Finding]:
        """Look once at one model."""
        # The order matters: a promotion appends, then sets the alias, then records the effect.
        # An alias that differs from a champion whose effect was recorded before the alias was
        # read, and who still is champion afterwards, was moved by somebody else.
        head = self._log.head(model)
        projected = head is None or self._is_projected(head)
        found = self._client.snapshot().get(model)
        if head != self._log.head(model):
            return []
        findings = self._settle_alias(model, head, found, projected=projected)
        return findings + self._judge_new(model, found) + self._tend_labels(model)

    def _settle_alias(
        self,
        model: str,
        head: Champion | None,
        found: RegisteredModel | None,
        *,
        projected: bool,
    ) -> list[Finding]:
        version = aliased(found)
        if head is None:
            return [] if version is None else [self._usurped(model, version)]
        if version == head.version:
            if not projected:
                project(self._log, self._client, model)
            self._record_served(head)
            return []
        if not exists(self._client, model, head.version):
            return [self._restored(head)]
        if not projected:
            project(self._log, self._client, model)
            message = f"champion is version {head.version}, as decided"
            return [Finding(model, "projected", head.version, message, head.decision_id)]
        return [self._edited(head, version)]

    def _edited(self, head: Champion, version: str | None) -> Finding:
        """Put the champion back first: while a version is judged, nothing else may serve."""
        action = self._policies[head.model] if version is not None else "revert"
        # Recorded before it is undone: killed in between, the next look finds the edit again.
        self._record_edit(head.model, version, head.version, action)
        self._client.set_alias(head.model, CHAMPION, head.version)
        where = f"to version {version}" if version else "away"
        message = f"the alias was moved {where} by hand; version {head.version} is champion again"
        if version is None or action == "revert":
            return Finding(head.model, "alias_edit", version, message)
        return self._ask(head.model, version, "alias_edit", message)

    def _usurped(self, model: str, version: str) -> Finding:
        """Somebody named the first champion by hand."""
        action = self._policies[model]
        self._record_edit(model, version, None, action)
        self._client.delete_alias(model, CHAMPION)
        message = f"version {version} was made champion by hand"
        if action == "revert":
            return Finding(model, "alias_edit", version, message)
        return self._ask(model, version, "alias_edit", message)

    def _restored(self, head: Champion) -> Finding:
        decision = restore(self._log, self._client, head)
        project(self._log, self._client, head.model)
        message = f"version {head.version} was deleted; version {decision.version} is champion"
        return Finding(head.model, "restored", decision.version, message, decision.decision_id)

    def _judge_new(self, model: str, found: RegisteredModel | None) -> list[Finding]:
        if found is None or found.newest is None or self._settled.get(model) == found.newest:
            return []
        known = self._known_versions(model)
        fresh = [info for info in self._client.versions(model) if info.version not in known]
        ripe = [info for info in fresh if self._is_ripe(info)]
        findings = [
            self._ask(model, info.version, "new_version", f"version {info.version} is new")
            for info in ripe
        ]
        if len(ripe) == len(fresh):
            self._settled[model] = found.newest
        return findings

    def _tend_labels(self, model: str) -> list[Finding]:
        """Ask for the labels that an undecided verdict lacks, and carry out what they decide."""
        tended = [] if self._labels is None else self._labels(model)
        return [Finding(model, "labels", e.version, e.message, e.decision_id) for e in tended]

    def _known_versions(self, model: str) -> set[str | None]:
        """Return the versions that were judged, or are ours and wait for their own run."""
        return {
            decision.version
            for decision in self._log.list(model)
            if decision.kind not in OPEN or decision.record.get("origin") in SETTLED_ORIGINS
        }

    def _is_ripe(self, info: VersionInfo) -> bool:
        if info.status != "READY":
            return False
        if self._clock() - info.created_ms / 1000 >= self._grace_seconds:
            return True
        try:
            return not self._client.is_packaged(info.name, info.version)
        except RegistryRefused:
            return True  # it lies where we do not go; the gate says so

    def _ask(
        self, model: str, version: str, kind: Literal["alias_edit", "new_version"], message: str
    ) -> Finding:
        trigger = Trigger("alias_edit" if kind == "alias_edit" else "foreign", UNKNOWN, message)
        decision = self._judge(model, version, trigger)
        head = self._log.head(model)
        if head is not None and head.version == version:
            outcome = "adopted by the gate"
        elif decision.verdict in PROMOTING:
            # The recorded decision on this pair stands, and so does the rollback after it.
            outcome = f"not adopted: {decision.decision_id} promoted it, and was rolled back since"
        else:
            outcome = f"not adopted: {decision.verdict}"
        return Finding(model, kind, version, f"{message}; {outcome}", decision.decision_id)

    def _record_edit(
        self, model: str, version: str | None, champion: str | None, action: str
    ) -> None:
        record = {"actor": UNKNOWN, "found": version, "champion": champion, "action": action}
        self._log.append(
            NewDecision(kind="foreign_edit", model=model, version=version, record=record)
        )

    def _record_served(self, head: Champion) -> None:
        known = self._served.get(head.model) == head.decision_id
        if not known and record_served(self._log, head):
            self._served[head.model] = head.decision_id

    def _is_projected(self, head: Champion) -> bool:
        if self._projected.get(head.model) == head.decision_id:
            return True
        if is_projected(self._log, head):
            self._projected[head.model] = head.decision_id
            return True
        return False
