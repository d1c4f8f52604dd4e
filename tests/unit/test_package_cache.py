"""The local cache: whole or not there, verified at each use, downloaded again when damaged."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from serving_stage import MODEL, FakeRegistry, write_package

from pipelines.registry.client import RegistryUnavailable
from pipelines.versions.artifact import ArtifactRefused
from serving.slots.cache import PackageCache


@pytest.fixture
def registry(tmp_path: Path) -> FakeRegistry:
    return FakeRegistry(tmp_path / "registry")


@pytest.fixture
def cache(tmp_path: Path, registry: FakeRegistry) -> PackageCache:
    return PackageCache(tmp_path / "cache", registry)


@pytest.fixture
def digest(registry: FakeRegistry) -> str:
    return write_package(registry.folder / MODEL / "1", "uno").digest


def test_a_package_is_downloaded_once_and_then_found_without_the_registry(cache, registry, digest):
    first = cache.fetch(MODEL, "1", digest)
    registry.away = True

    assert cache.fetch(MODEL, "1", digest) == first
    assert first.directory.name == digest
    assert registry.downloads == 1


@pytest.mark.parametrize("file", ["contract.json", "compiled/weights.npz"])
def test_a_damaged_file_is_noticed_and_downloaded_again(cache, registry, digest, file):
    damaged = cache.fetch(MODEL, "1", digest).directory / file
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)

    package = cache.fetch(MODEL, "1", digest)

    assert registry.downloads == 2
    assert package.digest == digest
    assert list(package.directory.parent.iterdir()) == [package.directory]


def test_a_missing_or_added_file_is_noticed(cache, registry, digest):
    folder = cache.fetch(MODEL, "1", digest).directory
    (folder / "compiled" / "weights.npz").unlink()
    cache.fetch(MODEL, "1", digest)
    (folder / "sitecustomize.py").write_text("print('mine')")
    cache.fetch(MODEL, "1", digest)

    assert registry.downloads == 3
    assert not (folder / "sitecustomize.py").exists()


def test_the_plain_form_beside_a_compiled_one_has_to_be_there_and_is_not_read(cache, registry):
    plain = registry.folder / MODEL / "1" / "plain" / "model.bin"
    plain.parent.mkdir(parents=True)
    plain.write_bytes(b"much")
    digest = write_package(registry.folder / MODEL / "1", "uno").digest
    kept = cache.fetch(MODEL, "1", digest).directory / "plain" / "model.bin"

    kept.write_bytes(b"else")
    cache.fetch(MODEL, "1", digest)
    assert registry.downloads == 1

    kept.unlink()
    cache.fetch(MODEL, "1", digest)
    assert registry.downloads == 2


def test_the_plain_form_of_a_version_that_answers_from_it_is_read(cache, registry):
    plain = registry.folder / MODEL / "1" / "plain" / "model.bin"
    plain.parent.mkdir(parents=True)
    plain.write_bytes(b"much")
    package = write_package(registry.folder / MODEL / "1", "uno", form="flavour", runtime="flavour")
    kept = cache.fetch(MODEL, "1", package.digest).directory / "plain" / "model.bin"

    kept.write_bytes(b"else")
    cache.fetch(MODEL, "1", package.digest)

    assert registry.downloads == 2
    assert kept.read_bytes() == b"much"


def test_a_damaged_cache_is_not_used_while_the_registry_is_away(cache, registry, digest):
    (cache.fetch(MODEL, "1", digest).directory / "contract.json").write_text("{}")
    registry.away = True

    with pytest.raises(RegistryUnavailable):
        cache.fetch(MODEL, "1", digest)


def test_a_download_that_is_not_what_was_admitted_is_refused_and_leaves_nothing(
    cache, registry, digest, tmp_path
):
    registry.spoil = lambda directory: (directory / "compiled" / "weights.npz").unlink()

    with pytest.raises(ArtifactRefused, match=r"weights\.npz"):
        cache.fetch(MODEL, "1", digest)

    assert list((tmp_path / "cache" / MODEL).iterdir()) == []


def test_another_worker_that_was_faster_is_no_error(cache, registry, digest, tmp_path):
    twin = PackageCache(tmp_path / "cache", FakeRegistry(registry.folder))
    registry.spoil = lambda _directory: twin.fetch(MODEL, "1", digest)

    assert cache.fetch(MODEL, "1", digest).digest == digest


def test_pruning_keeps_the_package_in_use_and_the_last_used(cache, registry):
    digests = []
    for number in range(8):
        version = str(number)
        package = write_package(registry.folder / MODEL / version, f"tema {number}")
        digests.append(package.digest)
        used = cache.fetch(MODEL, version, package.digest).directory
        os.utime(used, (number, number))

    cache.prune(MODEL, in_use=digests[0])

    left = {path.name for path in used.parent.iterdir()}
    assert left == {digests[0], *digests[-3:]}
