"""Assessments at rest: one JSON file each, written by the monitoring, read by whoever shows them.

Light: the server reads them with this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import orjson

KEPT = 500


def keep(var: Path, model: str, until: str, document: Mapping[str, object]) -> Path:
    """Keep one assessment, named by its end, and drop the oldest ones."""
    folder = _folder(var, model)
    folder.mkdir(parents=True, exist_ok=True)
    name = until.replace(":", "").replace("+0000", "Z")
    partial = folder / f".{name}.partial"
    partial.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    file = partial.replace(folder / f"{name}.json")
    for old in sorted(folder.glob("*.json"), reverse=True)[KEPT:]:
        old.unlink(missing_ok=True)
    return file


def kept(var: Path, model: str, limit: int | None = None) -> list[dict[str, object]]:
    """Return the kept assessments of a model, the newest first."""
    files = sorted(_folder(var, model).glob("*.json"), reverse=True)
    return [orjson.loads(file.read_bytes()) for file in files[:limit]]


def _folder(var: Path, model: str) -> Path:
    return var / "assessments" / model
