"""A deleted champion comes back: registered again from its files, under a new version number.

Deleting a version in MLflow deletes a row and an alias, not the files. Where even the files are
gone, the last champion that still is there takes over, by a recorded rollback.
"""

from __future__ import annotations

from collections.abc import Mapping

from features.scratch import scratch_folder
from pipelines.decisions.log import Champion, Decision, DecisionLog, NewDecision
from pipelines.registry.aliases import rollback
from pipelines.registry.client import (
    NoSuchVersion,
    NotPackaged,
    RegistryClient,
    RegistryRefused,
    VersionInfo,
)
from pipelines.versions.artifact import ArtifactRefused, open_package

ACTOR = "reconciler"
GONE = (NoSuchVersion, NotPackaged, RegistryRefused, ArtifactRefused)


class CannotRestore(LookupError):
    """Neither the champion nor any champion before it is left in the registry."""


def restore(log: DecisionLog, client: RegistryClient, head: Champion) -> Decision:
    """Bring a deleted champion back, or fall back to an earlier one. Raises `CannotRestore`."""
    if head.model not in client.snapshot():
        client.create_model(head.model)
    try:
        info = _registered_again(log, client, head)
    except GONE as error:
        return _fall_back(log, client, head, str(error))
    admitted = {"origin": "restored", "source": info.source, "run_id": info.run_id}
    log.append(
        NewDecision(
            kind="admitted",
            model=head.model,
            version=info.version,
            record=_admission(log, head.model, head.version) | admitted,
            artifact_digest=head.artifact_digest,
        )
    )
    return log.append(
        NewDecision(
            kind="restored",
            model=head.model,
            version=info.version,
            artifact_digest=head.artifact_digest,
            record={
                "actor": ACTOR,
                "reason": f"version {head.version} was champion and is not in the registry",
                "from": head.version,
                "to": info.version,
            },
            expected_generation=head.generation,
            becomes_champion=True,
            rollback_to=head.rollback_to,
        )
    )


def exists(client: RegistryClient, model: str, version: str) -> bool:
    """Return whether the registry still holds a version."""
    try:
        client.version(model, version)
    except NoSuchVersion:
        return False
    return True


def _registered_again(log: DecisionLog, client: RegistryClient, head: Champion) -> VersionInfo:
    """Register the champion's files once more and check that they are still the same bytes."""
    admission = _admission(log, head.model, head.version)
    source, run_id = str(admission.get("source", "")), str(admission.get("run_id", ""))
    if not source:
        raise NoSuchVersion(f"nobody recorded where version {head.version} came from")
    info = _leftover(log, client, head, source)
    if info is None:
        info = client.create_version(head.model, source=source, run_id=run_id)
    try:
        with scratch_folder("restoration") as folder:
            client.download(head.model, info.version, folder)
            open_package(folder, expected_digest=head.artifact_digest)
    except GONE:
        client.delete_version(head.model, info.version)  # a version without files helps nobody
        raise
    return info


def _leftover(
    log: DecisionLog, client: RegistryClient, head: Champion, source: str
) -> VersionInfo | None:
    """Return what a restoration that was killed has registered already."""
    for info in client.versions(head.model):
        if info.source == source and log.admitted(head.model, info.version) is None:
            return info
    return None


def _fall_back(log: DecisionLog, client: RegistryClient, head: Champion, why: str) -> Decision:
    for decision in log.list(head.model):
        version = decision.version
        if decision.generation is None or version is None or version == head.version:
            continue
        if exists(client, head.model, version):
            reason = f"version {head.version} was champion and cannot be restored: {why}"
            return rollback(log, client, head.model, actor=ACTOR, reason=reason, to=version)
    raise CannotRestore(f"{head.model} version {head.version}: {why}; no earlier champion is left")


def _admission(log: DecisionLog, model: str, version: str) -> dict[str, object]:
    for decision in log.list(model):
        if decision.kind == "admitted" and decision.version == version:
            record: Mapping[str, object] = decision.record
            kept = ("source", "run_id", "created_ms", "form", "runtime", "params", "fingerprints")
            return {name: record[name] for name in kept if name in record}
    return {}
