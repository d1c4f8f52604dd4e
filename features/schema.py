"""Validated frames: one error that lists every violation, with its line.

Second station of the walk: a raw frame goes in, the same frame comes out, or a `SchemaError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "number", "timestamp", "boolean"]


@dataclass(frozen=True)
class Column:
    """What one column must hold; `required` columns may not be absent or empty."""

    name: str
    kind: Kind
    required: bool = True
    maximum_length: int | None = None
    description: str = ""


@dataclass(frozen=True)
class FrameSchema:
    """The columns of a raw frame and how many distinct values its label needs."""

    columns: tuple[Column, ...]
    label: str | None = None
    minimum_rows: int = 1
    minimum_labels: int = 2


@dataclass(frozen=True)
class Violation:
    """One thing that is wrong: where (column, line of the source counted from 1), and what."""

    column: str | None
    line: int | None
    message: str


class SchemaError(ValueError):
    """A frame breaks its schema; `violations` holds every one of them."""

    def __init__(self, source: str, violations: tuple[Violation, ...]) -> None:
        self.source = source
        self.violations = violations
        shown = "; ".join(violation.message for violation in violations[:10])
        more = f"; and {len(violations) - 10} more" if len(violations) > 10 else ""
        super().__init__(f"{source}: {shown}{more}")


Mapped = Mapping[str, str]
