"""Admission: the digest under which a version may be loaded goes into the decision log.

Only admitted artifacts are ever loaded. Our own versions are admitted when they are registered;
one that nobody admitted (from elsewhere, or ours after a kill) when the gate first meets it.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.contract import ModelFamily
from pipelines.decisions.log import Decision, DecisionLog, NewDecision
from pipelines.registry.client import WRAPPED_MODEL, RegistryClient, VersionInfo
from pipelines.versions.artifact import CONTRACT_FILE, ArtifactRefused, Package, open_package
from pipelines.versions.wrapping import wrap


def admitted_package(
    log: DecisionLog, client: RegistryClient, family: ModelFamily, version: str, directory: Path
) -> Package:
    """Put a version's package into an empty `directory`, admitting it if nobody did.

    Raises `ArtifactRefused` when its bytes are not those that were admitted, `ContractMismatch`
    when a version from elsewhere does not fit, and what the registry raises.
    """
    digest = log.admitted(family.name, version)
    if digest is not None:
        client.download(family.name, version, directory)
        return open_package(directory, expected_digest=digest)
    info = client.version(family.name, version)
    own = client.is_packaged(family.name, version)
    package = (
        _own(client, family, info, directory) if own else _foreign(client, family, info, directory)
    )
    admit(log, info, package)
    return package


def admit(log: DecisionLog, info: VersionInfo, package: Package) -> Decision:
    """Record that this package is what the version is from now on."""
    contract = package.contract
    record = {
        "origin": contract.origin,
        "source": info.source,
        "run_id": info.run_id,
        "created_ms": info.created_ms,
        "form": contract.form,
        "runtime": contract.runtime,
        "params": contract.params,
        "fingerprints": contract.fingerprints,
        "code": contract.code,
    }
    return log.append(
        NewDecision(
            kind="admitted",
            model=info.name,
            version=info.version,
            record=record,
            artifact_digest=package.digest,
            test_set_id=contract.fingerprints.get("test_set_id"),
        )
    )


def _own(
    client: RegistryClient, family: ModelFamily, info: VersionInfo, directory: Path
) -> Package:
    client.download(info.name, info.version, directory)
    package = open_package(directory)
    contract = package.contract
    if contract.family != family.name or contract.origin != "contender":
        message = f"version {info.version} is a package of {contract.family!r} ({contract.origin})"
        raise ArtifactRefused(f"{message}, registered as {family.name!r}")
    return package


def _foreign(
    client: RegistryClient, family: ModelFamily, info: VersionInfo, directory: Path
) -> Package:
    client.download_files(info.name, info.version, directory / WRAPPED_MODEL)
    package = wrap(directory, family, info)
    contract = (package.directory / CONTRACT_FILE).read_bytes()
    client.attach_contract(info.name, info.version, contract)
    return package
