"""The gate of one home: its store, log, test sets and registry, put together for a judgement.

Flows, the reconciler and the operator's command all come through here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from features.scratch import scratch_folder
from pipelines import catalog
from pipelines.arena.arena import UNLOADABLE, Arena, silent
from pipelines.arena.blessing import bless
from pipelines.arena.revenue import Revenue, read_revenue
from pipelines.catalogue_diff.differ import Differ
from pipelines.catalogue_diff.entities import remember
from pipelines.contract import Examples, ModelFamily, Progress
from pipelines.decisions.log import Decision, DecisionLog
from pipelines.gate.leakage import read_keys
from pipelines.gate.override import OverrideRefused, append_override
from pipelines.gate.policy import Policy, policy_of
from pipelines.gate.verdict import OVERRIDABLE, Blessing, Trigger
from pipelines.model_settings import PolicySettings
from pipelines.registry.aliases import CHALLENGER, project_if_possible
from pipelines.registry.client import (
    NoSuchVersion,
    NotPackaged,
    RegistryClient,
    VersionInfo,
)
from pipelines.test_sets.frozen import TestSet, TestSets
from pipelines.test_sets.generations import Generations
from pipelines.training import measure
from pipelines.versions.admission import admit, admitted_package

if TYPE_CHECKING:
    import pandas as pd

    from features.sources import Source
    from features.splits import Split
    from pipelines.settings import Settings
    from pipelines.store import Store
    from pipelines.versions.artifact import Package

T = TypeVar("T")
TIMEOUT_SECONDS = 30.0
"""Nobody waits at a screen for the gate, and packages may be large."""


class Gate:
    """Opens test sets, registers challengers and judges versions. Closed after use."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        log: DecisionLog,
        *,
        blesser: Callable[[Path], Blessing] = bless,
    ) -> None:
        self.client = RegistryClient(settings.mlflow_url, TIMEOUT_SECONDS, settings.mlflow_login)
        self._settings = settings
        self._store = store
        self._log = log
        self._bless = blesser
        test_sets = TestSets(store, settings.var / "test_sets")
        self._generations = Generations(
            store, log, test_sets, self._ask_champion, self._champions_rows
        )

    def __enter__(self) -> Gate:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.client.close()

    def test_set(self, model: str, source: Source, split: Split) -> TestSet:
        """Return the frozen test set that a training has to leave alone."""
        family = catalog.family(model)
        remember(self._settings.var, family, split)
        return self._generations.in_use(family, self._policy(family), source, lambda: split)

    def retired_rows(self, model: str, source: Source) -> list[pd.DataFrame]:
        """Return the rows of used-up test sets, which training may have."""
        return self._generations.retired_rows(catalog.family(model), source)

    def challenge(self, package: Package, version: str) -> VersionInfo:
        """Admit a version that was just registered, and give it the alias `challenger`."""
        info = self.client.version(package.contract.family, version)
        admit(self._log, info, package)
        self.client.set_alias(info.name, CHALLENGER, version)
        return info

    def judge(
        self,
        model: str,
        version: str,
        *,
        trigger: Trigger,
        progress: Progress = silent,
    ) -> Decision:
        """Judge a registered version; see `Arena.judge`.

        Ours are judged on the test set beside which they were trained, others on that of the
        configured source, which is frozen now where it never was.
        """
        family = catalog.family(model)
        policy = self._policy(family)
        self.client.version(model, version)  # a version that is not there is refused before a read
        test_set = self._generations.of_version(family, policy, version)
        if test_set is None:
            source = self._settings.source(model)

            def split() -> Split:
                return family.split(family.load(source).frame)

            test_set = self._generations.in_use(family, policy, source, split)
        arena = Arena(
            family,
            policy,
            self._store,
            self._log,
            self.client,
            self._settings.var / "arena",
            blesser=self._bless,
            differ=Differ(self._log, self._settings.var),
        )
        return arena.judge(
            version,
            test_set,
            trigger=trigger,
            progress=progress,
            revenue=self._revenue(family),
        )

    def override(self, model: str, version: str, *, actor: str, reason: str) -> Decision:
        """Make champion what no figure could settle, by a named operator and for a reason.

        The version's newest verdict is overridden, which must be against today's champion: with
        another one the gate might well find a figure. Raises `OverrideRefused`, or `Conflict`
        when the champion moved in between.
        """
        decision = self._newest_verdict(model, version)
        head = self._log.head(model)
        if decision.verdict in OVERRIDABLE:
            _require_todays(decision, head.version if head else None)
        if self._log.admitted(decision.model, str(decision.version)) != decision.artifact_digest:
            message = f"{model} version {version} was never admitted as it was when it was judged"
            raise OverrideRefused(message)
        overriding = append_override(
            self._log,
            decision,
            actor=actor,
            reason=reason,
            expected_generation=head.generation if head else 0,
        )
        project_if_possible(self._log, self.client, model)
        return overriding

    def _newest_verdict(self, model: str, version: str) -> Decision:
        for decision in self._log.list(model):
            if decision.kind == "verdict" and decision.version == version:
                return decision
        message = f"{model} version {version} was never judged, so there is nothing to override"
        raise OverrideRefused(message)

    def _ask_champion(
        self, family: ModelFamily, sets: Sequence[Examples]
    ) -> tuple[str, list[pd.DataFrame]] | None:
        """Return the champion's rows on each set; None without a champion that can be asked."""

        def asked(package: Package) -> list[pd.DataFrame]:
            return [measure(package, family, examples).per_request for examples in sets]

        return self._of_champion(family, asked)

    def _champions_rows(self, family: ModelFamily) -> frozenset[str]:
        """Return the keys of the rows that the champion was trained on, where they are known."""
        found = self._of_champion(family, lambda package: read_keys(package.directory))
        return (found[1] if found else None) or frozenset()

    def _of_champion(
        self, family: ModelFamily, read: Callable[[Package], T]
    ) -> tuple[str, T] | None:
        """Return the champion's version and what `read` makes of its package; None without it."""
        head = self._log.head(family.name)
        if head is None:
            return None
        try:
            with scratch_folder("champion") as folder:
                package = admitted_package(self._log, self.client, family, head.version, folder)
                return head.version, read(package)
        except (*UNLOADABLE, NoSuchVersion, NotPackaged):
            return None

    def _policy(self, family: ModelFamily) -> Policy:
        configured = self._settings.models.get(family.name)
        return policy_of(
            family,
            configured.policy if configured else PolicySettings(),
            has_revenue=configured is not None and configured.revenue is not None,
        )

    def _revenue(self, family: ModelFamily) -> Callable[[], Revenue] | None:
        source = self._settings.revenue(family.name)
        return None if source is None else partial(read_revenue, family, source)


def _require_todays(verdict: Decision, champion: str | None) -> None:
    judged = verdict.record.get("champion")
    judged_against = str(judged["version"]) if isinstance(judged, dict) else None
    if judged_against != champion:
        message = (
            f"{verdict.model} version {verdict.version} was judged against champion "
            f"{judged_against or '(none)'}, and champion is {champion or '(none)'}"
        )
        raise OverrideRefused(f"{message}: judge it again first")
