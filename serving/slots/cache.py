"""Verified packages on local disk, so that a restart needs no registry.

A folder `<model>/<digest>` appears whole or not at all. What is answered from is verified byte by
byte each time it is used: what the disk did to it since is found out, and it is downloaded again.
"""

from __future__ import annotations

import logging
import os
import shutil
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from features.scratch import PREFIX as SCRATCH
from features.scratch import scratch_folder
from pipelines.versions.artifact import (
    CONTRACT_FILE,
    ArtifactRefused,
    Package,
    open_contract,
    open_package,
)

CONTRACTS = ".contracts"
KEPT = 4
"""Packages kept of one model: the live one, the one to roll back to, and a little history."""

logger = logging.getLogger(__name__)


class Source(Protocol):
    """Where packages come from; `pipelines.registry.client.RegistryClient` is one."""

    def download(self, name: str, version: str, directory: Path) -> None:
        """Put the package of one version into `directory`."""
        ...

    def download_contract(self, name: str, version: str, directory: Path) -> None:
        """Put the contract of one version into `directory`, and nothing else."""
        ...


class PackageCache:
    """The packages below one folder, shared by the workers of one host."""

    def __init__(self, directory: Path, source: Source) -> None:
        self._directory = directory
        self._source = source

    def fetch(self, model: str, version: str, digest: str) -> Package:
        """Return a verified package, downloading it where it is missing or damaged.

        Raises `ArtifactRefused` when the download is not what `digest` names, and whatever the
        source raises when it cannot be reached.
        """
        target = self._directory / model / digest
        if target.is_dir():
            try:
                package = open_package(target, expected_digest=digest, compiled_only=True)
            except ArtifactRefused as error:
                logger.warning("the cache is damaged and is downloaded again: %s", error)
            else:
                os.utime(target)
                return package
        with _incoming(target.parent) as incoming:
            self._source.download(model, version, incoming)
            package = open_package(incoming, expected_digest=digest)
            _move(incoming, target, digest)
        return replace(package, directory=target)

    def contract(self, model: str, version: str, digest: str) -> Package:
        """Return a package of which only the contract is here, verified; the rest stays away.

        For whoever lets others answer. Raises what `fetch` raises.
        """
        target = self._directory / CONTRACTS / model / digest
        for folder in (self._directory / model / digest, target):
            with suppress(ArtifactRefused):
                return open_contract(folder, expected_digest=digest)
        with _incoming(target.parent) as incoming:
            self._source.download_contract(model, version, incoming)
            package = open_contract(incoming, expected_digest=digest)
            target.mkdir(exist_ok=True)
            (incoming / CONTRACT_FILE).replace(target / CONTRACT_FILE)
        return replace(package, directory=target)

    def prune(self, model: str, in_use: str) -> None:
        """Delete all but the packages used last; never `in_use`."""
        folder = self._directory / model
        packages = [
            path
            for path in folder.iterdir()
            if path.is_dir() and path.name != in_use and not path.name.startswith(SCRATCH)
        ]
        packages.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        for path in packages[KEPT - 1 :]:
            shutil.rmtree(path, ignore_errors=True)


def _incoming(folder: Path) -> AbstractContextManager[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    return scratch_folder("incoming", folder)


def _move(incoming: Path, target: Path, digest: str) -> None:
    if target.exists():
        try:
            open_package(target, expected_digest=digest)
        except ArtifactRefused:
            # Moved aside first: a reader sees the damaged folder or the new one, never a mixture.
            target.rename(incoming.parent / f"{incoming.name}-damaged")
            shutil.rmtree(incoming.parent / f"{incoming.name}-damaged", ignore_errors=True)
        else:
            return  # another worker was faster
    try:
        incoming.rename(target)
    except OSError:
        # Another worker moved its own copy there in this very moment; it has to be as good.
        open_package(target, expected_digest=digest)
