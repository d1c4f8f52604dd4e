"""MLflow's registry over plain HTTP, without MLflow: light enough for the serving process.

Everything the platform needs from a registry and no more: which versions and aliases there are,
moving an alias, registering and downloading a version. Artifacts travel through the tracking
server's proxy, so a client needs one address and no access to the artifact store.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from pipelines.registry.files import ArtifactProxy, path_of
from pipelines.registry.http import (
    Document,
    Login,
    NoSuchVersion,
    RegistryHttp,
    RegistryRefused,
    RegistryUnavailable,
)

__all__ = [
    "NoSuchVersion",
    "NotPackaged",
    "RegisteredModel",
    "RegistryClient",
    "RegistryRefused",
    "RegistryUnavailable",
    "VersionInfo",
]

API = "/api/2.0/mlflow"
OWN_PACKAGE = "artifacts/package"
"""Where a version packaged by us keeps its package, below the logged model's root."""
WRAPPING = "contender/contract.json"
"""Where the gate leaves the contract that it wrote for a version from elsewhere."""
WRAPPED_MODEL = "model"
"""The folder of a wrapped package that holds the foreign files as they were logged."""


class NotPackaged(LookupError):
    """A version carries no contract: it comes from elsewhere and nobody wrapped it yet."""


@dataclass(frozen=True)
class VersionInfo:
    """One registered version as the registry tells it; `created_ms` is epoch milliseconds."""

    name: str
    version: str
    source: str
    run_id: str
    status: str
    created_ms: int
    tags: Mapping[str, str]


@dataclass(frozen=True)
class RegisteredModel:
    """One registered model: its aliases and the number of its newest version, if it has one."""

    name: str
    aliases: Mapping[str, str]
    newest: str | None


class RegistryClient:
    """Talks to one MLflow tracking server; safe to share between threads, closed once.

    `login` is name and password, where the server wants them.
    """

    def __init__(
        self, base_url: str, timeout_seconds: float = 5.0, login: Login | None = None
    ) -> None:
        self._http = RegistryHttp(base_url, timeout_seconds, login)
        self._files = ArtifactProxy(self._http)

    def __enter__(self) -> RegistryClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def snapshot(self) -> dict[str, RegisteredModel]:
        """Return every registered model with its aliases, in as few calls as there are pages."""
        pages = self._pages("/registered-models/search", {"max_results": "200"})
        found = (_model(row) for page in pages for row in page.get("registered_models", []))
        return {model.name: model for model in found}

    def versions(self, name: str) -> list[VersionInfo]:
        """Return the versions of a model, oldest first; none when the model is unknown."""
        query = {"filter": f"name='{name}'", "max_results": "200"}
        pages = self._pages("/model-versions/search", query)
        found = [_version(row) for page in pages for row in page.get("model_versions", [])]
        return sorted(found, key=lambda info: int(info.version))

    def version(self, name: str, version: str) -> VersionInfo:
        """Return one version. Raises `NoSuchVersion`."""
        answer = self._http.get(f"{API}/model-versions/get", {"name": name, "version": version})
        return _version(answer["model_version"])

    def set_alias(self, name: str, alias: str, version: str) -> None:
        """Point an alias at a version. Raises `NoSuchVersion`."""
        body = {"name": name, "alias": alias, "version": version}
        self._http.call("POST", f"{API}/registered-models/alias", body)

    def delete_alias(self, name: str, alias: str) -> None:
        """Remove an alias; it is no error when there is none."""
        self._http.call("DELETE", f"{API}/registered-models/alias", {"name": name, "alias": alias})

    def create_version(
        self, name: str, *, source: str, run_id: str = "", tags: Mapping[str, str] | None = None
    ) -> VersionInfo:
        """Register files that the registry already stores as a new version of `name`."""
        body = {
            "name": name,
            "source": source,
            "run_id": run_id,
            # MLflow 3 wants the logged model named beside a source that points at one.
            "model_id": source.removeprefix("models:/") if source.startswith("models:/") else "",
            "tags": [{"key": key, "value": value} for key, value in (tags or {}).items()],
        }
        answer = self._http.call("POST", f"{API}/model-versions/create", body)
        return _version(answer["model_version"])

    def delete_version(self, name: str, version: str) -> None:
        """Delete a version; its files stay where they are."""
        self._http.call(
            "DELETE", f"{API}/model-versions/delete", {"name": name, "version": version}
        )

    def create_model(self, name: str) -> None:
        """Register a name without versions; raises `RegistryRefused` when there is one."""
        self._http.call("POST", f"{API}/registered-models/create", {"name": name})

    def is_packaged(self, name: str, version: str) -> bool:
        """Return whether a version was packaged by us, rather than logged elsewhere."""
        root = self.artifact_root(name, version)
        return self._files.holds(f"{root}/{OWN_PACKAGE}", "contract.json")

    def download(self, name: str, version: str, directory: Path) -> None:
        """Put a version's package (`contract.json` and its files) into `directory`.

        Raises `NotPackaged` when the version has none. Nothing is verified here: whoever opens
        the package does that.
        """
        root = self.artifact_root(name, version)
        if self.is_packaged(name, version):
            self._files.copy(f"{root}/{OWN_PACKAGE}", directory)
        elif self._files.holds(f"{root}/contender", "contract.json"):
            self.download_files(name, version, directory / WRAPPED_MODEL)
            self._files.save(f"{root}/{WRAPPING}", directory / "contract.json")
        else:
            raise NotPackaged(f"{name} version {version} carries no contract: it was not packaged")

    def download_contract(self, name: str, version: str, directory: Path) -> None:
        """Put a version's `contract.json` into `directory`, and nothing of what it describes.

        Raises `NotPackaged` when the version has none. Nothing is verified here.
        """
        root = self.artifact_root(name, version)
        for folder in (OWN_PACKAGE, str(Path(WRAPPING).parent)):
            if self._files.holds(f"{root}/{folder}", "contract.json"):
                self._files.save(f"{root}/{folder}/contract.json", directory / "contract.json")
                return
        raise NotPackaged(f"{name} version {version} carries no contract: it was not packaged")

    def download_files(self, name: str, version: str, directory: Path) -> None:
        """Put a version's files as they were logged into `directory`, our wrapping left out."""
        self._files.copy(self.artifact_root(name, version), directory, leave_out=WRAPPING)

    def attach_contract(self, name: str, version: str, contract: bytes) -> None:
        """Leave the contract that wraps a foreign version beside its files."""
        self._files.put(f"{self.artifact_root(name, version)}/{WRAPPING}", contract)

    def artifact_root(self, name: str, version: str) -> str:
        """Return where the proxy keeps a version's files.

        Raises `RegistryRefused` for files that are not behind the proxy: a source is anybody's
        text, and following it to a local path or another host would be following a stranger.
        """
        query = {"name": name, "version": version}
        uri = str(self._http.get(f"{API}/model-versions/get-download-uri", query)["artifact_uri"])
        path = path_of(uri)
        if path is None:
            message = f"{name} version {version} lies at {uri}, not behind the registry's proxy"
            raise RegistryRefused(message)
        return path

    def _pages(self, path: str, query: Mapping[str, str]) -> Iterator[Document]:
        token = ""
        while True:
            asked = {**query, "page_token": token} if token else query
            page = self._http.get(f"{API}{path}", asked)
            yield page
            token = str(page.get("next_page_token") or "")
            if not token:
                return


def _model(row: Document) -> RegisteredModel:
    newest = [int(version["version"]) for version in row.get("latest_versions", [])]
    return RegisteredModel(
        name=str(row["name"]),
        aliases={str(entry["alias"]): str(entry["version"]) for entry in row.get("aliases", [])},
        newest=str(max(newest)) if newest else None,
    )


def _version(row: Document) -> VersionInfo:
    return VersionInfo(
        name=str(row["name"]),
        version=str(row["version"]),
        source=str(row.get("source", "")),
        run_id=str(row.get("run_id", "")),
        status=str(row.get("status", "READY")),
        created_ms=int(row.get("creation_timestamp", 0)),
        tags={str(tag["key"]): str(tag["value"]) for tag in row.get("tags", [])},
    )
