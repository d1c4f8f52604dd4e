"""Answers requests from a compiled text model: checks the text, cuts it, scores it, ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import orjson

from pipelines.contract import RequestRefused, Row
from pipelines.text_kernel.forest import ForestHead, Trees
from pipelines.text_kernel.heads import (
    FOREST_FILE,
    ForestGraphHead,
    Head,
    LinearHead,
    SimilarityHead,
)
from pipelines.text_kernel.ranking import answers
from pipelines.text_kernel.vectors import Vectors

HeadName = Literal["linear", "similarity", "forest"]

KERNEL_FILE = "kernel.json"
TEXT_LIMIT_CHARACTERS = 20_000
BATCH = 256
"""Texts scored together: bounds the memory that one call takes."""


@dataclass(frozen=True)
class Kernel:
    """What a compiled text model says about itself."""

    head: HeadName
    labels: tuple[str, ...]
    temperature: float
    prior: tuple[float, ...]
    """How often each label is the right one: the answer to a text without a known term."""

    def save(self, directory: Path) -> None:
        """Write `kernel.json`."""
        (directory / KERNEL_FILE).write_bytes(orjson.dumps(asdict(self)))

    @classmethod
    def open(cls, directory: Path) -> Kernel:
        """Read what `save` wrote."""
        entry = orjson.loads((directory / KERNEL_FILE).read_bytes())
        return cls(
            entry["head"],
            tuple(entry["labels"]),
            float(entry["temperature"]),
            tuple(entry["prior"]),
        )


class TextRuntime:
    """A compiled text model: `text` names the request's column, `target` the answer's."""

    def __init__(self, directory: Path, text: str, target: str) -> None:
        kernel = Kernel.open(directory)
        self._text, self._target, self._labels = text, target, kernel.labels
        self._prior = np.array(kernel.prior)
        self._vectors = Vectors.open(directory)
        self._head = _head(directory, kernel, self._vectors.width)

    def predict(self, instances: Sequence[Mapping[str, object]]) -> list[list[Row]]:
        """Return one response row for each instance. Raises `RequestRefused`."""
        texts = [text_of(instance, self._text, place) for place, instance in enumerate(instances)]
        return [
            [row]
            for start in range(0, len(texts), BATCH)
            for row in self._answers(texts[start : start + BATCH])
        ]

    def _answers(self, texts: Sequence[str]) -> list[Row]:
        rows = [self._vectors.row(text) for text in texts]
        probabilities = self._head.probabilities(rows)
        probabilities[[not columns.size for columns, _ in rows]] = self._prior
        return answers(probabilities, self._labels, self._target)

    def close(self) -> None:
        """Nothing is held but memory, which goes with the object."""


def _head(directory: Path, kernel: Kernel, width: int) -> Head:
    if kernel.head == "linear":
        return LinearHead.open(directory, kernel.temperature)
    if kernel.head == "similarity":
        return SimilarityHead.open(directory, kernel.temperature)
    if Trees.are_in(directory):
        return ForestHead(Trees.open(directory), kernel.temperature)
    return ForestGraphHead(directory / FOREST_FILE, width, kernel.temperature)


def text_of(instance: Mapping[str, object], column: str, place: int) -> str:
    """Return the text of one instance. Raises `RequestRefused`, which names it."""
    text = instance.get(column)
    if not isinstance(text, str):
        found = "is missing" if text is None else f"is {type(text).__name__}"
        raise RequestRefused(f"instance {place}: {column!r} must be a text, but it {found}")
    if not text.strip():
        raise RequestRefused(f"instance {place}: {column!r} is empty")
    if len(text) > TEXT_LIMIT_CHARACTERS:
        raise RequestRefused(
            f"instance {place}: {column!r} has {len(text)} characters; "
            f"at most {TEXT_LIMIT_CHARACTERS} are answered"
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise RequestRefused(
            f"instance {place}: {column!r} is not valid Unicode: {error}"
        ) from None
    return text
