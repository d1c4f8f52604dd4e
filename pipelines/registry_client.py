"""MLflow's registry over plain HTTP, without MLflow: light enough for the serving process.

Everything the platform needs from a registry and no more: which versions and aliases there are,
moving an alias, registering and downloading a version. Artifacts travel through the tracking
server's proxy, so a client needs one address and no access to the artifact store.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any
from urllib.parse import quote

import httpx
import orjson

API = "/api/2.0/mlflow"
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
PROXIED = "mlflow-artifacts:/"
OWN_PACKAGE = "artifacts/package"
"""Where a version packaged by us keeps its package, below the logged model's root."""
WRAPPING = "contender/contract.json"
"""Where the gate leaves the contract that it wrote for a version from elsewhere."""
WRAPPED_MODEL = "model"
"""The folder of a wrapped package that holds the foreign files as they were logged."""


Document = dict[str, Any]
"""One JSON answer of the registry, before it becomes one of the classes below."""


class RegistryUnavailable(ConnectionError):
    """The registry does not answer; nothing is known about what it holds."""


class RegistryRefused(RuntimeError):
    """The registry answered, and its answer was no; the message is the registry's."""


class NoSuchVersion(LookupError):
    """The registry holds no such model, version, run or file."""


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
    """Talks to one MLflow tracking server; safe to share between threads, closed once."""

    def __init__(self, base_url: str, timeout_seconds: float = 5.0) -> None:
        self.base_url = base_url.rstrip("/")
        # The registry is a neighbour; a proxy meant for the internet must not stand in between.
        self._http = httpx.Client(
            base_url=self.base_url, timeout=timeout_seconds, trust_env=False, follow_redirects=False
        )

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
        answer = self._get("/model-versions/get", {"name": name, "version": version})
        return _version(answer["model_version"])

    def set_alias(self, name: str, alias: str, version: str) -> None:
        """Point an alias at a version. Raises `NoSuchVersion`."""
        body = {"name": name, "alias": alias, "version": version}
        self._call("POST", f"{API}/registered-models/alias", body)

    def delete_alias(self, name: str, alias: str) -> None:
        """Remove an alias; it is no error when there is none."""
        self._call("DELETE", f"{API}/registered-models/alias", {"name": name, "alias": alias})

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
        answer = self._call("POST", f"{API}/model-versions/create", body)
        return _version(answer["model_version"])

    def download(self, name: str, version: str, directory: Path) -> None:
        """Put a version's package (`contract.json` and its files) into `directory`.

        Raises `NotPackaged` when the version has none. Nothing is verified here: whoever opens
        the package does that.
        """
        root = self.artifact_root(name, version)
        if self._exists(f"{root}/{OWN_PACKAGE}", "contract.json"):
            self._copy(f"{root}/{OWN_PACKAGE}", directory)
        elif self._exists(f"{root}/contender", "contract.json"):
            self.download_files(name, version, directory / WRAPPED_MODEL)
            self._save(f"{root}/{WRAPPING}", directory / "contract.json")
        else:
            raise NotPackaged(f"{name} version {version} carries no contract: it was not packaged")

    def download_files(self, name: str, version: str, directory: Path) -> None:
        """Put a version's files as they were logged into `directory`, our wrapping left out."""
        self._copy(self.artifact_root(name, version), directory, leave_out=WRAPPING)

    def attach_contract(self, name: str, version: str, contract: bytes) -> None:
        """Leave the contract that wraps a foreign version beside its files."""
        path = f"{self.artifact_root(name, version)}/{WRAPPING}"
        self._request("PUT", f"{ARTIFACTS}/{quote(path)}", content=contract)

    def artifact_root(self, name: str, version: str) -> str:
        """Return where the proxy keeps a version's files.

        Raises `RegistryRefused` for files that are not behind the proxy: a source is anybody's
        text, and following it to a local path or another host would be following a stranger.
        """
        query = {"name": name, "version": version}
        uri = str(self._get("/model-versions/get-download-uri", query)["artifact_uri"])
        if not uri.startswith(PROXIED):
            message = f"{name} version {version} lies at {uri}, not behind the registry's proxy"
            raise RegistryRefused(message)
        path = uri.removeprefix(PROXIED).lstrip("/")
        if uri.startswith(PROXIED + "/"):  # mlflow-artifacts://host:port/path
            path = path.partition("/")[2]
        return path

    def _exists(self, folder: str, name: str) -> bool:
        return any(path == name for path, is_folder in self._list(folder) if not is_folder)

    def _copy(self, root: str, directory: Path, leave_out: str | None = None) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        for path in self._walk(root, ""):
            if path != leave_out:
                self._save(f"{root}/{path}", directory / path)

    def _walk(self, root: str, folder: str) -> Iterator[str]:
        for name, is_folder in self._list(f"{root}/{folder}".rstrip("/")):
            path = f"{folder}/{name}" if folder else name
            if is_folder:
                yield from self._walk(root, path)
            else:
                yield path

    def _list(self, folder: str) -> list[tuple[str, bool]]:
        response = self._request("GET", ARTIFACTS, params={"path": folder})
        rows = orjson.loads(response.content).get("files", [])
        found = [(str(row["path"]), bool(row.get("is_dir"))) for row in rows]
        for name, _ in found:
            if PurePosixPath(name).name != name or name in {"..", "."}:
                raise RegistryRefused(f"the registry names a file {name!r} in {folder!r}")
        return sorted(found)

    def _save(self, path: str, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self._http.stream("GET", f"{ARTIFACTS}/{quote(path)}") as response:
                if response.status_code >= 400:
                    response.read()
                    _raise_for(response)
                with target.open("wb") as stream:
                    for chunk in response.iter_bytes():
                        stream.write(chunk)
        except httpx.TransportError as error:
            raise RegistryUnavailable(f"{self.base_url} does not answer: {error}") from error

    def _pages(self, path: str, query: Mapping[str, str]) -> Iterator[Document]:
        token = ""
        while True:
            page = self._get(path, {**query, "page_token": token} if token else query)
            yield page
            token = str(page.get("next_page_token") or "")
            if not token:
                return

    def _get(self, path: str, query: Mapping[str, str]) -> Document:
        return _document(self._request("GET", f"{API}{path}", params=query))

    def _call(self, method: str, path: str, body: object) -> Document:
        return _document(self._request(method, path, content=orjson.dumps(body)))

    def _request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        headers = {"Content-Type": "application/json"} if content is not None else None
        try:
            response = self._http.request(
                method, path, params=params, content=content, headers=headers
            )
        except httpx.TransportError as error:
            raise RegistryUnavailable(f"{self.base_url} does not answer: {error}") from error
        if response.status_code >= 400:
            _raise_for(response)
        return response


def _raise_for(response: httpx.Response) -> None:
    try:
        answer = orjson.loads(response.content)
        code, message = str(answer["error_code"]), str(answer["message"])
    except (ValueError, KeyError, TypeError):
        code, message = "", response.text[:300]
    if code == "RESOURCE_DOES_NOT_EXIST" or response.status_code == 404:
        raise NoSuchVersion(message)
    if response.status_code >= 500:
        raise RegistryUnavailable(f"the registry answered {response.status_code}: {message}")
    raise RegistryRefused(message)


def _document(response: httpx.Response) -> Document:
    try:
        document: Document = orjson.loads(response.content)
    except ValueError as error:
        message = f"{response.url} answered something other than JSON; is that an MLflow server?"
        raise RegistryUnavailable(message) from error
    return document


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
