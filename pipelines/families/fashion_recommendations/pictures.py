"""Pictures to looks: a frozen encoder's vectors, centred, on their principal axes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.contract import Progress
from pipelines.image_embeddings.encoders import ImageEncoder, open_encoder
from pipelines.settings import HOME_VARIABLE

Floats = NDArray[np.float32]

ROOT = Path(__file__).resolve().parents[3]
WHITENING = 0.5
"""How far the axes are brought to one length: 0 leaves them, 1 makes them equal. Between, since
the first axes tell kinds of clothes apart and taste lies in the later ones, beside much noise."""


def encoder_of(name: str, weights: str) -> ImageEncoder:
    """Open the encoder of that name, with its cache below the home. Raises `FitRefused`."""
    return open_encoder(name, cache_folder(), Path(weights).expanduser() if weights else None)


def cache_folder() -> Path:
    """Return the folder in which vectors are kept by the content of their pictures."""
    return Path(os.environ.get(HOME_VARIABLE) or ROOT).expanduser() / "var" / "cache" / "pictures"


def looks_of(
    pictures: Sequence[str | None], encoder: ImageEncoder, dimensions: int, progress: Progress
) -> Floats:
    """Return a look for each item, (I, `dimensions`); zeros where the picture is not to be had."""
    found = [place for place, picture in enumerate(pictures) if picture]
    looks = np.zeros((len(pictures), dimensions), np.float32)
    vectors = encoder.encode([Path(str(pictures[place])) for place in found], progress)
    sound = np.isfinite(vectors).all(axis=1)
    if sound.sum() > 1:
        looks[np.array(found)[sound]] = on_principal_axes(vectors[sound], dimensions)
    return looks


def on_principal_axes(vectors: Floats, dimensions: int) -> Floats:
    """Return n vectors (n, d) centred, on at most `dimensions` half-whitened principal axes.

    Padded with zeros where there are fewer axes; the length of a row is 1 on average.
    """
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    left, lengths, axes = np.linalg.svd(centred, full_matrices=False)
    kept = int(min(dimensions, (lengths > lengths[0] * 1e-6).sum()))
    # An axis may point either way; its largest entry is made positive, lest machines differ.
    signs = np.sign(axes[np.arange(kept), np.abs(axes[:kept]).argmax(axis=1)])
    rows = left[:, :kept] * lengths[:kept] ** (1 - WHITENING) * signs
    scale = np.sqrt((rows**2).sum(axis=1).mean())
    padded = np.zeros((len(rows), dimensions), np.float32)
    padded[:, :kept] = rows / max(scale, 1e-12)
    return padded
