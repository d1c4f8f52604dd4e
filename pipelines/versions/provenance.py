"""Which code and which libraries made a version."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

from pipelines.versions.artifact import sha256_of

DISTRIBUTION = "contender-mlops"
UNKNOWN = "unknown"
DEVELOPMENT = 'extra == "dev"'
"""How a requirement ends that no model needs; those of other extras are families' libraries."""


def code_version(root: Path) -> dict[str, str]:
    """Return commit, whether anything was uncommitted, and the sha256 of the pinned versions.

    Each is `unknown` where it cannot be known: an installed wheel has no repository, or lies in
    somebody else's. A file that git was never told of is uncommitted too, unless it is ignored.
    """
    constraints = root / "constraints.txt"
    top = _git(root, "rev-parse", "--show-toplevel")
    is_ours = top is not None and Path(top).resolve() == root.resolve()
    status = _git(root, "status", "--porcelain", "--untracked-files=normal") if is_ours else None
    return {
        "git_commit": (is_ours and _git(root, "rev-parse", "HEAD")) or UNKNOWN,
        "dirty": UNKNOWN if status is None else str(bool(status)).lower(),
        "constraints_sha256": sha256_of(constraints) if constraints.is_file() else UNKNOWN,
    }


def libraries() -> dict[str, str]:
    """Return the versions of those of our dependencies that this process has imported."""
    declared = metadata.requires(DISTRIBUTION) or []
    wanted = {_canonical(entry) for entry in declared if not entry.endswith(DEVELOPMENT)}
    loaded = {name.partition(".")[0] for name in sys.modules}
    providers = metadata.packages_distributions()
    used = {name for module in loaded for name in providers.get(module, [])}
    return {
        name: metadata.version(name)
        for name in sorted(used, key=str.lower)
        if _canonical(name) in wanted
    }


def _canonical(requirement: str) -> str:
    name = requirement.split(";", maxsplit=1)[0]
    for mark in "[<>=!~ ":
        name = name.split(mark)[0]
    return name.strip().lower().replace("_", "-")


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
