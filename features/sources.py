"""Raw sources by URL: CSV (also gzipped), Parquet, PostgreSQL. First station of the walk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Source:
    """Where rows come from, and what the user calls our columns (ours -> theirs)."""

    url: str
    columns: Mapping[str, str] = field(default_factory=dict)
    query: str | None = None


@dataclass(frozen=True)
class Raw:
    """A validated frame, the sha256 of its canonical bytes, and the rows that were set aside.

    `quarantined` holds the damaged rows with a `reason` column; its index is their line.
    """

    frame: pd.DataFrame
    fingerprint: str
    quarantined: pd.DataFrame


class SourceError(ValueError):
    """A source cannot be read; the message says which, where, and what would be right."""
