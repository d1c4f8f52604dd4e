"""Families that answer one text with one label: everything that they share but the model.

A family adds its names, its hyperparameters and its `fit`. Near-duplicates share a group, so they
stand in one part of the split; exact copies of a question are asked and learnt once.
"""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd

from features import sources, splits
from features.sources import Raw, Source
from features.splits import Split
from features.text import group_key, lemmas, normalise
from pipelines import plots
from pipelines.contract import (
    Evaluation,
    Examples,
    FamilyParams,
    Figures,
    FittedModel,
    Guardrail,
    ModelFamily,
    Progress,
)
from pipelines.gate.business import REVENUE_ACCURACY, REVENUE_F1
from pipelines.metrics import Metric

MACRO_F1 = Metric("macro_f1", "macro_f1", ("actual", "predicted"))
ACCURACY = Metric("accuracy", "mean", ("correct",))
TOP_3 = Metric("top_3_accuracy", "mean", ("in_top3",))
BRIER = Metric("brier", "mean", ("brier",), direction="down")
"""Mean of (confidence - correct)²: low when answers are right and confidences true."""

SHORT_WORDS = 3
RARE_ROWS = 2


class LabelFamily(ModelFamily):
    """A family whose request is a text and whose answer is a label."""

    text: ClassVar[str]
    """The request's column."""
    primary = MACRO_F1
    metrics = (MACRO_F1, ACCURACY, TOP_3)
    business = (REVENUE_ACCURACY, REVENUE_F1)
    guardrails = (Guardrail(BRIER, margin=0.02),)
    slices = ("short", "with_number", "rare")

    def load(self, source: Source) -> Raw:
        """Read and validate the source."""
        return sources.read(source, self.schema)

    def split(self, frame: pd.DataFrame) -> Split:
        """Split by normalised text, so that no near-copy of a training row is a test row."""
        return splits.split_by_group(frame, self.groups(frame), salt=self.name)

    def groups(self, frame: pd.DataFrame) -> pd.Series:
        """Return each row's normalised text."""
        return frame[self.text].map(group_key).astype(str)

    def features(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return each text normalised and as lemmas: what the terms are cut from."""
        texts = frame[self.text]
        return pd.DataFrame(
            {
                "normalised": texts.map(normalise),
                "lemmas": texts.map(lambda text: " ".join(lemmas(text))),
            },
            index=frame.index,
        )

    def examples(self, part: pd.DataFrame, context: pd.DataFrame | None = None) -> Examples:
        """Return each distinct question once, with its truth, group and slices."""
        del context  # a text is asked about by itself
        asked = distinct(part, self.text, self.target)
        index = pd.RangeIndex(len(asked), name="request")
        texts = pd.Series(asked[self.text].to_numpy(), index=index, dtype=str)
        labels = pd.Series(asked[self.target].to_numpy(), index=index, dtype=str)
        normalised = texts.map(normalise).astype(str)
        actual = pd.DataFrame(
            {
                self.target: labels,
                "group": texts.map(group_key).astype(str),
                "slice:short": normalised.str.count(" ") < SHORT_WORDS,
                "slice:with_number": normalised.str.contains(r"\d", regex=True),
                "slice:rare": labels.map(labels.value_counts()) <= RARE_ROWS,
            }
        )
        return Examples(pd.DataFrame({self.text: texts}), actual)

    def floor(self, train: pd.DataFrame, requests: pd.DataFrame) -> pd.DataFrame:
        """Answer every request with the commonest labels of the training part."""
        counts = distinct(train, self.text, self.target)[self.target].value_counts()
        shares = (counts / counts.sum()).sort_index().sort_values(ascending=False, kind="stable")
        ranked = [
            {self.target: str(label), "confidence": float(share)}
            for label, share in shares.head(5).items()
        ]
        row = {**ranked[0], "alternatives": ranked}
        return pd.DataFrame([row] * len(requests), index=requests.index, columns=list(row))

    def fit(
        self,
        train: pd.DataFrame,
        validation: pd.DataFrame,
        params: FamilyParams,
        seed: int,
        progress: Progress,
    ) -> FittedModel:
        """Fit on the distinct texts of `train`; see `fit_distinct`."""
        return self.fit_distinct(
            distinct(train, self.text, self.target),
            distinct(validation, self.text, self.target),
            params,
            seed,
            progress,
        )

    @abstractmethod
    def fit_distinct(
        self,
        train: pd.DataFrame,
        validation: pd.DataFrame,
        params: FamilyParams,
        seed: int,
        progress: Progress,
    ) -> FittedModel:
        """Fit on parts that hold every question once, in an order of their own."""

    def evaluate(self, predictions: pd.DataFrame, actual: pd.DataFrame) -> Evaluation:
        """Hold each answer against its truth."""
        per_request = per_request_of(predictions, actual, self.target)
        measured = {*self.metrics, *(rail.metric for rail in self.guardrails)}
        values = {metric.name: metric.value(per_request) for metric in measured}
        return Evaluation(per_request, dict(sorted(values.items())))

    def restore(self, directory: Path) -> FittedModel:
        """Load a saved text model."""
        from pipelines.text_models.model import restore

        return restore(directory)

    def figures(self, model: FittedModel, evaluation: Evaluation) -> Figures:
        """Return confusion, per-class F1, calibration and what fitting measured."""
        rows = evaluation.per_request
        return Figures(
            {
                "confusion.png": lambda: plots.confusion(rows),
                "per_class_f1.png": lambda: plots.per_class_f1(rows),
                "calibration.png": lambda: plots.calibration(rows),
                "learning.png": lambda: plots.learning(model.history),
            }
        )


def distinct(part: pd.DataFrame, text: str, target: str) -> pd.DataFrame:
    """Return one row for each group and label, whatever the order of the rows.

    A text that carries two labels keeps both: that is noise to be measured, not hidden.
    """
    keyed = part.assign(_group=part[text].map(group_key).astype(str))
    ordered = keyed.sort_values(["_group", target, text], kind="stable")
    return ordered.drop_duplicates(["_group", target]).drop(columns="_group")


def per_request_of(predictions: pd.DataFrame, actual: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return the table that every figure is computed from, one row for each true answer.

    Without a `group` each request stands for itself. A version that states no confidence has
    none here either, and counts as right in the top 3 when its one answer is right. One that
    states it for some answers only is held to be certain of the others, lest silence hide errors.
    """
    answered = predictions.reindex(actual.index)
    truth, given = actual[target].astype(str), answered[target].astype(str)
    correct = (truth == given).astype(float)
    stated = answered.get("confidence", pd.Series(float("nan"), index=actual.index))
    confidence = pd.to_numeric(stated, errors="coerce").astype(float)
    confidence = confidence.where(np.isfinite(confidence))
    held = confidence.fillna(1.0) if confidence.notna().any() else confidence
    ranked = answered.get("alternatives", pd.Series([[]] * len(actual), index=actual.index))
    leading = [_leading(entry, target) for entry in ranked]
    rows = pd.DataFrame(
        {
            "group": actual["group"] if "group" in actual else actual.index.astype(str),
            "stratum": truth,
            "actual": truth,
            "predicted": given,
            "confidence": confidence,
            "correct": correct,
            "in_top3": [
                float(right or label in best)
                for right, label, best in zip(correct, truth, leading, strict=True)
            ],
            "brier": (held - correct) ** 2,
        },
        index=actual.index,
    )
    slices = [column for column in actual.columns if str(column).startswith("slice:")]
    return rows.join(actual[slices])


def _leading(alternatives: object, target: str) -> list[str]:
    if not isinstance(alternatives, list | tuple):
        return []
    return [str(entry[target]) for entry in alternatives[:3]]
