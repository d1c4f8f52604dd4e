"""Any network of `keras.applications` as an encoder, with weights from a local file."""

from __future__ import annotations

import hashlib
import importlib
import logging
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.contract import FitRefused

logger = logging.getLogger(__name__)

SIDE = 224
SEED = 7


class KerasApplicationRefused(FitRefused):
    """Keras has no such network, or the weights do not fit it; the message says which."""


class KerasApplication:
    """A network of Keras without its classifier, its last feature map averaged.

    Nothing is downloaded: `weights` names a local file that holds the weights without the
    classifier (`..._notop.h5`, or what `save_weights` wrote). Without one the weights are random,
    the same at every run, and a warning says so: such an embedding knows colours and coarse
    shapes, and is for trying things out. Making one seeds the random generators of Keras.
    """

    side = SIDE

    def __init__(self, application: str, weights: Path | None = None) -> None:
        """Build the network. Raises `KerasApplicationRefused`."""
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # silences notes on processor features
        import keras

        build = getattr(keras.applications, application, None)
        if not isinstance(application, str) or not callable(build):
            raise KerasApplicationRefused(
                f"Keras has no application {application!r}; there are {', '.join(applications())}"
            )
        keras.utils.set_random_seed(SEED)
        self._network = build(
            include_top=False, weights=None, input_shape=(SIDE, SIDE, 3), pooling="avg"
        )
        self._scaled = importlib.import_module(build.__module__).preprocess_input
        self.name = f"keras:{application}/{SIDE}/{_loaded(self._network, application, weights)}"
        self.dimensions = int(self._network.output_shape[-1])

    def embed(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return (n, dimensions) of pictures (n, side, side, 3)."""
        # One by one: the last digits of a picture's vector then depend on no other picture.
        answers = [
            self._network.predict_on_batch(self._scaled(one[np.newaxis].astype(np.float32)))
            for one in pictures
        ]
        return np.concatenate(answers).astype(np.float32)


def applications() -> tuple[str, ...]:
    """Return the names of the networks that Keras has."""
    import keras

    names = vars(keras.applications)
    return tuple(sorted(name for name in names if name[0].isupper() and callable(names[name])))


def _loaded(network: object, application: str, weights: Path | None) -> str:
    """Load the weights, and return what tells them from others."""
    if weights is None:
        logger.warning("no weights for %s: they stay random, and mean little", application)
        return f"random-{SEED}"
    try:
        network.load_weights(weights)  # type: ignore[attr-defined]
    except (OSError, ValueError) as error:
        raise KerasApplicationRefused(f"{weights} does not fit {application}: {error}") from error
    return hashlib.sha256(weights.read_bytes()).hexdigest()[:12]
