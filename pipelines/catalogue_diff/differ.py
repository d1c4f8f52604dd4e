"""Makes the diff of two packages, keeps it, and makes it again from what was kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from pipelines.catalogue_diff import document
from pipelines.catalogue_diff.asking import Reader, answers
from pipelines.catalogue_diff.document import CatalogueDiff
from pipelines.catalogue_diff.questions import Home, Question, kind_of, questions_of, read_home
from pipelines.catalogue_diff.summary import CHANGED_SHARE, Facts, summary
from pipelines.decisions.approval import AWAITING
from pipelines.decisions.log import DecisionLog
from pipelines.gate.verdict import PROMOTING
from pipelines.orders.product_catalogue import CatalogueUnreadable
from pipelines.versions.artifact import ArtifactRefused, open_runtime
from pipelines.versions.flavour_runtime import FlavourFailed

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.contract import ModelFamily
    from pipelines.versions.artifact import Package

VERDICTS = PROMOTING | {AWAITING, "undecided"}
"""Verdicts that become a champion, or may yet."""
LIMIT = 5_000
SECONDS = 20.0
"""How long both are asked: a judgement is worth waiting for, what it changes less so."""
WENT_WRONG = (
    ArtifactRefused, FlavourFailed, CatalogueUnreadable, SQLAlchemyError, OSError,
    ValueError, LookupError, TypeError, ArithmeticError,
)  # fmt: skip
"""What may keep a diff from being made: also what a version raises at questions that the test set
does not ask. A verdict does without the diff, and says why."""
CHANGES = {
    "label": "another label is a change",
    "list": "any other order of a list is a change",
    "forecast": f"a total that differs by at least {CHANGED_SHARE:.0%} is a change",
    "number": f"a number that differs by at least {CHANGED_SHARE:.0%} is a change",
}


@dataclass(frozen=True)
class Side:
    """One of the two versions, and where its package lies."""

    version: str
    package: Package


class Differ:
    """Makes and keeps diffs in one home, `var`; the log keeps their tables."""

    def __init__(
        self,
        log: DecisionLog,
        var: Path,
        *,
        limit: int = LIMIT,
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = log
        self._var = var
        self._limit = limit
        self._seconds = seconds
        self._clock = clock

    def keep(
        self, family: ModelFamily, champion: Side, challenger: Side, requests: pd.DataFrame
    ) -> dict[str, object]:
        """Ask both, keep their answers and the diff, and return what the verdict's record names.

        Where it cannot be made there is a note in its place: no verdict fails by it.
        """
        try:
            table, facts = self._asked(family, champion, challenger, requests)
            diff = summary(table, facts)
            sha256 = document.save(self._log.predictions_directory, diff)
        except WENT_WRONG as error:
            return {
                "sha256": None,
                "note": f"it could not be made: {type(error).__name__}: {error}",
            }
        return {
            "sha256": sha256,
            "answers": self._log.save_predictions(table),
            "facts": asdict(facts),
            "questions": diff.questions,
            "changed": diff.changed,
        }

    def _asked(
        self, family: ModelFamily, champion: Side, challenger: Side, requests: pd.DataFrame
    ) -> tuple[pd.DataFrame, Facts]:
        kind, inside = kind_of(family)
        home = read_home(self._var, self._log.store, family)
        known = questions_of(family, home, requests)
        table = self._table(
            champion, challenger, known[: self._limit], home, Reader(kind, family.target, inside)
        )
        unit = home.sales.unit if table["sales"].notna().any() else None
        note = f"{_asked_of(len(table), known, self._limit)}; {CHANGES[kind]}"
        return table, Facts(challenger.version, champion.version, kind, len(known), unit, note)

    def _table(
        self,
        champion: Side,
        challenger: Side,
        questions: list[Question],
        home: Home,
        reader: Reader,
    ) -> pd.DataFrame:
        with (
            closing(open_runtime(champion.package)) as before,
            closing(open_runtime(challenger.package)) as after,
        ):
            end = self._clock() + self._seconds
            return answers(
                before, after, questions, home, reader, enough=lambda: self._clock() > end
            )


def made_again(log: DecisionLog, named: Mapping[str, object]) -> CatalogueDiff:
    """Return the diff that follows from the kept table of answers. Raises `PredictionsDamaged`."""
    facts = named["facts"]
    assert isinstance(facts, dict)
    return summary(log.load_predictions(str(named["answers"])), Facts(**facts))


def _asked_of(asked: int, known: list[Question], limit: int) -> str:
    if asked == len(known):
        return f"all {asked} known questions were asked"
    why = "" if asked == limit else ", for no more could be asked in time"
    return f"{asked} of {len(known)} known questions were asked, those that sell most{why}"
