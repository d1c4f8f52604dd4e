"""From a decision to a live model: admitted by the log, fetched, verified, warmed up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from pipelines.decisions.log import Champion, Decision, UnknownDecision
from pipelines.decisions.seal import broken
from pipelines.rollouts.plan import Rollout
from pipelines.versions.artifact import ArtifactRefused
from serving.live.answers import ServedModel
from serving.live.batching import QueueLimits, Unwatched, Watch
from serving.live.loaded import LiveModel, load
from serving.remote.versions import RemoteVersions
from serving.slots.cache import PackageCache


class Decisions(Protocol):
    """What loading asks of the decision log."""

    def get(self, decision_id: str) -> Decision:
        """Return one decision. Raises `UnknownDecision`."""
        ...

    def list(self, model: str | None = None, limit: int | None = None) -> Sequence[Decision]:
        """Return decisions."""
        ...


class ChampionLoader:
    """Loads the versions that recorded decisions name, and nothing else."""

    def __init__(
        self,
        cache: PackageCache,
        decisions: Decisions,
        *,
        text_limit: int,
        limits: QueueLimits | None = None,
        watch: Callable[[str, str], Watch] = lambda _model, _version: Unwatched(),
        remote: RemoteVersions | None = None,
    ) -> None:
        self._cache = cache
        self._decisions = decisions
        self._text_limit = text_limit
        self._limits = limits or QueueLimits()
        self._watch = watch
        self._remote = remote

    def __call__(self, champion: Champion) -> LiveModel:
        """Return the champion, warmed up. Raises `ArtifactRefused` or what the registry raises."""
        live = self._load(champion, self._limits)
        if not live.loaded.remote:
            self._cache.prune(champion.model, in_use=champion.artifact_digest)
        return live

    def challenger(self, rollout: Rollout) -> LiveModel:
        """Return a rollout's challenger, warmed up, under the decision that started the rollout.

        It is of its champion's generation, so a client that asks for one or later is answered by
        both. It has half of the time for an answer, so that the champion can still answer in its
        place. Raises `ArtifactRefused` or what the registry raises.
        """
        half = replace(self._limits, deadline_seconds=self._limits.deadline_seconds / 2)
        # Nothing is pruned: the champion's package has to be there at the next start.
        return self._load(
            Champion(
                model=rollout.model,
                version=rollout.challenger,
                generation=rollout.generation,
                decision_id=rollout.rollout_id,
                artifact_digest=rollout.challenger_digest,
                rollback_to=None,
            ),
            half,
        )

    def _load(self, decided: Champion, limits: QueueLimits) -> LiveModel:
        self._require_recorded(decided)
        self._require_admitted(decided)
        model, digest = decided.model, decided.artifact_digest
        remote = self._remote if self._remote and model in self._remote.models else None
        fetch = self._cache.contract if remote else self._cache.fetch
        package = fetch(model, decided.version, digest)
        if package.contract.family != model:
            raise ArtifactRefused(f"a package of {package.contract.family} cannot serve {model}")
        served = ServedModel(
            model, decided.version, decided.decision_id, decided.generation, digest
        )
        watch = self._watch(model, decided.version)
        if remote:
            return remote.open(package, served, limits, watch)
        # Whoever asked has been told that it took too long when the worker is given up.
        loaded = load(package, text_limit=self._text_limit, call_seconds=limits.deadline_seconds)
        return LiveModel(served, loaded, limits=limits, watch=watch)

    def _require_recorded(self, decided: Champion) -> None:
        """Raise `ArtifactRefused` unless the log says so itself, in an entry that is whole.

        Whoever told of the decision is not asked: neither an event, nor an alias, nor a row that
        was changed after it was written, nor the entry of another version.
        """
        try:
            decision = self._decisions.get(decided.decision_id)
        except UnknownDecision as error:
            raise ArtifactRefused(f"{decided.model} version {decided.version}: {error}") from error
        if changed := broken(decision):
            parts = ", ".join(changed)
            raise ArtifactRefused(f"decision {decision.decision_id} was changed later: {parts}")
        said = decided.model, decided.version, decided.artifact_digest
        if (decision.model, decision.version, decision.artifact_digest) != said:
            message = f"decision {decision.decision_id} is not about {decided.model} version"
            raise ArtifactRefused(f"{message} {decided.version} with digest {said[2]}")

    def _require_admitted(self, champion: Champion) -> None:
        model, version, digest = champion.model, champion.version, champion.artifact_digest
        # Admitted again under another digest since: what was admitted before still counts.
        if not any(
            decision.kind == "admitted"
            and (decision.version, decision.artifact_digest) == (version, digest)
            and not broken(decision)
            for decision in self._decisions.list(model)
        ):
            message = f"{model} version {version} was never admitted with digest {digest}"
            raise ArtifactRefused(message)
