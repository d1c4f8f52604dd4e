"""Which generation of a test set is in use: frozen where there is none, renewed when spent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipelines.contract import Examples, ModelFamily
from pipelines.decisions.log import DecisionLog, NewDecision
from pipelines.decisions.peeks import unjudged
from pipelines.gate.leakage import unseen
from pipelines.gate.policy import Policy
from pipelines.gate.promotion import spent
from pipelines.labels import Label, Labels
from pipelines.test_sets.frozen import TestSet, TestSets, source_key
from pipelines.test_sets.next_generation import MINIMUM_ROWS, NotEnoughRows
from pipelines.test_sets.overfitting import opening

if TYPE_CHECKING:
    from features.sources import Source
    from features.splits import Split
    from pipelines.store import Store

CONFIRMED = "confirmed"
"""Mark in what a reviewer was shown: the answer was a person's, so it says nothing of a model."""


AskChampion = Callable[[ModelFamily, Sequence[Examples]], tuple[str, list[pd.DataFrame]] | None]
"""Returns the champion's version and its per-request rows on each set, or None without either."""


TrainedOn = Callable[[ModelFamily], frozenset[str]]
"""Returns the leakage keys of the rows that the champion was trained on; none where unknown."""


def nothing_known(_family: ModelFamily) -> frozenset[str]:
    """Return no keys: there is no champion, or nobody knows what it was trained on."""
    return frozenset()


class Generations:
    """Opens the test set of a family and a source, and counts what it has been used for."""

    def __init__(
        self,
        store: Store,
        log: DecisionLog,
        test_sets: TestSets,
        ask_champion: AskChampion,
        trained_on: TrainedOn = nothing_known,
    ) -> None:
        self._labels = Labels(store)
        self._log = log
        self._test_sets = test_sets
        self._ask_champion = ask_champion
        self._trained_on = trained_on

    def in_use(
        self, family: ModelFamily, policy: Policy, source: Source, split: Callable[[], Split]
    ) -> TestSet:
        """Return the generation in use; `split` is asked only where rows are needed.

        A generation that is spent, or that time has outlived, retires when there are rows for the
        next one. Until then it stays, and the gate says that it is spent.
        """
        key = source_key(source)
        self._open_seal(family, policy, self._test_sets.last_retired(family.name, key))
        active = self._test_sets.active(family, key)
        if active is not None and not (self.is_spent(policy, active) or _ages(family)):
            return active
        parts = split()
        if active is not None and not (
            self.is_spent(policy, active) or family.outlived(active.rows, parts.test)
        ):
            return active
        parts = self._unseen(family, parts)
        labelled = reviewed_rows(family, self._reviewed(family.name), parts.test)
        if active is None:
            return self._test_sets.open_or_freeze(family, key, parts, labelled)
        try:
            renewed = self._test_sets.renew(family, key, parts, labelled)
        except NotEnoughRows:
            return active
        self._open_seal(family, policy, active.test_set_id)
        return renewed

    def retired_rows(self, family: ModelFamily, source: Source) -> list[pd.DataFrame]:
        """Return the rows of the generations that are used up: training may have them."""
        return self._test_sets.retired_rows(family.name, source_key(source))

    def of_version(self, family: ModelFamily, policy: Policy, version: str) -> TestSet | None:
        """Return the test set that a version of ours was trained beside, while it is of use."""
        for decision in self._log.list(family.name):
            if decision.kind == "admitted" and decision.version == version:
                fingerprints = decision.record["fingerprints"]
                assert isinstance(fingerprints, dict)
                return self._usable(family, policy, fingerprints.get("test_set_id"), version)
        return None

    def is_spent(self, policy: Policy, test_set: TestSet, version: str | None = None) -> bool:
        """Return whether the next look at it would have too little alpha to decide anything.

        The next look is at `version`, or at one that is not trained yet.
        """
        name = test_set.test_set_id
        return spent(policy, self._log.looks(name) + 1 + unjudged(self._log, name, but=version))

    def _unseen(self, family: ModelFamily, parts: Split) -> Split:
        """Leave out held-out rows that the champion was trained on, which would flatter it.

        Where a user's newest ratings are held out, one that was older than the newest may be among
        them later. Where too few rows would be left, all stay: a challenger is then judged by the
        harder standard.
        """
        keys = self._trained_on(family)
        if not keys:
            return parts
        test, sealed = (
            part[unseen(family.groups(part), keys)] for part in (parts.test, parts.sealed)
        )
        enough = len(test) >= min(MINIMUM_ROWS, len(parts.test) / 2)
        return replace(parts, test=test, sealed=sealed) if enough else parts

    def _is_recorded(self, model: str, test_set_id: str) -> bool:
        return any(
            decision.kind == "test_set" and decision.test_set_id == test_set_id
            for decision in self._log.list(model)
        )

    def _usable(
        self, family: ModelFamily, policy: Policy, found: object, version: str
    ) -> TestSet | None:
        if not isinstance(found, str):
            return None
        try:
            test_set = self._test_sets.get(family, found)
        except LookupError:
            return None  # frozen in another store: this one never saw it
        in_use = test_set.status == "active" and not self.is_spent(policy, test_set, version)
        return test_set if in_use else None

    def _reviewed(self, model: str) -> list[Label]:
        return [
            label
            for label in self._labels.test_rows(model)
            if not label.shown.get(CONFIRMED, False)
        ]

    def _open_seal(self, family: ModelFamily, policy: Policy, test_set_id: str | None) -> None:
        """Record once how far the gate was fitted to the rows it looked at, by those it never did.

        Asked for again whenever a test set is opened: a renewal that was killed before the record
        was written has it made up for before anything is trained on the retired rows.
        """
        if test_set_id is None or self._is_recorded(family.name, test_set_id):
            return
        retired = self._test_sets.get(family, test_set_id)
        sealed = self._test_sets.sealed(family, retired.test_set_id)
        looked_at = Examples(retired.requests, retired.actual)
        asked = None if sealed.requests.empty else self._ask_champion(family, [looked_at, sealed])
        if asked is not None:
            version, (on_test, on_sealed) = asked
            self._log.append(opening(policy, retired, version, on_test, on_sealed))
            return
        self._log.append(
            NewDecision(
                kind="test_set",
                model=family.name,
                test_set_id=retired.test_set_id,
                record={
                    "event": "retired",
                    "reason": "it is used up; there is no champion or no sealed row to ask",
                    "looks": self._log.looks(retired.test_set_id),
                },
            )
        )


def _ages(family: ModelFamily) -> bool:
    """Return whether the family says when a test set is outlived: only then is the source read."""
    return type(family).outlived is not ModelFamily.outlived


def reviewed_rows(family: ModelFamily, labels: Sequence[Label], like: pd.DataFrame) -> pd.DataFrame:
    """Return reviewed labels as rows like those of the source."""
    if family.label_text is None or not labels:
        return like.head(0)
    rows = pd.DataFrame(
        {
            family.label_text: [label.text for label in labels],
            family.target: [label.value for label in labels],
        },
        index=-1 - np.arange(len(labels)),  # no line of a source has such a number
    )
    return rows.reindex(columns=like.columns)
