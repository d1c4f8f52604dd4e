"""A forest of decision trees as arrays: a text's own terms say where its walks turn.

Terms that a text lacks count 0, and every limit is at least 0: a walk goes left unless the text
holds the tested term often enough. So a tree is cut into runs of left turns, each ending in a leaf,
and the elements of all runs are numbered in one line, each run's one after another. Of the nodes
that a text turns right at, the next one in the line is where a run is left; no other node is looked
at. Trees over texts are hundreds of left turns deep and a few right turns wide, so that a walk of
25,000 nodes through 200 trees takes four steps of numpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.text_kernel.ranking import Floats, sharpened
from pipelines.text_kernel.vectors import Columns

Sparse = tuple[Columns, Floats]
Places = NDArray[np.int32]

MAPPED_BYTES = 65_536
"""Smaller files are read: an empty one cannot be mapped, and a mapping costs a page."""
COUNTED = 4
"""Up to this count, what a term's count passes is looked up, not searched."""


@dataclass(frozen=True)
class Trees:
    """T trees with E elements (nodes and leaves) over F terms, and D distinct shares of K labels.

    Nodes that test one term stand together, those with the smallest limit first.
    """

    roots: Places
    """T: the first element of each tree's first run."""
    ends: Places
    """T: the last element of that run, a leaf."""
    turns: Places
    """E: of a node the first element of the run to its right; of a leaf the row of its shares."""
    last: Places
    """E: of a node the last element of that run; 0 of a leaf."""
    starts: Places
    """F + 1: where the nodes of each term begin in `nodes` and `limits`."""
    passed: Places
    """COUNTED x F: where the nodes end that a term passes when it occurs once, twice, ..."""
    nodes: Places
    limits: NDArray[np.float32]
    """What a count has to exceed; rounded down, which no count in single precision can tell."""
    shares: Floats
    """D x K: the labels' shares in a leaf."""

    def save(self, directory: Path) -> None:
        """Write each array as a file of its name."""
        for field in fields(self):
            np.save(_file(directory, field.name), getattr(self, field.name), allow_pickle=False)

    @classmethod
    def open(cls, directory: Path) -> Trees:
        """Read what `save` wrote; large arrays are mapped, so that workers share the pages."""
        return cls(**{field.name: _opened(_file(directory, field.name)) for field in fields(cls)})

    @staticmethod
    def are_in(directory: Path) -> bool:
        """Whether `save` has written into a directory."""
        return _file(directory, "roots").is_file()

    def leaves(self, columns: Columns, values: Floats) -> Places:
        """Return the rows in `shares` of the T leaves that a sparse text ends in, in no order."""
        turned = self._turned(columns, values)
        first, end = self.roots, self.ends
        found = []
        while first.size:
            # The next node that is turned at, if it still belongs to the run.
            met = turned[turned.searchsorted(first)]
            left = met < end
            found.append(end[~left])
            met = met[left]
            first, end = self.turns[met], self.last[met]
        return self.turns[np.concatenate(found)]

    def _turned(self, columns: Columns, values: Floats) -> Places:
        """Return the nodes that a text turns right at, sorted, and one behind all of them."""
        starts, stops = self.starts[columns], self._stops(columns, values)
        lengths = stops - starts
        ends = lengths.cumsum()
        turned = np.empty(int(ends[-1]) + 1 if ends.size else 1, dtype=np.int32)
        # Of many runs of nodes, the place of each one: where its run starts, and how far it is in.
        places = np.arange(len(turned) - 1, dtype=np.int32)
        places += np.repeat((starts + lengths - ends).astype(np.int32), lengths)
        self.nodes.take(places, out=turned[:-1], mode="clip")
        turned[-1] = len(self.turns)
        turned.sort()
        return turned

    def _stops(self, columns: Columns, values: Floats) -> Places:
        """Return where the nodes end that each term turns right at, by how often it occurs."""
        counts = values.astype(np.int32)
        known = (counts == values) & (counts >= 1) & (counts <= COUNTED)
        if known.all():
            return self.passed[counts - 1, columns]
        stops = self.passed[np.where(known, counts - 1, 0), columns]
        for place in np.flatnonzero(~known).tolist():
            start, end = self.starts[columns[place] : columns[place] + 2].tolist()
            span = self.limits[start:end]
            stops[place] = start + span.searchsorted(np.float32(values[place]))
        return stops


@dataclass(frozen=True)
class ForestHead:
    """The trees' mean shares, sharpened by a temperature."""

    trees: Trees
    temperature: float

    def probabilities(self, rows: Sequence[Sparse]) -> Floats:
        """Return calibrated probabilities, shape (rows, labels)."""
        trees = self.trees
        summed = np.empty((len(rows), trees.shares.shape[1]))
        for line, row in zip(summed, rows, strict=True):
            trees.shares[trees.leaves(*row)].sum(axis=0, out=line)
        return sharpened(summed / len(trees.roots), self.temperature)


def _file(directory: Path, name: str) -> Path:
    return directory / f"forest-{name}.npy"


def _opened(file: Path) -> NDArray[Any]:
    mapped = file.stat().st_size > MAPPED_BYTES
    # A plain view of the map: slicing a memmap costs more than reading the slice.
    return np.asarray(np.load(file, mmap_mode="r" if mapped else None, allow_pickle=False))
