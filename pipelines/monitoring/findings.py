"""One thing that an assessment looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipelines.gate.verdict import Check


@dataclass(frozen=True)
class Finding:
    """One thing looked at: its check, and what decides whether it raises an alarm.

    `loss` is by how much the share of right answers is expected to be lower because of it; None
    where nothing says so.
    """

    check: Check
    p: float
    large: bool
    """Whether it is large enough to matter, were it not chance."""
    kind: Literal["input", "answers", "accuracy", "labels"]
    loss: float | None = None
