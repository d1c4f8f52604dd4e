"""Embeddings of real product photos: the network finds more of a kind than colours and edges."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from features.images import colour_histogram, oriented_gradients, read_picture
from pipelines.image_embeddings.encoders import open_encoder

Floats = NDArray[np.floating]
PHOTOS = 1_500


@pytest.fixture(scope="module")
def photos(real_data) -> pd.DataFrame:
    """The same photos at every run, in whatever order the table stands."""
    folder = real_data / "fashion_product_images"
    items = pd.read_csv(folder / "items.csv.gz", dtype={"item_id": str})
    order = items["item_id"].map(lambda item: hashlib.sha256(item.encode()).hexdigest())
    chosen = items.loc[order.sort_values().index[:PHOTOS]]
    return chosen.assign(path=[folder / "images" / f"{item}.jpg" for item in chosen["item_id"]])


@pytest.fixture(scope="module")
def embedded(photos, tmp_path_factory) -> Floats:
    encoder = open_encoder("efficientnet_lite0", tmp_path_factory.mktemp("cache"))
    rows = encoder.encode(list(photos["path"]))
    assert encoder.damage == ()
    return rows - rows.mean(axis=0)


def described(photos: pd.DataFrame, describe: Callable[..., Floats]) -> Floats:
    return np.stack([describe(read_picture(path, 64)) for path in photos["path"]])


def same_kind(rows: Floats, kinds: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Return whether each of the ten nearest others is of the same kind, (n, 10)."""
    unit = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    likeness = unit @ unit.T
    np.fill_diagonal(likeness, -np.inf)
    nearest = np.argsort(-likeness, axis=1, kind="stable")[:, :10]
    return kinds[nearest] == kinds[:, np.newaxis]


@pytest.mark.slow
@pytest.mark.parametrize("describe", [colour_histogram, oriented_gradients])
def test_neighbours_are_more_often_of_the_same_kind(photos, embedded, describe):
    kinds = photos["articleType"].to_numpy()
    network, plain = same_kind(embedded, kinds), same_kind(described(photos, describe), kinds)
    assert network[:, 0].mean() > plain[:, 0].mean() + 0.01
    gain = network.mean(axis=1) - plain.mean(axis=1)
    assert gain.mean() > 4 * gain.std(ddof=1) / np.sqrt(len(gain))
    assert network[:, 0].mean() > 0.77
    assert network.mean() > 0.65


@pytest.mark.slow
def test_any_network_of_keras_is_an_encoder_and_says_that_its_weights_are_random(
    photos, tmp_path, caplog
):
    paths: list[Path] = list(photos["path"][:6])
    encoder = open_encoder("keras:MobileNetV3Small", tmp_path)
    rows = encoder.encode(paths)
    assert rows.shape == (6, encoder.dimensions)
    assert np.isfinite(rows).all()
    assert len(np.unique(rows, axis=0)) == 6
    assert "random" in encoder.name
    assert "no weights for MobileNetV3Small" in caplog.text
    again = open_encoder("keras:MobileNetV3Small", tmp_path / "elsewhere")
    assert np.array_equal(again.encode(paths[:2]), rows[:2])
