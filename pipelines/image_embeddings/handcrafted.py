"""Pictures without a network: their colours and their edges, side by side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.images import colour_histogram, oriented_gradients

LEVELS, CELLS, DIRECTIONS = 6, 8, 9
COLOUR_SHARE = 0.35
"""How much of two pictures' likeness is their colours; the rest is their edges."""


class Handcrafted:
    """Oriented gradients beside a colour histogram: what is left when no weights can be had."""

    name = "handcrafted/64/1"
    side = 64
    dimensions = LEVELS**3 + (CELLS - 1) ** 2 * 4 * DIRECTIONS

    def embed(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return (n, dimensions) of pictures (n, side, side, 3)."""
        return np.stack(
            [
                np.concatenate(
                    [
                        np.sqrt(COLOUR_SHARE) * colour_histogram(picture, LEVELS),
                        np.sqrt(1 - COLOUR_SHARE) * oriented_gradients(picture, CELLS, DIRECTIONS),
                    ]
                )
                for picture in pictures
            ]
        ).astype(np.float32)
