"""A home whose server follows the decision log alone: champions are decided and cached, and there
is no MLflow at all.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from serving_stage import MODEL, Stage, write_package

from pipelines.settings import Settings
from pipelines.versions.artifact import Package, write_contract

PREDICT = f"/v1/models/{MODEL}/predict"


class DecidedHome:
    """Decides who is champion while servers of this home run; a context manager."""

    def __init__(self, make_settings: Callable[..., Settings], poll_seconds: float = 0.2) -> None:
        self.stage = Stage(make_settings(models={MODEL: {"source": {"url": "texts.csv"}}}))
        settings = self.stage.settings
        self.folder: Path = settings.home
        (self.folder / "contender.toml").write_text(
            f'[models.{MODEL}.source]\nurl = "texts.csv"\n[ports]\nmlflow = 1\nprefect = 2\n'
            f"[serving]\npoll_seconds = {poll_seconds}\n"
        )
        self._cache = settings.var / "cache" / MODEL

    def __enter__(self) -> DecidedHome:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stage.close()

    def decide(self, version: str, topic: str) -> int:
        """Make a version champion that answers `topic` to everything; return its generation."""
        package = self.stage.register(version, topic)
        self.stage.registry.download(MODEL, version, self._cache / package.digest)
        return int(self.stage.decide(version, package.digest).generation or 0)

    def offer(
        self, version: str, topic: str, spoil: Callable[[Path], None] = lambda _folder: None
    ) -> None:
        """Admit a version as challenger; `spoil` changes its compiled form before it is sealed."""
        package = write_package(self.stage.registry.folder / MODEL / version, topic)
        spoil(package.directory / "compiled")
        package = write_contract(package.directory, package.contract)
        self.admit(version, package)

    def admit(self, version: str, package: Package) -> None:
        """Admit a package that lies somewhere, and put it where the server looks first."""
        self.stage.admit(version, package.digest)
        shutil.copytree(package.directory, self._cache / package.digest)

    def go_back(self, version: str) -> int:
        """Make an earlier version champion again; return the new generation."""
        return int(
            self.stage.roll_back(MODEL, actor="ana", reason="complaints", to=version).generation
            or 0
        )
