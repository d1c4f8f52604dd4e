"""A forest as arrays: the trees' own shares, whatever the trees look like and the texts hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper
from scipy.sparse import csr_matrix
from sklearn.ensemble import RandomForestClassifier

from pipelines.text_kernel.forest import ForestHead, Trees
from pipelines.text_kernel.runtime import Kernel, TextRuntime
from pipelines.text_kernel.vectors import Block, Terms, Vectors
from pipelines.text_models.forest_arrays import NotByCounts, forest_arrays

TERMS = 60
SHAPES = {
    "grown out": {},
    "stumps": {"max_depth": 1},
    "large leaves": {"min_samples_leaf": 5, "bootstrap": False},
    "balanced": {"class_weight": "balanced_subsample", "min_samples_leaf": 2},
    "one tree": {"n_estimators": 1},
}


def counts(rows: int, rng: np.random.Generator) -> csr_matrix:
    """Few terms a row, most of them once; some rows hold none."""
    return csr_matrix(rng.poisson(0.08, (rows, TERMS)) * rng.integers(1, 4, (rows, TERMS)))


def forest(rng: np.random.Generator, **shape: object) -> RandomForestClassifier:
    seen = counts(300, rng)
    labels = np.asarray(seen[:, :6].sum(axis=1)).ravel() + rng.integers(0, 2, 300)
    return RandomForestClassifier(**{"n_estimators": 20, "random_state": 0} | shape).fit(
        seen, labels.astype(int).astype(str)
    )


def sparse_rows(matrix: csr_matrix) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(row.indices.astype(np.intp), row.data.astype(np.float64)) for row in matrix]


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_its_shares_are_those_of_scikit_learn(
    shape: dict[str, object], rng: np.random.Generator, tmp_path: Path
) -> None:
    fitted = forest(rng, **shape)
    asked = counts(200, rng)
    forest_arrays(fitted).save(tmp_path)

    found = ForestHead(Trees.open(tmp_path), 1.0).probabilities(sparse_rows(asked))

    assert found == pytest.approx(fitted.predict_proba(asked), abs=1e-12)


def test_a_count_at_a_limit_goes_left_and_the_next_one_in_single_precision_goes_right(
    rng: np.random.Generator,
) -> None:
    fitted = forest(rng)
    trees = forest_arrays(fitted)
    limits = np.unique(np.concatenate([tree.tree_.threshold for tree in fitted.estimators_]))
    for limit in limits[limits > 0]:
        for count in (np.float32(limit), np.nextafter(np.float32(limit), np.float32(np.inf))):
            row = csr_matrix(np.full((1, TERMS), count, dtype=np.float32))
            found = ForestHead(trees, 1.0).probabilities(sparse_rows(row))
            assert found == pytest.approx(fitted.predict_proba(row), abs=1e-12)


def test_a_tree_that_is_one_leaf_answers_its_shares(rng: np.random.Generator) -> None:
    fitted = forest(rng, max_leaf_nodes=None, min_samples_leaf=300)
    asked = counts(3, rng)
    found = ForestHead(forest_arrays(fitted), 1.0).probabilities(sparse_rows(asked))
    assert found == pytest.approx(fitted.predict_proba(asked), abs=1e-12)


def test_a_tree_that_tests_for_less_than_nothing_is_refused(rng: np.random.Generator) -> None:
    fitted = RandomForestClassifier(2, random_state=0).fit(
        rng.normal(size=(50, 3)), rng.integers(0, 2, 50).astype(str)
    )
    with pytest.raises(NotByCounts):
        forest_arrays(fitted)


def test_a_forest_that_was_compiled_to_onnx_is_still_answered(tmp_path: Path) -> None:
    terms = Terms("words", 1, 1)
    Vectors([Block(terms, {"tubo": 0, "foco": 1}, "count", False, np.ones(2))]).save(tmp_path)
    Kernel("forest", ("agua", "luz"), 1.0, (0.5, 0.5)).save(tmp_path)
    votes = helper.make_graph(
        [helper.make_node("Softmax", ["counts"], ["probabilities"], axis=1)],
        "votes",
        [helper.make_tensor_value_info("counts", TensorProto.FLOAT, [None, 2])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 2])],
    )
    model = helper.make_model(votes, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (tmp_path / "forest.onnx").write_bytes(model.SerializeToString())

    [[row]] = TextRuntime(tmp_path, "name", "label").predict([{"name": "un foco"}])

    assert row["label"] == "luz"
    assert row["confidence"] == pytest.approx(1 / (1 + np.exp(-1)))
