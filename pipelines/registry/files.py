"""Files behind the tracking server's artifact proxy: list, copy, put."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import quote

import orjson

from pipelines.registry.http import RegistryHttp, RegistryRefused

ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
SCHEME = "mlflow-artifacts:/"


class ArtifactProxy:
    """Reads and writes by paths as the proxy knows them."""

    def __init__(self, http: RegistryHttp) -> None:
        self._http = http

    def holds(self, folder: str, name: str) -> bool:
        """Return whether a folder holds a file of that name."""
        return any(path == name for path, is_folder in self._list(folder) if not is_folder)

    def copy(self, root: str, directory: Path, *, leave_out: str | None = None) -> None:
        """Copy everything below `root` into `directory`, but the one path to leave out."""
        directory.mkdir(parents=True, exist_ok=True)
        for path in self._walk(root, ""):
            if path != leave_out:
                self.save(f"{root}/{path}", directory / path)

    def save(self, path: str, target: Path) -> None:
        """Copy one file."""
        self._http.save(f"{ARTIFACTS}/{quote(path)}", target)

    def put(self, path: str, content: bytes) -> None:
        """Write one file."""
        self._http.request("PUT", f"{ARTIFACTS}/{quote(path)}", content=content)

    def _walk(self, root: str, folder: str) -> Iterator[str]:
        for name, is_folder in self._list(f"{root}/{folder}".rstrip("/")):
            path = f"{folder}/{name}" if folder else name
            if is_folder:
                yield from self._walk(root, path)
            else:
                yield path

    def _list(self, folder: str) -> list[tuple[str, bool]]:
        response = self._http.request("GET", ARTIFACTS, params={"path": folder})
        rows = orjson.loads(response.content).get("files", [])
        found = [(str(row["path"]), bool(row.get("is_dir"))) for row in rows]
        for name, _ in found:
            if PurePosixPath(name).name != name or name in {"..", "."}:
                raise RegistryRefused(f"the registry names a file {name!r} in {folder!r}")
        return sorted(found)


def path_of(uri: str) -> str | None:
    """Return the proxy's path of an artifact address, or None where it lies elsewhere."""
    if not uri.startswith(SCHEME):
        return None
    path = uri.removeprefix(SCHEME)
    if path.startswith("/"):  # mlflow-artifacts://host:port/path
        return path.lstrip("/").partition("/")[2]
    return path
