"""The arena: one version against the champion, on the same bytes, by the same code, in one run.

Everything that only depends on numbers is decided by `pipelines.gate.promotion`; here stands what
has to happen in sequence. Killed at any step, it has either appended nothing, and is simply started
again, or appended a decision, and starting again carries that one out.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.arena.blessing import bless
from pipelines.arena.revenue import Revenue, weigh
from pipelines.catalogue_diff.differ import VERDICTS, Differ, Side
from pipelines.contract import Examples, ModelFamily, Progress, RequestRefused
from pipelines.decisions.log import Champion, Conflict, Decision, DecisionLog
from pipelines.decisions.peeks import unjudged
from pipelines.gate.case import Case, Obstacle, Ruling
from pipelines.gate.leakage import check_leakage, read_keys
from pipelines.gate.policy import Policy
from pipelines.gate.promotion import decide
from pipelines.gate.verdict import UNKNOWN, Blessing, Contestant, Trigger
from pipelines.leases import Busy, Lease
from pipelines.records.precedents import Anchor, anchor_of, judged_before
from pipelines.records.verdicts import append_verdict
from pipelines.registry.aliases import project
from pipelines.registry.client import NotPackaged, RegistryClient, RegistryRefused
from pipelines.training import measure
from pipelines.versions.admission import admitted_package
from pipelines.versions.artifact import ArtifactRefused, Package
from pipelines.versions.flavour_runtime import FlavourFailed
from pipelines.versions.wrapping import ContractMismatch

if TYPE_CHECKING:
    import pandas as pd

    from pipelines.store import Store
    from pipelines.test_sets.frozen import TestSet

ATTEMPTS = 5
WAIT_SECONDS = 600.0
"""How long a judgement waits for another one of the same model."""
UNLOADABLE = (ArtifactRefused, ContractMismatch, FlavourFailed, RequestRefused)
"""What a version can do wrong between the registry and its last answer."""


def silent(share: float, message: str) -> None:
    """Report to nobody."""
    del share, message


class JudgedTooOften(RuntimeError):
    """The champion kept moving while a version was judged against it."""


@dataclass(frozen=True)
class Entry:
    """One side as it entered: what is known of it, and its rows unless something stopped it."""

    contestant: Contestant
    rows: pd.DataFrame | None
    package: Package | None
    fault: str = ""


class Arena:
    """Judges versions of one family. `folder` is scratch space; nothing in it outlives a run."""

    def __init__(
        self,
        family: ModelFamily,
        policy: Policy,
        store: Store,
        log: DecisionLog,
        client: RegistryClient,
        folder: Path,
        *,
        blesser: Callable[[Path], Blessing] = bless,
        differ: Differ | None = None,
    ) -> None:
        self._family = family
        self._policy = policy
        self._store = store
        self._log = log
        self._client = client
        self._folder = folder / family.name
        self._bless = blesser
        self._differ = differ

    def judge(
        self,
        version: str,
        test_set: TestSet,
        *,
        trigger: Trigger,
        progress: Progress = silent,
        revenue: Callable[[], Revenue] | None = None,
    ) -> Decision:
        """Judge a version, record the decision, and point the alias where it says.

        Returns the recorded decision also when the same pair was judged before: asking again costs
        no look. `revenue` reads what was sold, where the policy weighs by it. Raises
        `NoSuchVersion`, `Busy`, `JudgedTooOften`, or `RevenueUnknown` where it would decide.
        """
        name = self._family.name
        with Lease(self._store, f"judge:{name}", wait_seconds=WAIT_SECONDS) as lease:
            for _ in range(ATTEMPTS):
                try:
                    decision = self._judge_once(
                        version, test_set, trigger, progress, lease, revenue
                    )
                except Conflict as conflict:
                    progress(0.0, f"judging again: {conflict}")
                    continue
                finally:
                    shutil.rmtree(self._folder, ignore_errors=True)
                project(self._log, self._client, name)
                progress(1.0, f"version {version}: {decision.verdict or decision.kind}")
                return decision
        raise JudgedTooOften(f"{name}: the champion moved {ATTEMPTS} times during a judgement")

    def _judge_once(
        self,
        version: str,
        test_set: TestSet,
        trigger: Trigger,
        progress: Progress,
        lease: Lease,
        revenue: Callable[[], Revenue] | None,
    ) -> Decision:
        head = self._log.head(self._family.name)
        if head is not None and head.version == version:
            return self._log.get(head.decision_id)
        progress(0.1, f"version {version}: fetching, blessing and asking it")
        challenger = self._enter(version, test_set, "challenger")
        known = self._precedent(head, challenger, test_set)
        if known is not None:
            return known
        champion = None
        if head is not None:
            progress(0.5, f"champion {head.version}: the same")
            champion = self._enter(head.version, test_set, "champion")
        progress(0.8, "comparing")
        case, anchor = self._case(head, champion, challenger, test_set, trigger)
        if revenue is not None:
            case = weigh(case, revenue)
        ruling = decide(case)
        diff = self._diff(ruling, champion, challenger, test_set, progress)
        if not lease.renew():
            # Whoever took it over has emptied the scratch space: what was found may be its doing.
            raise Busy(f"{lease.name} was taken over during the judgement; nothing was recorded")
        return append_verdict(
            self._log,
            self._family.name,
            case,
            ruling,
            test_set,
            expected_generation=head.generation if head else 0,
            anchor=anchor,
            diff=diff,
        )

    def _diff(
        self,
        ruling: Ruling,
        champion: Entry | None,
        challenger: Entry,
        test_set: TestSet,
        progress: Progress,
    ) -> dict[str, object] | None:
        """Keep what the version changes, where it became champion or still may."""
        if self._differ is None or ruling.verdict not in VERDICTS:
            return None
        if champion is None or champion.package is None or challenger.package is None:
            return None
        progress(0.9, "asking both about the catalogue")
        before = Side(champion.contestant.version, champion.package)
        after = Side(challenger.contestant.version, challenger.package)
        return self._differ.keep(self._family, before, after, test_set.requests)

    def _enter(self, version: str, test_set: TestSet, side: str) -> Entry:
        """Fetch, bless and ask one version; what it does wrong is kept as its fault."""
        directory = self._folder / side
        shutil.rmtree(directory, ignore_errors=True)
        try:
            package = admitted_package(self._log, self._client, self._family, version, directory)
        except (*UNLOADABLE, NotPackaged, RegistryRefused) as error:
            digest = self._log.admitted(self._family.name, version) or UNKNOWN
            blessing = Blessing(False, str(error))
            unfit = Contestant(version, digest, origin=UNKNOWN, blessing=blessing)
            is_mismatch = isinstance(error, ContractMismatch)
            return Entry(unfit, None, None, fault=str(error) if is_mismatch else "")
        contestant = self._contestant(version, package)
        missing = _missing_columns(package, test_set)
        if missing:
            fault = f"it needs columns that no request has: {', '.join(missing)}"
            return Entry(contestant, None, package, fault=fault)
        if not contestant.blessing.passed:
            return Entry(contestant, None, package)
        try:
            examples = Examples(test_set.requests, test_set.actual)
            rows = measure(package, self._family, examples).per_request
        except UNLOADABLE as error:
            failed = Blessing(False, f"it failed on the test set: {error}")
            return Entry(replace(contestant, blessing=failed), None, package)
        return Entry(contestant, rows, package)

    def _contestant(self, version: str, package: Package) -> Contestant:
        contract = package.contract
        info = self._client.version(self._family.name, version)
        is_own = contract.origin == "contender"
        return Contestant(
            version=version,
            artifact_digest=package.digest,
            origin=contract.origin,
            model_id=_model_id(info.source),
            run_id=info.run_id or UNKNOWN,
            params=contract.params if is_own else None,
            code=contract.code,
            fingerprints=contract.fingerprints,
            training_window=contract.training_window,
            blessing=self._bless(package.directory),
        )

    def _precedent(
        self, head: Champion | None, challenger: Entry, test_set: TestSet
    ) -> Decision | None:
        return judged_before(
            self._log,
            self._family.name,
            test_set.test_set_id,
            champion_digest=head.artifact_digest if head else None,
            challenger_digest=challenger.contestant.artifact_digest,
            policy_sha256=self._policy.sha256,
        )

    def _case(
        self,
        head: Champion | None,
        champion: Entry | None,
        challenger: Entry,
        test_set: TestSet,
        trigger: Trigger,
    ) -> tuple[Case, Anchor | None]:
        anchor = None
        if head is not None:
            anchor = anchor_of(
                self._log, self._family.name, test_set.test_set_id, head.artifact_digest
            )
        keys = read_keys(challenger.package.directory) if challenger.package else None
        case = Case(
            policy=self._policy,
            trigger=trigger,
            look=self._log.looks(test_set.test_set_id) + 1,
            unjudged=unjudged(self._log, test_set.test_set_id, but=challenger.contestant.version),
            challenger=challenger.contestant,
            champion=champion.contestant if champion else None,
            challenger_rows=challenger.rows,
            champion_rows=champion.rows if champion else None,
            floor_rows=test_set.floor,
            anchor_rows=self._log.load_predictions(anchor.predictions_sha256) if anchor else None,
            leakage=check_leakage(test_set.keys, keys),
            obstacle=_obstacle(champion, challenger),
        )
        return case, anchor


def _obstacle(champion: Entry | None, challenger: Entry) -> Obstacle | None:
    for entry in (challenger, champion):
        if entry is not None and entry.fault:
            return Obstacle("incomparable", f"version {entry.contestant.version}: {entry.fault}")
    if champion is None or champion.rows is not None:
        return None
    reason = champion.contestant.blessing.reason
    return Obstacle(
        "champion_unloadable", f"champion {champion.contestant.version} cannot be asked: {reason}"
    )


def _missing_columns(package: Package, test_set: TestSet) -> list[str]:
    required = package.contract.request_schema.get("required", [])
    assert isinstance(required, list)
    return sorted(set(required) - set(test_set.requests.columns))


def _model_id(source: str) -> str:
    return source.removeprefix("models:/") if source.startswith("models:/") else UNKNOWN
