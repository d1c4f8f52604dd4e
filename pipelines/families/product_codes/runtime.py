"""Answers product codes from the compiled form; numpy only."""

from __future__ import annotations

from pathlib import Path

from pipelines.contract import Runtime
from pipelines.text_kernel.runtime import TextRuntime


def open_runtime(directory: Path) -> Runtime:
    """Return a runtime for what `FittedModel.compile` wrote into `directory`."""
    return TextRuntime(directory, text="description", target="code")
