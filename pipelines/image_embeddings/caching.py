"""Embeds each picture once: vectors are kept under the content of the picture and the encoder."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from features.images import PictureDamaged, read_picture
from pipelines.contract import Progress
from pipelines.image_embeddings.shelves import Shelves

logger = logging.getLogger(__name__)

BATCH = 64
"""Pictures decoded together: bounds the memory, and is the step of the progress."""
NAMED_IN_LOG = 10


class PictureNetwork(Protocol):
    """What turns decoded pictures into vectors."""

    @property
    def name(self) -> str:
        """Network, picture size and weights."""
        ...

    @property
    def dimensions(self) -> int:
        """The length of a vector."""
        ...

    @property
    def side(self) -> int:
        """The side of the square pictures it looks at, in pixels."""
        ...

    def embed(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return (n, dimensions) of pictures (n, side, side, 3), each by itself."""
        ...


class CachingEncoder:
    """An `ImageEncoder` of a network: decodes in batches, computes what is new, names damage."""

    def __init__(self, network: PictureNetwork, cache: Path) -> None:
        self._network = network
        self.name = network.name
        self.dimensions = network.dimensions
        self.damage: tuple[str, ...] = ()
        self._shelves = Shelves(cache / re.sub(r"[^\w.-]+", "_", network.name), self.dimensions)

    def encode(
        self, paths: Sequence[Path], progress: Progress | None = None
    ) -> NDArray[np.float32]:
        """Return one row for each path, (len(paths), dimensions); NaN where a picture is damaged.

        Pictures of the same content are computed once, whatever their names.
        """
        report = progress or _silent
        rows = np.full((len(paths), self.dimensions), np.nan, np.float32)
        damage: dict[Path, str] = {}
        for start in range(0, len(paths), BATCH):
            report(start / len(paths), f"{start} of {len(paths)} pictures embedded")
            batch = paths[start : start + BATCH]
            rows[start : start + BATCH], broken = self._encoded(batch)
            damage |= broken
        self.damage = tuple(damage.values())
        if damage:
            shown = "; ".join(self.damage[:NAMED_IN_LOG])
            logger.warning("%d of %d pictures are damaged: %s", len(damage), len(paths), shown)
        report(1.0, f"{len(paths)} pictures embedded, {len(damage)} damaged")
        return rows

    def _encoded(self, paths: Sequence[Path]) -> tuple[NDArray[np.float32], dict[Path, str]]:
        keys, damage, pictures = {}, {}, {}
        for path in paths:
            try:
                with path.open("rb") as stream:
                    keys[path] = hashlib.file_digest(stream, "sha256").digest()
            except OSError as error:
                damage[path] = f"{path}: {error.strerror}"
        known = self._shelves.find(keys.values())
        for path, key in keys.items():
            if key not in known and key not in pictures:
                try:
                    pictures[key] = read_picture(path, self._network.side)
                except PictureDamaged as error:
                    damage[path] = str(error)
        if pictures:
            vectors = self._network.embed(np.stack(list(pictures.values())))
            known |= self._shelves.add(list(pictures), vectors)
        nothing = np.full(self.dimensions, np.nan, np.float32)
        rows = [known.get(keys.get(path, b""), nothing) for path in paths]
        return np.stack(rows), {path: damage[path] for path in paths if path in damage}


def _silent(_share: float, _message: str) -> None:
    """Report to nobody."""
