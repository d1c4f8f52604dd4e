"""`contract.json`: what a packaged version says about itself, and the check that it is true.

Light on purpose: the server reads packages with this module and imports no MLflow and no
learning library. `pipelines.versions.packaging` is the writing side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import orjson
from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipelines.contract import Runtime

CONTRACT_FILE = "contract.json"
CONTRACT_VERSION = 1
RUNTIME_GROUP = "contender.runtimes"
FLAVOUR = "flavour"
PLAIN_FORM = "plain/"
"""Where a package of ours has its plain form."""


class ArtifactRefused(ValueError):
    """A package is damaged, tampered with, or speaks a contract this code does not know."""


class Agreement(BaseModel):
    """How far the compiled form was from the plain one.

    On the test set and the golden rows (`requests`), and on requests that nobody foresaw.
    """

    model_config = ConfigDict(frozen=True)
    accepted: bool
    requests: int
    odd_requests: int = 0
    """Accents apart, one-letter words, very long texts and the like (`pipelines.versions`)."""
    largest_difference: float
    absolute_tolerance: float
    relative_tolerance: float
    reason: str = ""


class Contract(BaseModel):
    """The content of `contract.json`; unknown facts of a foreign version are the word `unknown`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    contract_version: int = CONTRACT_VERSION
    family: str
    origin: Literal["contender", "foreign"]
    runtime: str
    """Entry point of group `contender.runtimes`, or `flavour` for the MLflow worker process."""
    form: Literal["compiled", "flavour"]
    many: bool
    target: str
    entity: str | None = None
    """The request column that says on whose behalf is asked; a rollout keeps to one version for
    each. Packages from before it was written down have none."""
    request_schema: dict[str, object]
    response_schema: dict[str, object]
    latency_budget_ms: float
    golden: tuple[dict[str, object], ...]
    params: dict[str, object]
    fingerprints: dict[str, str]
    """source, train, test_set: sha256 of canonical bytes."""
    training_window: dict[str, str]
    code: dict[str, str]
    """git_commit, dirty, constraints_sha256."""
    libraries: dict[str, str]
    agreement: Agreement | None
    values: dict[str, float]
    """Figures on the test set at packaging time, for display; the gate computes its own."""
    created_at: str
    files: dict[str, str]
    """Every other file of the package, relative path to sha256."""


@dataclass(frozen=True)
class Package:
    """A verified package on disk. `digest` is the sha256 of its `contract.json`."""

    directory: Path
    contract: Contract
    digest: str


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def file_digests(directory: Path, unread: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the sha256 of every file below `directory` but `contract.json` itself.

    Of files that are named in `unread`, what stands there is returned and they stay unread.
    """
    known = unread or {}
    names = {
        path.relative_to(directory).as_posix(): path
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }
    names.pop(CONTRACT_FILE, None)
    return {name: known.get(name) or sha256_of(path) for name, path in names.items()}


def write_contract(directory: Path, contract: Contract) -> Package:
    """Write `contract.json` beside the files it describes and return the sealed package."""
    sealed = contract.model_copy(update={"files": file_digests(directory)})
    payload = orjson.dumps(
        sealed.model_dump(mode="json"), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS
    )
    (directory / CONTRACT_FILE).write_bytes(payload)
    return Package(directory, sealed, hashlib.sha256(payload).hexdigest())


def open_package(
    directory: Path, *, expected_digest: str | None = None, compiled_only: bool = False
) -> Package:
    """Verify every byte of a package and return it.

    `compiled_only` is for whoever answers from the compiled form, where there is one: the plain
    form, most of a package's bytes, has to be there and stays unread.

    Raises `ArtifactRefused` when the contract's digest is not the expected one, a file is missing,
    added or changed, or the contract's version or shape is unknown.
    """
    package = open_contract(directory, expected_digest=expected_digest)
    contract = package.contract
    apart = compiled_only and contract.form == "compiled"
    unread = {name: known for name, known in contract.files.items() if name.startswith(PLAIN_FORM)}
    _verify_files(directory, contract.files, unread if apart else {})
    return package


def open_contract(directory: Path, *, expected_digest: str | None = None) -> Package:
    """Verify the contract of a package, and none of the files that it describes.

    For whoever answers from none of them. Raises `ArtifactRefused` as `open_package` does.
    """
    path = directory / CONTRACT_FILE
    if not path.is_file():
        raise ArtifactRefused(f"{directory} holds no {CONTRACT_FILE}: it is not a package")
    payload = path.read_bytes()
    digest = hashlib.sha256(payload).hexdigest()
    if expected_digest is not None and digest != expected_digest:
        message = f"{path} has digest {digest}, but the decision log admitted {expected_digest}"
        raise ArtifactRefused(message)
    return Package(directory, _parse(path, payload), digest)


def _parse(path: Path, payload: bytes) -> Contract:
    try:
        document = orjson.loads(payload)
        version = document["contract_version"]
        if version != CONTRACT_VERSION:
            message = f"{path} has contract version {version}; this code reads {CONTRACT_VERSION}"
            raise ArtifactRefused(message)
        return Contract.model_validate(document)
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, ArtifactRefused):
            raise
        raise ArtifactRefused(f"{path} cannot be read as a contract: {error}") from error


def _verify_files(directory: Path, recorded: Mapping[str, str], unread: Mapping[str, str]) -> None:
    found = file_digests(directory, unread)
    wrong = sorted(
        name for name in recorded.keys() | found.keys() if recorded.get(name) != found.get(name)
    )
    if wrong:
        raise ArtifactRefused(f"{directory}: missing, added or changed: {', '.join(wrong[:5])}")


def open_runtime(package: Package) -> Runtime:
    """Return the runtime that a package names, ready to answer; the caller closes it.

    Raises `ArtifactRefused` when no installed entry point has that name: a package never brings
    code of its own into this process.
    """
    name = package.contract.runtime
    if name == FLAVOUR:
        from pipelines.versions.flavour_runtime import open_flavour

        return open_flavour(package.directory, package.digest)
    matches = entry_points(group=RUNTIME_GROUP, name=name)
    if not matches:
        installed = ", ".join(sorted(entry_points(group=RUNTIME_GROUP).names))
        raise ArtifactRefused(f"runtime {name!r} is not installed here; installed: {installed}")
    opener: Callable[[Path], Runtime] = next(iter(matches)).load()
    try:
        return opener(package.directory / package.contract.form)
    except (KeyError, ValueError, TypeError, OSError) as error:
        # Its bytes are verified, so it is whole; this code reads another layout.
        message = f"runtime {name!r} cannot read what other code compiled ({error!r}); train again"
        raise ArtifactRefused(message) from error
