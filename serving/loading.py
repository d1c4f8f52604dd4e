"""From a decision to a live model: admitted by the log, fetched, verified, warmed up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pipelines.decisions.log import Champion, Decision
from pipelines.versions.artifact import ArtifactRefused
from serving.answers import ServedModel
from serving.cache import PackageCache
from serving.live import LiveModel, load


class Admissions(Protocol):
    """What loading asks of the decision log."""

    def admitted(self, model: str, version: str) -> str | None:
        """Return the digest under which a version was admitted last."""
        ...

    def list(self, model: str | None = None, limit: int | None = None) -> Sequence[Decision]:
        """Return decisions."""
        ...


class ChampionLoader:
    """Loads the champion that a recorded decision names, and nothing else."""

    def __init__(self, cache: PackageCache, admissions: Admissions, *, text_limit: int) -> None:
        self._cache = cache
        self._admissions = admissions
        self._text_limit = text_limit

    def __call__(self, champion: Champion) -> LiveModel:
        """Return the champion, warmed up. Raises `ArtifactRefused` or what the registry raises."""
        self._require_admitted(champion)
        model, digest = champion.model, champion.artifact_digest
        package = self._cache.fetch(model, champion.version, digest)
        if package.contract.family != model:
            raise ArtifactRefused(f"a package of {package.contract.family} cannot serve {model}")
        loaded = load(package, text_limit=self._text_limit)
        self._cache.prune(model, in_use=digest)
        served = ServedModel(
            model, champion.version, champion.decision_id, champion.generation, digest
        )
        return LiveModel(served, loaded)

    def _require_admitted(self, champion: Champion) -> None:
        model, version, digest = champion.model, champion.version, champion.artifact_digest
        if self._admissions.admitted(model, version) == digest:
            return
        # Admitted again under another digest since: what was admitted before still counts.
        if not any(
            decision.kind == "admitted"
            and (decision.version, decision.artifact_digest) == (version, digest)
            for decision in self._admissions.list(model)
        ):
            message = f"{model} version {version} was never admitted with digest {digest}"
            raise ArtifactRefused(message)
