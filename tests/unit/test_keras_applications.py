"""Keras applications as encoders: weights from a local file, and refusals in plain words."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.image_embeddings.encoders import open_encoder
from pipelines.image_embeddings.keras_applications import (
    KerasApplication,
    KerasApplicationRefused,
    applications,
)

pytestmark = pytest.mark.slow


def test_the_networks_of_keras_are_listed_and_others_refused(tmp_path):
    assert {"EfficientNetB0", "MobileNetV3Small", "ResNet50", "VGG16"} <= set(applications())
    for name in ("NoSuchNet", "mobilenet_v3", "__name__", ""):
        with pytest.raises(KerasApplicationRefused, match="EfficientNetB0"):
            open_encoder(f"keras:{name}", tmp_path)


# Keras copies a variable in a way that NumPy will end; only the saving here does so.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_weights_of_a_local_file_are_loaded_and_named(tmp_path, rng):
    import keras

    source = keras.applications.MobileNetV3Small(
        include_top=False, weights=None, input_shape=(224, 224, 3), pooling="avg"
    )
    file = tmp_path / "mine.weights.h5"
    source.save_weights(file)
    encoder = KerasApplication("MobileNetV3Small", file)
    picture = rng.integers(0, 255, (1, 224, 224, 3), dtype=np.uint8)
    expected = source.predict_on_batch(picture.astype(np.float32))
    assert np.allclose(encoder.embed(picture), expected, atol=1e-6, rtol=1e-4)
    assert "random" not in encoder.name
    assert encoder.name != KerasApplication("MobileNetV3Small").name


@pytest.mark.parametrize("content", [None, b"no weights"])
def test_weights_that_do_not_fit_are_refused(tmp_path, content):
    file = tmp_path / "wrong.weights.h5"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(KerasApplicationRefused, match=r"wrong\.weights\.h5"):
        KerasApplication("MobileNetV3Small", file)
