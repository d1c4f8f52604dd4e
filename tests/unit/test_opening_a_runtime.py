"""A package is opened by an installed runtime that reads its layout, or refused in plain words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from serving_stage import write_package

from pipelines.versions.artifact import ArtifactRefused, open_runtime


def test_a_layout_of_other_code_is_refused_and_says_what_would_help(tmp_path: Path) -> None:
    package = write_package(tmp_path / "package", "uno")
    for file in (package.directory / package.contract.form).iterdir():
        file.unlink()

    with pytest.raises(ArtifactRefused, match=r"what other code compiled .*train again"):
        open_runtime(package)


def test_a_runtime_that_is_not_installed_is_named_beside_those_that_are(tmp_path: Path) -> None:
    package = write_package(tmp_path / "package", "uno")
    foreign = replace(package, contract=package.contract.model_copy(update={"runtime": "shoes"}))

    with pytest.raises(ArtifactRefused, match=r"'shoes' is not installed here; installed: .*stub"):
        open_runtime(foreign)
