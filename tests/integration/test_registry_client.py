"""The registry over plain HTTP, against a real tracking server."""

from __future__ import annotations

from pathlib import Path

import pytest
from foreign_models import log_pyfunc
from mlflow_server import MlflowServer

from pipelines.registry.client import (
    NoSuchVersion,
    NotPackaged,
    RegistryClient,
    RegistryRefused,
    RegistryUnavailable,
)

pytestmark = pytest.mark.slow


@pytest.fixture
def version(mlflow_server: MlflowServer, tmp_path: Path) -> str:
    return log_pyfunc(mlflow_server.url, tmp_path)


def test_snapshot_follows_aliases(registry_client: RegistryClient, version: str) -> None:
    assert registry_client.snapshot()["stub"].aliases == {}
    registry_client.set_alias("stub", "champion", version)
    assert registry_client.snapshot()["stub"].aliases == {"champion": version}
    registry_client.delete_alias("stub", "champion")
    registry_client.delete_alias("stub", "champion")
    assert registry_client.snapshot()["stub"].aliases == {}
    assert registry_client.snapshot()["stub"].newest == version


def test_versions_come_oldest_first(
    registry_client: RegistryClient, version: str, mlflow_server: MlflowServer, tmp_path: Path
) -> None:
    second = log_pyfunc(mlflow_server.url, tmp_path)
    assert [info.version for info in registry_client.versions("stub")] == [version, second]
    assert registry_client.versions("unheard_of") == []


def test_what_is_not_there_is_said_to_be_missing(
    registry_client: RegistryClient, version: str, tmp_path: Path
) -> None:
    with pytest.raises(NoSuchVersion):
        registry_client.version("stub", "99")
    with pytest.raises(NoSuchVersion):
        registry_client.set_alias("stub", "champion", "99")
    with pytest.raises(RegistryRefused, match="must be an integer"):
        registry_client.version("stub", "abc")
    with pytest.raises(NotPackaged, match="carries no contract"):
        registry_client.download("stub", version, tmp_path / "package")


def test_attached_contract_makes_a_foreign_version_a_package(
    registry_client: RegistryClient, version: str, tmp_path: Path
) -> None:
    registry_client.attach_contract("stub", version, b"{}")
    registry_client.download("stub", version, tmp_path / "package")
    assert (tmp_path / "package" / "contract.json").read_bytes() == b"{}"
    assert (tmp_path / "package" / "model" / "MLmodel").is_file()
    registry_client.download_files("stub", version, tmp_path / "files")
    names = {path.name for path in (tmp_path / "files").rglob("*")}
    assert "MLmodel" in names
    assert "contract.json" not in names


def test_registry_that_is_away_is_said_to_be_away() -> None:
    with (
        RegistryClient("http://127.0.0.1:9", timeout_seconds=1) as client,
        pytest.raises(RegistryUnavailable, match=r"127\.0\.0\.1:9 does not answer"),
    ):
        client.snapshot()
