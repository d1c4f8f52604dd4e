"""The flow `train`: from a source to a registered challenger."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path

from prefect import Flow, flow, task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from features.scratch import scratch_folder
from features.sources import Raw, Source
from flows.forms import Origin, TrainQuestions, answers, shape
from flows.report import report_reading, report_training
from flows.workplace import Workplace, workplace
from pipelines import catalog, tracking, training
from pipelines.contract import FamilyParams, Progress
from pipelines.labels import Labels
from pipelines.observability.spans import step
from pipelines.settings import Settings

NAME = "train"


@dataclass(frozen=True)
class Trained:
    """A challenger: its registered version, its figures on the test set, its MLflow run."""

    model: str
    version: str
    metric: str
    value: float
    run_id: str
    run_url: str

    def as_json(self) -> dict[str, object]:
        """Return what a run of this flow answers."""
        return asdict(self)


def build(model: str) -> Flow[..., object]:
    """Return the flow that trains a challenger for `model`."""
    family = catalog.family(model)

    def run(**values: object) -> dict[str, object]:
        questions = answers(TrainQuestions, values)
        params = answers(family.Params, values)
        with workplace(model, answers(Origin, values)) as place:
            return steps(place, questions, params, place.progress).as_json()

    shape(run, family.Params, TrainQuestions, Origin)
    return flow(name=NAME, description=f"{family.title}: train and register a challenger.")(run)


def steps(
    place: Workplace, questions: TrainQuestions, params: FamilyParams, progress: Progress
) -> Trained:
    """Train within a run that already has its workplace."""
    source = source_of(place.settings, place.model, questions)
    progress(0.0, f"reading {source.name}")
    raw = load(place.model, source)
    progress(training.LOADED, "read; splitting")
    prepared = prepare(place, source, raw)
    progress(training.SPLIT, f"split: {len(prepared.train)} rows to fit on")
    with scratch_folder("training") as folder:
        candidate = fit(prepared, params, questions.seed, folder, progress)
        return register(place, candidate)


def source_of(settings: Settings, model: str, questions: TrainQuestions) -> Source:
    """Return the source that was asked for: another one, or the configured one read otherwise.

    Raises `ColumnsRefused`, and `SourceError` where none is configured.
    """
    columns = column_mapping(questions.columns)
    if questions.source:
        return Source(settings.resolved(questions.source), columns, questions.query or None)
    configured = settings.source(model)
    return replace(
        configured,
        columns={**configured.columns, **columns},
        query=questions.query or configured.query,
    )


def column_mapping(text: str) -> dict[str, str]:
    """Parse `ours=theirs,ours=theirs`. Raises `ColumnsRefused`."""
    pairs = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        ours, equals, theirs = part.partition("=")
        if not (equals and ours.strip() and theirs.strip()):
            raise ColumnsRefused(f"columns: {part!r} is not ours=theirs")
        pairs[ours.strip()] = theirs.strip()
    return pairs


class ColumnsRefused(ValueError):
    """The column mapping cannot be read; the message quotes the part that is wrong."""


@task(name="load", cache_policy=NO_CACHE)
@step("load")
def load(model: str, source: Source) -> Raw:
    """Read and validate the source; damaged rows become an artifact."""
    raw = catalog.family(model).load(source)
    report_reading(model, raw)
    return raw


@task(name="split", cache_policy=NO_CACHE)
@step("split")
def prepare(place: Workplace, source: Source, raw: Raw) -> training.Prepared:
    """Split the rows, and hold them against the frozen test set."""
    family = catalog.family(place.model)
    split = family.split(raw.frame)
    labels = Labels(place.store).training_rows(place.model)
    frozen = place.gate.test_set(place.model, source, split)
    retired = place.gate.retired_rows(place.model, source)
    return training.prepare(family, source, raw, split, frozen, labels, retired)


@task(name="fit", cache_policy=NO_CACHE)
@step("fit")
def fit(
    prepared: training.Prepared,
    params: FamilyParams,
    seed: int,
    directory: Path,
    progress: Progress,
) -> training.Candidate:
    """Fit, package and measure."""
    family = catalog.family(prepared.test_set.model)
    return training.train_candidate(
        prepared, family, params, seed=seed, directory=directory, progress=progress
    )


@task(name="register", cache_policy=NO_CACHE)
@step("register")
def register(place: Workplace, candidate: training.Candidate) -> Trained:
    """Log the run, register the version, admit it, and give it the alias challenger."""
    tags = {"contender.flow_run": place.trigger.flow_run_id or ""}
    logged = tracking.log_candidate(
        candidate, place.settings.mlflow_url, tags=tags, pages=place.settings.mlflow_pages
    )
    place.gate.challenge(candidate.package, logged.version)
    get_run_logger().info(
        "%s: version %s is registered",
        place.model,
        logged.version,
        extra={"version": logged.version, "run_id": logged.run_id},
    )
    report_training(place.model, logged.version, logged.run_id, logged.url, place.settings)
    metric = candidate.family.primary.name
    value = candidate.evaluation.values[metric]
    return Trained(place.model, logged.version, metric, value, logged.run_id, logged.url)
