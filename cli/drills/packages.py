"""Where the bytes of a version lie, in the server's cache and at MLflow, and how to spoil them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.drills.ground import MODEL, Ground
from pipelines.registry.client import OWN_PACKAGE

COMPILED = "compiled"


def cached(ground: Ground, digest: str) -> Path:
    """Return where the server keeps a verified package."""
    return ground.settings.var / "cache" / MODEL / digest


def stored(ground: Ground, version: str) -> Path:
    """Return where MLflow keeps a version's package."""
    root = ground.registry.artifact_root(MODEL, version)
    return ground.settings.mlruns / "artifacts" / root / OWN_PACKAGE


def spoil(package: Path) -> int:
    """Change one byte in the middle of every compiled file; return how many there are."""
    files = compiled(package)
    for file in files:
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 0xFF
        file.write_bytes(content)
    return len(files)


@contextmanager
def spoiled(package: Path) -> Iterator[int]:
    """Keep a package spoiled while the block lasts, and put its bytes back afterwards."""
    sound = {file: file.read_bytes() for file in compiled(package)}
    try:
        yield spoil(package)
    finally:
        for file, content in sound.items():
            file.write_bytes(content)


def compiled(package: Path) -> list[Path]:
    """Return the files that answers are computed from. Raises `FileNotFoundError` without any."""
    found = [file for file in sorted((package / COMPILED).rglob("*")) if file.is_file()]
    if not found:
        raise FileNotFoundError(f"{package} has no compiled files to spoil")
    return [file for file in found if file.stat().st_size]
