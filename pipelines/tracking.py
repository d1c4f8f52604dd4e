"""One MLflow run for each training, and one registered version for each candidate.

The run holds parameters, figures, history, data sets with our fingerprints, plots and tags; the
version holds the package. Everything goes to the tracking server over HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import Path
from typing import TYPE_CHECKING

import mlflow
from mlflow import MlflowClient
from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities import Metric as LoggedMetric
from mlflow.models import infer_signature

from features.scratch import scratch_folder
from pipelines.spreadsheets import harmless_frame
from pipelines.training import Candidate
from pipelines.versions.artifact import Package
from pipelines.versions.packaging import PACKAGE_FOLDER

if TYPE_CHECKING:
    from mlflow.models import ModelSignature
    from mlflow.models.model import ModelInfo

MODEL_NAME = "model"
MODEL_FILE = Path(__file__).parent / "versions" / "packaged_model.py"
DIGEST_TAG = "contender.digest"
SOURCE_DIGEST_CHARACTERS = 36
"""MLflow cuts a data set's digest here; the whole sha256 stands in a tag."""
METRICS_A_CALL = 1000


@dataclass(frozen=True)
class Logged:
    """Where a candidate went: its run, its registered version, and the page that shows the run."""

    run_id: str
    model_id: str
    version: str
    url: str


def log_candidate(
    candidate: Candidate,
    mlflow_url: str,
    *,
    tags: Mapping[str, str] | None = None,
    pages: str | None = None,
) -> Logged:
    """Log a run and register its model as a new version. The alias is `registry`'s business.

    `pages` is where people's browsers find the server, where that is not `mlflow_url`.
    """
    mlflow.set_tracking_uri(mlflow_url)
    mlflow.set_registry_uri(mlflow_url)
    name = candidate.family.name
    mlflow.set_experiment(name)
    with mlflow.start_run(run_name=_run_name(candidate), tags=_tags(candidate, tags or {})) as run:
        _log_figures(candidate)
        _log_history(candidate, run.info.run_id)
        _log_data(candidate)
        _log_plots(candidate)
        model = _log_model(candidate)
    version = str(model.registered_model_version)
    MlflowClient().set_model_version_tag(name, version, DIGEST_TAG, candidate.package.digest)
    url = f"{pages or mlflow_url}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}"
    return Logged(run.info.run_id, str(model.model_id), version, url)


def _run_name(candidate: Candidate) -> str:
    return f"{candidate.family.name} {candidate.package.contract.created_at}"


def _tags(candidate: Candidate, tags: Mapping[str, str]) -> dict[str, str]:
    contract = candidate.package.contract
    own = {
        "family": contract.family,
        "form": contract.form,
        "source": candidate.prepared.source.where,
        "test_set": candidate.prepared.test_set.test_set_id,
        "digest": candidate.package.digest,
        **contract.code,
        **{f"fingerprint.{name}": value for name, value in contract.fingerprints.items()},
    }
    return {f"contender.{name}": value for name, value in own.items()} | dict(tags)


def _log_figures(candidate: Candidate) -> None:
    prepared, agreement = candidate.prepared, candidate.package.contract.agreement
    mlflow.log_params({**candidate.package.contract.params, "seed": candidate.seed})
    floor = candidate.family.primary.value(prepared.test_set.floor)
    counts = {
        "rows.train": len(prepared.train),
        "rows.validation": len(prepared.validation),
        "rows.test": len(prepared.test_set.requests),
        "rows.quarantined": len(prepared.raw.quarantined),
        "rows.reviewed_labels": prepared.labels,
    }
    figures = {f"test.{name}": value for name, value in candidate.evaluation.values.items()}
    figures[f"floor.{candidate.family.primary.name}"] = floor
    if agreement is not None and agreement.accepted:
        figures["compiled.largest_difference"] = agreement.largest_difference
    cleaned = prepared.raw.counts.items()
    counts |= {f"cleaned.{name.replace(' ', '_')}": count for name, count in cleaned}
    mlflow.log_metrics({**counts, **figures})


def _log_history(candidate: Candidate, run_id: str) -> None:
    moment = candidate.package.directory.stat().st_mtime_ns // 1_000_000
    history = candidate.fitted.history
    rows = [
        LoggedMetric(f"fit.{metric}", float(value), moment, int(step))
        for step, metric, value in zip(
            history["step"], history["metric"], history["value"], strict=True
        )
    ]
    for start in range(0, len(rows), METRICS_A_CALL):
        MlflowClient().log_batch(run_id, metrics=rows[start : start + METRICS_A_CALL])


def _log_data(candidate: Candidate) -> None:
    where = candidate.prepared.source.where
    for part, digest in candidate.package.contract.fingerprints.items():
        if part == "test_set_id":
            continue
        dataset = MetaDataset(  # type: ignore[abstract]  # MLflow's own class lacks `profile`
            CodeDatasetSource({"contender.source": where}),
            name=f"{candidate.family.name} {part}",
            digest=digest[:SOURCE_DIGEST_CHARACTERS],
        )
        mlflow.log_input(dataset, context=part, tags={"contender.sha256": digest})


def _log_plots(candidate: Candidate) -> None:
    with scratch_folder("run") as folder:
        drawings = candidate.family.figures(candidate.fitted, candidate.evaluation).drawings
        for file, draw in drawings.items():
            draw().savefig(folder / file, bbox_inches="tight")
        quarantined = candidate.prepared.raw.quarantined
        if len(quarantined):
            harmless_frame(quarantined).to_csv(folder / "quarantined.csv", index_label="line")
        mlflow.log_artifacts(str(folder))


def _log_model(candidate: Candidate) -> ModelInfo:
    requests = candidate.prepared.test_set.requests.head(3)
    info: ModelInfo = mlflow.pyfunc.log_model(
        name=MODEL_NAME,
        python_model=str(MODEL_FILE),
        artifacts={PACKAGE_FOLDER: str(candidate.package.directory)},
        signature=_signature(candidate),
        input_example=requests.reset_index(drop=True),
        # Beside these a reader needs this project installed: it is not on any index.
        pip_requirements=_requirements(candidate.package),
        registered_model_name=candidate.family.name,
    )
    return info


def _signature(candidate: Candidate) -> ModelSignature:
    requests = candidate.prepared.test_set.requests.head(50)
    return infer_signature(requests, candidate.fitted.predict(requests))


def _requirements(package: Package) -> list[str]:
    versions = {"mlflow": installed("mlflow"), **package.contract.libraries}
    return [f"{name}=={number}" for name, number in sorted(versions.items())]
