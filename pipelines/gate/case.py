"""What a decision depends on, and what it says: the case and its ruling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from pipelines.gate.comparison import Comparison
from pipelines.gate.leakage import Leakage
from pipelines.gate.shortfall import Shortfall
from pipelines.gate.verdict import Check, Contestant, Rule, Trigger, Verdict

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.gate.comparison import Figure
    from pipelines.gate.labelled import LabelFigures, Labelled
    from pipelines.gate.policy import Policy

TABLES = ("challenger_rows", "champion_rows", "floor_rows", "anchor_rows")


@dataclass(frozen=True)
class Obstacle:
    """Why the two cannot be compared at all: only a named operator can settle it."""

    verdict: Literal["incomparable", "champion_unloadable"]
    reason: str


@dataclass(frozen=True)
class Case:
    """Everything that a decision depends on.

    Rows are per-request predictions on the test set: of the challenger, the champion, the trivial
    baseline, and the anchor (the last champion that won by superiority in this test set's life,
    where that is not the champion itself). `look` is the number that the next look would have,
    `unjudged` how many other versions were measured on the test set and never judged: the best of
    many is worth as little as the last of as many looks. `labels`, where there are any, are those
    that an undecided verdict on the same predictions asked for: then `look` is the one that they
    have paid for, and they decide.
    """

    policy: Policy
    trigger: Trigger
    look: int
    challenger: Contestant
    champion: Contestant | None = None
    challenger_rows: pd.DataFrame | None = None
    champion_rows: pd.DataFrame | None = None
    floor_rows: pd.DataFrame | None = None
    anchor_rows: pd.DataFrame | None = None
    leakage: Leakage = field(default_factory=lambda: Leakage("not possible"))
    obstacle: Obstacle | None = None
    unjudged: int = 0
    revenue: Mapping[str, str] | None = None
    """Where the revenue in the tables comes from, or under `unknown` why there is none."""
    labels: Labelled | None = None

    @property
    def tables(self) -> dict[str, pd.DataFrame | None]:
        """The tables of per-request predictions, by the names of their fields."""
        return {name: getattr(self, name) for name in TABLES}

    def with_tables(self, tables: Mapping[str, pd.DataFrame | None]) -> Case:
        """Return the case with other tables under the same names."""
        return replace(self, **tables)  # type: ignore[arg-type]

    @property
    def place(self) -> int:
        """The look by which alpha is spent; never before `look`, so the whole stays below alpha."""
        return self.look + self.unjudged


@dataclass(frozen=True)
class Ruling:
    """A verdict, its named checks, its reasons in plain sentences, and every number behind it.

    `look` is None where no look was taken, because no comparison of two models was made.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    checks: tuple[Check, ...] = ()
    rule: Rule | None = None
    look: int | None = None
    alpha: float | None = None
    alpha_left: float | None = None
    p: float | None = None
    floors: tuple[Figure, ...] = ()
    anchors: tuple[Figure, ...] = ()
    """Each judged figure against the trivial baseline's, and against the anchor's."""
    comparison: Comparison | None = None
    shortfall: Shortfall | None = None
    labels: LabelFigures | None = None

    def as_json(self) -> dict[str, object]:
        """Return the ruling as it stands in a decision record."""
        return asdict(self)
