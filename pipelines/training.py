"""Training: from a source to a packaged candidate, measured the way it would be served.

Knows no Prefect and no MLflow. Both other stations of a run begin with what this one returns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from features.sources import Raw, Source, fingerprint
from pipelines.contract import (
    Evaluation,
    Examples,
    FamilyParams,
    FittedModel,
    ModelFamily,
    Progress,
)
from pipelines.gate.leakage import keys_of
from pipelines.test_sets.generations import reviewed_rows
from pipelines.versions.answers import ask, frame_of
from pipelines.versions.artifact import Package, open_runtime
from pipelines.versions.packaging import Facts, build, with_values
from pipelines.versions.provenance import code_version, libraries

if TYPE_CHECKING:
    from features.splits import Split
    from pipelines.labels import Label
    from pipelines.test_sets.frozen import TestSet

ROOT = Path(__file__).resolve().parent.parent
LOADED, SPLIT, FITTED, PACKAGED, MEASURED = 0.1, 0.15, 0.8, 0.9, 1.0
"""How far a training is when each of its steps is done."""


class NothingToTrainOn(ValueError):
    """The test set and its copies leave no row to fit on."""


@dataclass(frozen=True)
class Prepared:
    """The rows of one training, none of which is a copy of a test row."""

    source: Source
    raw: Raw
    test_set: TestSet
    train: pd.DataFrame
    validation: pd.DataFrame
    labels: int
    """How many reviewed labels are among the training rows."""


@dataclass(frozen=True)
class Candidate:
    """A fitted, packaged model with everything that a run records about it."""

    family: ModelFamily
    params: FamilyParams
    seed: int
    prepared: Prepared
    fitted: FittedModel
    package: Package
    evaluation: Evaluation
    """On the test set, answered by the runtime that would serve it."""


def prepare(
    family: ModelFamily,
    source: Source,
    raw: Raw,
    split: Split,
    test_set: TestSet,
    labels: Sequence[Label] = (),
    retired: Sequence[pd.DataFrame] = (),
) -> Prepared:
    """Take the training rows of a split, with reviewed labels, without copies of test rows.

    The test set is frozen, so a later split may put its neighbours elsewhere: what the test set
    and its seal hold is left out here, whatever the split says. A reviewed label stands in place
    of the rows whose group it has reviewed, in every part: none of them may be fitted on and
    calibrated by. `retired` holds the rows of test sets that are used up.
    """
    # What has come to be training or validation data by the passing of time is not there twice.
    there = set(family.groups(split.train)) | set(family.groups(split.validation))
    late = [_without(family, rows, there) for rows in retired]
    fitted_on = pd.concat([split.train, *late])
    kept_out = set(family.groups(split.sealed))
    # A small frame keeps more for testing than the pools of labels do: what may be in the next
    # generation is not trained on by way of its label either.
    waiting = set(family.groups(split.test)) - set(family.groups(fitted_on))

    def admissible(part: pd.DataFrame, without: set[object]) -> pd.DataFrame:
        return family.admissible(_without(family, part, kept_out | without), test_set.withheld)

    reviewed = admissible(reviewed_rows(family, labels, split.train), waiting)
    seen = set(family.groups(reviewed))
    train = pd.concat([admissible(fitted_on, seen), reviewed])
    validation = admissible(split.validation, seen)
    if train.empty:
        raise NothingToTrainOn(f"{family.name}: no row of {source.where} is left to train on")
    return Prepared(source, raw, test_set, train, validation, len(reviewed))


def train_candidate(
    prepared: Prepared,
    family: ModelFamily,
    params: FamilyParams,
    *,
    seed: int,
    directory: Path,
    progress: Progress,
) -> Candidate:
    """Fit, write `directory/package`, and measure on the frozen test set."""
    train, validation, test_set = prepared.train, prepared.validation, prepared.test_set
    fitted = family.fit(train, validation, params, seed, _between(progress, SPLIT, FITTED))
    progress(FITTED, "fitted; packaging")
    package = build(directory, family, fitted, test_set.requests, _facts(prepared, family, params))
    progress(PACKAGED, "packaged; measuring on the test set")
    examples = Examples(test_set.requests, test_set.actual)
    evaluation = measure(package, family, examples)
    progress(
        MEASURED, f"measured: {family.primary.name} {evaluation.values[family.primary.name]:.4f}"
    )
    package = with_values(package, evaluation.values)
    return Candidate(family, params, seed, prepared, fitted, package, evaluation)


def measure(package: Package, family: ModelFamily, examples: Examples) -> Evaluation:
    """Answer examples through the package's runtime, and score the answers."""
    runtime = open_runtime(package)
    try:
        answers = ask(runtime, examples.requests)
    finally:
        runtime.close()
    predictions = frame_of(answers, examples.requests.index, family)
    return family.evaluate(predictions, examples.actual)


def _facts(prepared: Prepared, family: ModelFamily, params: FamilyParams) -> Facts:
    train, validation = prepared.train, prepared.validation
    seen = family.groups(pd.concat([train, validation]))
    return Facts(
        params=params,
        fingerprints={
            "source": prepared.raw.fingerprint,
            "train": fingerprint(train),
            "validation": fingerprint(validation),
            "test_set": prepared.test_set.sha256,
            "test_set_id": prepared.test_set.test_set_id,
        },
        training_window=_window(family, train),
        code=code_version(ROOT),
        libraries=libraries(),
        training_keys=keys_of(seen.unique()),
        created_at=datetime.now(UTC),
    )


def _window(family: ModelFamily, train: pd.DataFrame) -> dict[str, str]:
    """Return from when to when the training rows are, where they have times."""
    times = [column.name for column in family.schema.columns if column.kind == "timestamp"]
    rows = {"rows": str(len(train))}
    present = [name for name in times if name in train]
    if not present:
        return rows
    moments = train[present[0]].dropna()
    return rows | {"from": str(moments.min()), "to": str(moments.max())}


def _without(family: ModelFamily, part: pd.DataFrame, groups: set[object]) -> pd.DataFrame:
    return part[~family.groups(part).isin(groups).to_numpy()]


def _between(progress: Progress, start: float, end: float) -> Progress:
    return lambda share, message: progress(start + share * (end - start), message)
