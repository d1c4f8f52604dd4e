"""What made a version is recorded, and what cannot be known is called unknown."""

from __future__ import annotations

import subprocess
from pathlib import Path

from pipelines.versions.provenance import code_version, libraries


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=tests", "-c", "user.email=tests@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_folder_without_a_repository_is_unknown(tmp_path: Path) -> None:
    assert set(code_version(tmp_path).values()) == {"unknown"}


def test_commit_and_uncommitted_changes_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "constraints.txt").write_text("numpy==2\n", encoding="utf-8")
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    clean = code_version(tmp_path)
    assert len(clean["git_commit"]) == 40
    assert clean["dirty"] == "false"
    (tmp_path / "constraints.txt").write_text("numpy==3\n", encoding="utf-8")
    changed = code_version(tmp_path)
    assert changed["dirty"] == "true"
    assert changed["constraints_sha256"] != clean["constraints_sha256"]


def test_a_file_that_was_never_committed_makes_the_code_dirty_unless_it_is_ignored(
    tmp_path: Path,
) -> None:
    (tmp_path / ".gitignore").write_text("var/\n", encoding="utf-8")
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "contender.db").touch()
    assert code_version(tmp_path)["dirty"] == "false"
    (tmp_path / "new_family.py").touch()
    assert code_version(tmp_path)["dirty"] == "true"


def test_a_package_installed_below_somebody_elses_repository_has_no_commit(tmp_path: Path) -> None:
    git(tmp_path, "init")
    git(tmp_path, "commit", "--allow-empty", "-m", "theirs")
    installed = tmp_path / "site-packages"
    installed.mkdir()
    assert set(code_version(installed).values()) == {"unknown"}


def test_libraries_are_those_in_use_with_their_versions() -> None:
    import numpy as np

    assert libraries()["numpy"] == np.__version__
    assert "pytest" not in libraries()
