"""A fitted forest as the arrays of `pipelines.text_kernel.forest`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipelines.text_kernel.forest import COUNTED, Trees

if TYPE_CHECKING:
    from sklearn.base import ClassifierMixin
    from sklearn.tree._tree import Tree

LEAF = -1


class NotByCounts(NotImplementedError):
    """A tree tests for less than nothing, which no absent term could be told from."""


def forest_arrays(classifier: ClassifierMixin) -> Trees:
    """Return the arrays of a fitted forest over counts. Raises `NotByCounts`."""
    trees = [estimator.tree_ for estimator in classifier.estimators_]
    sizes = [tree.node_count for tree in trees]
    offsets = np.cumsum([0, *sizes])
    runs = [_Runs(tree, int(offset)) for tree, offset in zip(trees, offsets, strict=False)]
    nodes, terms, limits = _nodes(trees, runs)
    order = np.lexsort((nodes, limits, terms))
    features = classifier.n_features_in_
    shares, rows = _shares(trees, runs)
    turns = np.concatenate([run.turns for run in runs])
    turns[np.concatenate([run.leaves for run in runs])] = rows
    passed = [
        np.bincount(terms[limits < count], minlength=features) for count in range(1, COUNTED + 1)
    ]
    starts = np.concatenate([[0], np.cumsum(np.bincount(terms, minlength=features))])
    return Trees(
        roots=np.array([run.root for run in runs], dtype=np.int32),
        ends=np.array([run.end for run in runs], dtype=np.int32),
        turns=turns,
        last=np.concatenate([run.last for run in runs]),
        starts=starts.astype(np.int32),
        passed=(starts[:-1] + np.array(passed)).astype(np.int32),
        nodes=nodes[order],
        limits=limits[order],
        shares=shares,
    )


class _Runs:
    """One tree's elements numbered run by run, from `offset` on."""

    def __init__(self, tree: Tree, offset: int) -> None:
        left, right = tree.children_left.tolist(), tree.children_right.tolist()
        number, end = [0] * tree.node_count, [0] * tree.node_count
        starts, count = [0], 0
        for start in starts:  # grows while it is walked
            node = start
            while left[node] != LEAF:
                number[node] = count
                starts.append(right[node])
                node, count = left[node], count + 1
            number[node] = end[start] = count
            count += 1
        self.number = np.array(number, dtype=np.int32) + np.int32(offset)
        self.inner = np.flatnonzero(tree.children_left != LEAF)
        self.outer = np.flatnonzero(tree.children_left == LEAF)
        self.leaves = self.number[self.outer]
        ends = np.array(end, dtype=np.int32) + np.int32(offset)
        self.root, self.end = offset, int(ends[0])
        to_the_right = tree.children_right[self.inner]
        own = self.number[self.inner] - offset
        self.turns, self.last = (np.zeros(tree.node_count, dtype=np.int32) for _ in range(2))
        self.turns[own] = self.number[to_the_right]
        self.last[own] = ends[to_the_right]


def _nodes(
    trees: Sequence[Tree], runs: Sequence[_Runs]
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float32]]:
    """Return the numbers of all nodes, the terms they test and what a count has to exceed."""
    pairs = list(zip(trees, runs, strict=True))
    exact = np.concatenate([tree.threshold[run.inner] for tree, run in pairs])
    if (exact < 0).any():
        raise NotByCounts("a tree tests whether a term occurs less often than never")
    limits = exact.astype(np.float32)
    # A count is in single precision: it exceeds a limit if it exceeds the next one below.
    above = limits > exact
    limits[above] = np.nextafter(limits[above], np.float32(-np.inf))
    terms = np.concatenate([tree.feature[run.inner] for tree, run in pairs])
    return np.concatenate([run.number[run.inner] for run in runs]), terms, limits


def _shares(
    trees: Sequence[Tree], runs: Sequence[_Runs]
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return the distinct shares of labels in leaves, and each leaf's row among them.

    The first rows are those of leaves that vote for one label alone, as most do.
    """
    votes = np.concatenate(
        [tree.value[run.outer, 0, :] for tree, run in zip(trees, runs, strict=True)]
    )
    votes /= votes.sum(axis=1, keepdims=True)
    rows = votes.argmax(axis=1).astype(np.int32)
    mixed = np.flatnonzero(votes.max(axis=1) < 1.0)
    labels = votes.shape[1]
    several, places = np.unique(votes[mixed], axis=0, return_inverse=True)
    rows[mixed] = labels + places.reshape(-1)
    return np.concatenate([np.eye(labels), several]), rows
