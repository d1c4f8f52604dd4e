"""`TextModel`: a vectoriser, a classifier and a temperature; saves, restores and compiles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import orjson
import pandas as pd

from pipelines.text_kernel.heads import LinearHead
from pipelines.text_kernel.ranking import Floats, answers, sharpened, softmax
from pipelines.text_kernel.runtime import HeadName, Kernel
from pipelines.text_models.forest_arrays import forest_arrays
from pipelines.text_models.recipe import vectors_of
from pipelines.text_models.similarity import SimilarityClassifier

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix
    from sklearn.base import ClassifierMixin
    from sklearn.pipeline import FeatureUnion

ESTIMATORS_FILE = "estimators.skops"
FACTS_FILE = "model.json"
HISTORY_FILE = "history.json"
TRUSTED = (
    "pipelines.text_kernel.vectors.Terms",
    "pipelines.text_models.informed.InformedVectorizer",
    "pipelines.text_models.similarity.SimilarityClassifier",
    "scipy.sparse._csr.csr_matrix",
    "sklearn.tree._tree.Tree",
)
"""What our own estimators hold beside plain arrays; anything else in a file is refused."""


class TextModel:
    """A fitted text classifier in scikit-learn's own form."""

    def __init__(
        self,
        union: FeatureUnion,
        classifier: ClassifierMixin,
        *,
        text: str,
        target: str,
        prior: Sequence[float],
        temperature: float = 1.0,
        history: pd.DataFrame | None = None,
    ) -> None:
        self.union = union
        self.classifier = classifier
        self.text, self.target = text, target
        self.prior = np.asarray(prior, dtype=np.float64)
        self.temperature = temperature
        self.history = no_history() if history is None else history

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that it can answer, in the order of its scores."""
        return tuple(str(label) for label in self.classifier.classes_)

    @property
    def head(self) -> HeadName:
        """Which kind of head the classifier compiles to."""
        if isinstance(self.classifier, SimilarityClassifier):
            return "similarity"
        return "linear" if hasattr(self.classifier, "coef_") else "forest"

    def raw(self, matrix: csr_matrix) -> Floats:
        """Return class shares (forest) or uncalibrated scores, a column each label."""
        if self.head == "forest":
            return np.asarray(self.classifier.predict_proba(matrix))
        scores = np.asarray(self.classifier.decision_function(matrix))
        return np.column_stack([-scores, scores]) if scores.ndim == 1 else scores

    def calibrated(self, raw: Floats, temperature: float) -> Floats:
        """Return what `raw` gave as probabilities under a temperature."""
        return (sharpened if self.head == "forest" else softmax)(raw, temperature)

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """Return calibrated probabilities; a text without a known term gets the labels' shares."""
        matrix = self.union.transform(texts)
        found = self.calibrated(self.raw(matrix), self.temperature)
        found[np.diff(matrix.indptr) == 0] = self.prior
        return found

    def predict(self, requests: pd.DataFrame) -> pd.DataFrame:
        """Answer every request: the label, its confidence, the next best ones."""
        columns = [self.target, "confidence", "alternatives"]
        index = requests.index.rename("request")
        if requests.empty:
            return pd.DataFrame(columns=columns, index=index)
        probabilities = self.probabilities(requests[self.text].tolist())
        rows = answers(probabilities, self.labels, self.target)
        return pd.DataFrame(rows, index=index, columns=columns)

    def save(self, directory: Path) -> None:
        """Write the estimators with skops (no pickle) and the rest as JSON."""
        from skops import io

        facts = {
            "text": self.text,
            "target": self.target,
            "temperature": self.temperature,
            "prior": self.prior.tolist(),
        }
        io.dump([self.union, self.classifier], directory / ESTIMATORS_FILE)
        (directory / FACTS_FILE).write_bytes(orjson.dumps(facts))
        self.history.to_json(directory / HISTORY_FILE, orient="records", double_precision=15)

    def compile(self, directory: Path) -> None:
        """Write the arrays that `pipelines.text_kernel` answers from."""
        vectors = vectors_of(self.union)
        vectors.save(directory)
        Kernel(self.head, self.labels, self.temperature, tuple(self.prior.tolist())).save(directory)
        if isinstance(self.classifier, SimilarityClassifier):
            self.classifier.head(self.temperature).save(directory)
        elif self.head == "forest":
            forest_arrays(self.classifier).save(directory)
        else:
            _linear_head(self.classifier, self.temperature).save(directory)


def restore(directory: Path) -> TextModel:
    """Read what `TextModel.save` wrote."""
    from skops import io

    union, classifier = io.load(directory / ESTIMATORS_FILE, trusted=list(TRUSTED))
    facts = orjson.loads((directory / FACTS_FILE).read_bytes())
    history = pd.DataFrame(orjson.loads((directory / HISTORY_FILE).read_bytes()))
    return TextModel(union, classifier, **facts, history=history if len(history) else no_history())


def no_history() -> pd.DataFrame:
    """Return an empty history: nothing was measured while fitting."""
    return pd.DataFrame({"step": [], "metric": [], "value": []})


def _linear_head(classifier: ClassifierMixin, temperature: float) -> LinearHead:
    weights, intercept = np.asarray(classifier.coef_).T, np.asarray(classifier.intercept_)
    if weights.shape[1] == 1:  # two labels share one line of weights
        weights, intercept = np.hstack([-weights, weights]), np.array([-intercept[0], intercept[0]])
    return LinearHead(
        np.ascontiguousarray(weights, dtype=np.float32), intercept.astype(np.float64), temperature
    )
