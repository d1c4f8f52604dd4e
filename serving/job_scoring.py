"""A version as a job asks it: loaded, verified and warmed up by the code that serves it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipelines.contract import Row
from pipelines.decisions.log import Champion
from pipelines.jobs.instances import Field
from pipelines.jobs.record import JobFailed
from pipelines.jobs.scoring import Scorer
from pipelines.jobs.worker import ScorerFailed, Unavailable
from pipelines.registry.client import (
    NoSuchVersion,
    NotPackaged,
    RegistryRefused,
    RegistryUnavailable,
)
from pipelines.versions.artifact import ArtifactRefused
from pipelines.versions.flavour_runtime import FlavourFailed
from serving.live.loaded import BrokenRuntime, LiveModel
from serving.live.validation import InvalidInstances
from serving.protocols.columns import columns_of


class LoadedScorer:
    """Answers a job's rows from a live model that nobody else uses."""

    def __init__(self, live: LiveModel) -> None:
        contract = live.loaded.package.contract
        self._live = live
        self.request_fields: Sequence[Field] = columns_of(contract.request_schema)
        # What the model is about comes first; the contract keeps names in the alphabet's order.
        self.response_fields: Sequence[Field] = sorted(
            columns_of(contract.response_schema), key=lambda column: column.name != contract.target
        )
        self.many = contract.many

    def faults(self, instances: Sequence[Row]) -> list[str | None]:
        """Say of each instance what the contract has against it."""
        check = self._live.loaded.check.check
        try:
            check(instances)
        except InvalidInstances:
            return [_fault(check, instance) for instance in instances]
        return [None] * len(instances)

    def answer(self, instances: Sequence[Row]) -> list[list[Row]]:
        """Answer instances without faults. Raises `RequestRefused` or `ScorerFailed`."""
        try:
            return self._live.loaded.answer(instances)
        except (BrokenRuntime, FlavourFailed) as error:
            raise ScorerFailed(str(error)) from error

    def close(self) -> None:
        """Release the model."""
        self._live.close_if_idle()


def loaded(load: Callable[[Champion], LiveModel], champion: Champion) -> Scorer:
    """Load a version for a job. Raises `JobFailed`, `Unavailable` or `ScorerFailed`."""
    try:
        return LoadedScorer(load(champion))
    except (ArtifactRefused, NoSuchVersion, NotPackaged, RegistryRefused) as error:
        raise JobFailed(f"{champion.model} {champion.version} cannot answer: {error}") from error
    except RegistryUnavailable as error:
        raise Unavailable(f"MLflow is away: {error}") from error
    except FlavourFailed as error:
        raise ScorerFailed(str(error)) from error


def _fault(check: Callable[[Sequence[object]], None], instance: Row) -> str | None:
    try:
        check([instance])
    except InvalidInstances as error:
        found = error.faults[0]
        return f"{found.field}: {found.message}" if found.field else found.message
    return None
