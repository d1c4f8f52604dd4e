"""Naive Bayes on word counts: plain form as JSON counts, compiled form as one weight matrix."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stub_family.words import words

COUNTS = "counts.json"
WEIGHTS = "weights.npz"


class StubModel:
    """Counts of each word under each topic; the compiled form keeps `digits` decimals."""

    def __init__(
        self,
        topics: list[str],
        vocabulary: list[str],
        counts: list[list[float]],
        smoothing: float,
        digits: int,
    ) -> None:
        self.topics = topics
        self.vocabulary = vocabulary
        self.counts = counts
        self.smoothing = smoothing
        self.digits = digits
        self.history = pd.DataFrame({"step": [0], "metric": ["words"], "value": [len(vocabulary)]})

    def weights(self) -> NDArray[np.float64]:
        """Return log probabilities, one row a word and one column a topic, the prior last."""
        counts = np.asarray(self.counts)
        smooth = counts[:-1] + self.smoothing
        prior = counts[-1:] / counts[-1].sum()
        return np.log(np.vstack([smooth / smooth.sum(axis=0), prior]))

    def predict(self, requests: pd.DataFrame) -> pd.DataFrame:
        """Answer every request with its likeliest topic."""
        weights = self.weights()
        places = {word: place for place, word in enumerate(self.vocabulary)}
        found = [
            [places[word] for word in words(text) if word in places] for text in requests["text"]
        ]
        scores = np.array([weights[-1] + weights[row].sum(axis=0) for row in found])
        scores = scores.reshape(len(found), len(self.topics))
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        best = scores.argmax(axis=1)
        return pd.DataFrame(
            {
                "topic": [self.topics[place] for place in best],
                "confidence": (odds.max(axis=1) / odds.sum(axis=1)).astype(float),
            },
            index=pd.Index(requests.index, name="request"),
        )

    def save(self, directory: Path) -> None:
        """Write the counts."""
        document = {name: value for name, value in vars(self).items() if name != "history"}
        (directory / COUNTS).write_text(json.dumps(document), encoding="utf-8")

    def compile(self, directory: Path) -> None:
        """Write the weights as the runtime wants them."""
        np.savez(
            directory / WEIGHTS,
            weights=self.weights().round(self.digits),
            topics=np.array(self.topics),
            vocabulary=np.array(self.vocabulary, dtype=str),
        )


def restore(directory: Path) -> StubModel:
    """Read what `save` wrote."""
    return StubModel(**json.loads((directory / COUNTS).read_text(encoding="utf-8")))


def fit(train: pd.DataFrame, vocabulary: int, smoothing: float, digits: int) -> StubModel:
    """Count the `vocabulary` most frequent words under each topic."""
    frequency = Counter(word for text in train["text"] for word in words(text))
    kept = sorted(frequency, key=lambda word: (-frequency[word], word))[:vocabulary]
    topics = sorted(train["topic"].unique())
    places = {word: place for place, word in enumerate(kept)}
    counts = np.zeros((len(kept) + 1, len(topics)))
    for text, topic in zip(train["text"], train["topic"], strict=True):
        column = topics.index(topic)
        counts[-1, column] += 1
        for word in words(text):
            if word in places:
                counts[places[word], column] += 1
    return StubModel(topics, kept, counts.tolist(), smoothing, digits)
