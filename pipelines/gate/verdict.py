"""The words of a decision: verdicts, checks, who triggered it, what stood against what.

Light on purpose: the server, the console and the operator's command read decisions with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final, Literal

Verdict = Literal[
    "promoted",
    "rejected",
    "undecided",
    "first_champion",
    "incomparable",
    "champion_unloadable",
    "awaiting_approval",
]
PROMOTING: frozenset[str] = frozenset({"promoted", "first_champion"})
"""Verdicts after which the challenger is champion."""
OVERRIDABLE: frozenset[str] = frozenset({"incomparable", "champion_unloadable"})
"""Verdicts that no figure can settle: a named operator may, and is recorded."""

Rule = Literal["superiority", "non_inferiority", "better_figure", "floor"]
TriggerKind = Literal[
    "manual",
    "scheduled",
    "foreign",
    "alias_edit",
    "drift",
    "live_metric",
    "label_volume",
    "new_data",
]
UNKNOWN: Final = "unknown"


@dataclass(frozen=True)
class Check:
    """One line of a decision: what was found, what the limit is, whether that is within it.

    `passed` is None for what is shown but decides nothing; `note` says it in a plain sentence.
    """

    name: str
    value: float | str | None
    limit: float | str | None
    passed: bool | None
    note: str = ""


@dataclass(frozen=True)
class Trigger:
    """Who or what asked for the decision, and why."""

    kind: TriggerKind
    actor: str
    reason: str = ""
    flow_run_id: str | None = None

    def as_json(self) -> dict[str, object]:
        """Return the trigger as it stands in a decision record."""
        return asdict(self)


@dataclass(frozen=True)
class Blessing:
    """What happened when the real serving code loaded a version in a fresh process."""

    passed: bool
    reason: str = ""
    load_seconds: float | None = None
    latency_ms: float | None = None
    """Median time of a single request."""
    memory_bytes: int | None = None
    size_bytes: int | None = None
    golden: int = 0
    """How many golden requests it answered or refused as the contract says."""


@dataclass(frozen=True)
class Contestant:
    """One of the two versions, with everything that is known about where it came from.

    What cannot be known of a version from elsewhere is the word `unknown`; `params` is None.
    """

    version: str
    artifact_digest: str
    origin: Literal["contender", "foreign", "unknown"] = "contender"
    model_id: str = UNKNOWN
    run_id: str = UNKNOWN
    params: Mapping[str, object] | None = None
    code: Mapping[str, str] = field(default_factory=dict)
    """git_commit, dirty, constraints_sha256."""
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    """source, train, test_set."""
    training_window: Mapping[str, str] = field(default_factory=dict)
    blessing: Blessing = Blessing(passed=True)

    def as_json(self) -> dict[str, object]:
        """Return the contestant as it stands in a decision record."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Contestant:
        """Rebuild a contestant from a decision record."""
        blessing = document["blessing"]
        assert isinstance(blessing, dict)
        return cls(**{**document, "blessing": Blessing(**blessing)})  # type: ignore[arg-type]
