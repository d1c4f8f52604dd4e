"""The alias is the log's projection: this sets it, and goes back by decision.

Light: the server rolls back with this module, so it imports neither pandas nor a library.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.decisions.log import Champion, Decision, DecisionLog, NewDecision
from pipelines.registry.client import NoSuchVersion, RegistryClient, RegistryUnavailable

if TYPE_CHECKING:
    from pipelines.registry.client import RegisteredModel

CHAMPION = "champion"
CHALLENGER = "challenger"


class NoWayBack(LookupError):
    """There is no champion, or no earlier one to go back to; the message says which."""


@dataclass(frozen=True)
class Projection:
    """What the alias was and what it is now."""

    before: str | None
    after: str | None

    @property
    def moved(self) -> bool:
        """Whether anything had to be done."""
        return self.before != self.after


def project(log: DecisionLog, client: RegistryClient, model: str) -> Projection:
    """Point the alias `champion` where the log says, and record that it is done.

    Safe to repeat at any time. Raises `RegistryUnavailable`, and `NoSuchVersion` when somebody
    deleted the champion's version.
    """
    found = client.snapshot().get(model)
    before = found.aliases.get(CHAMPION) if found else None
    head = log.head(model)
    if head is None:
        return Projection(before, before)
    if before != head.version:
        client.set_alias(model, CHAMPION, head.version)
    if log.head(model) != head:
        # The champion moved while its alias was set: the later decision has the last word.
        return project(log, client, model)
    if found is not None and found.aliases.get(CHALLENGER) == head.version:
        client.delete_alias(model, CHALLENGER)
    if not is_projected(log, head):
        _record_effect(log, head, before)
    return Projection(before, head.version)


def project_if_possible(log: DecisionLog, client: RegistryClient, model: str) -> None:
    """Point the alias where the log says, now or, while the registry is away, later."""
    try:
        project(log, client, model)
    except RegistryUnavailable:
        return  # the decision is the truth; the reconciler sets the alias when MLflow is back


def is_projected(log: DecisionLog, head: Champion) -> bool:
    """Return whether the alias was once set to this champion: if not, nobody else moved it."""
    return any("alias" in effect.record for effect in log.effects(head.decision_id))


def rollback(
    log: DecisionLog,
    client: RegistryClient,
    model: str,
    *,
    actor: str,
    reason: str,
    to: str | None = None,
) -> Decision:
    """Make the previous champion (or an earlier one, `to`) champion again, by a recorded decision.

    The decision stands as soon as it is in the log; when the registry is away its alias follows
    later. Raises `NoWayBack`, or `Conflict` when the champion moved in between.
    """
    head = log.head(model)
    if head is None:
        raise NoWayBack(f"{model} has no champion, so there is nothing to go back from")
    target = to or head.rollback_to
    if target is None:
        message = f"{model}: version {head.version} is the first champion, there was none before"
        raise NoWayBack(message)
    if target == head.version:
        raise NoWayBack(f"{model}: version {target} is champion already")
    _require_present(client, model, target)
    decision = log.append(
        NewDecision(
            kind="rollback",
            model=model,
            version=target,
            artifact_digest=_digest_as_champion(log, model, target),
            record={"actor": actor, "reason": reason, "from": head.version, "to": target},
            expected_generation=head.generation,
            becomes_champion=True,
        )
    )
    project_if_possible(log, client, model)
    return decision


def aliased(found: RegisteredModel | None, alias: str = CHAMPION) -> str | None:
    """Return the version that an alias points at, if any."""
    return found.aliases.get(alias) if found else None


def _digest_as_champion(log: DecisionLog, model: str, version: str) -> str:
    """Return the digest with which a version was champion before."""
    for decision in log.list(model):
        if decision.generation is not None and decision.version == version:
            return str(decision.artifact_digest)
    raise NoWayBack(f"{model}: version {version} was never champion; promote it instead")


def _require_present(client: RegistryClient, model: str, version: str) -> None:
    try:
        client.version(model, version)
    except NoSuchVersion:
        raise NoWayBack(f"{model}: version {version} is no longer in the registry") from None
    except RegistryUnavailable:
        return  # servers keep the packages of earlier champions, so going back may still work


def _record_effect(log: DecisionLog, head: Champion, before: str | None) -> None:
    log.append(
        NewDecision(
            kind="effect",
            model=head.model,
            version=head.version,
            record={
                "of": head.decision_id,
                "generation": head.generation,
                "alias": {"name": CHAMPION, "before": before, "after": head.version},
            },
        )
    )
