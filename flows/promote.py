"""The flow `promote`: the gate judges a registered version, and the registry follows."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from prefect import Flow, flow, task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from flows.forms import Origin, PromoteQuestions, answers, shape
from flows.report import mapping, report_decision, texts
from flows.workplace import Workplace, workplace
from pipelines import catalog
from pipelines.contract import Progress
from pipelines.decisions.log import Decision
from pipelines.observability.spans import step
from pipelines.registry import aliases as registry
from pipelines.registry.aliases import CHALLENGER

NAME = "promote"


class NoChallenger(LookupError):
    """No version waits to be judged; the message names the model."""


@dataclass(frozen=True)
class Decided:
    """What the gate said about a version."""

    model: str
    version: str
    verdict: str
    decision_id: str
    generation: int | None
    reasons: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """Return what a run of this flow answers."""
        return asdict(self)


def build(model: str) -> Flow[..., object]:
    """Return the flow that lets the gate judge a version of `model`."""
    family = catalog.family(model)

    def run(**values: object) -> dict[str, object]:
        questions = answers(PromoteQuestions, values)
        with workplace(model, answers(Origin, values)) as place:
            return steps(place, questions.version, place.progress).as_json()

    shape(run, PromoteQuestions, Origin)
    return flow(name=NAME, description=f"{family.title}: let the gate judge a version.")(run)


def steps(place: Workplace, version: str, progress: Progress) -> Decided:
    """Judge within a run that already has its workplace; no version means the challenger."""
    decision = judge(place, version, progress)
    get_run_logger().info(
        "%s: version %s: %s",
        place.model,
        decision.version,
        decision.verdict or decision.kind,
        extra={"version": decision.version, "decision_id": decision.decision_id},
    )
    report_decision(decision, place.settings)
    ruling = mapping(decision.record.get("ruling"))
    return Decided(
        model=place.model,
        version=decision.version or version,
        verdict=decision.verdict or decision.kind,
        decision_id=decision.decision_id,
        generation=decision.generation,
        reasons=tuple(texts(ruling.get("reasons"))),
    )


@task(name="judge", cache_policy=NO_CACHE)
@step("judge")
def judge(place: Workplace, version: str, progress: Progress) -> Decision:
    """Let the arena judge, record the decision, and point the alias where it says."""
    gate = place.gate
    wanted = version or registry.aliased(gate.client.snapshot().get(place.model), CHALLENGER)
    if wanted is None:
        raise NoChallenger(f"{place.model}: no version has the alias {CHALLENGER}")
    return gate.judge(place.model, wanted, trigger=place.trigger, progress=progress)
