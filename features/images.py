"""Pictures as numbers: decoding into a square, colour histograms, oriented gradients."""

from __future__ import annotations

import struct
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

PIXEL_LIMIT = 50_000_000
"""Pictures above this many pixels are refused unread: a small file may unpack to gigabytes."""
PAPER = (255, 255, 255)
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
"""Told by content, not by suffix. Others are left out: some start programs to be read."""


class PictureDamaged(ValueError):
    """A file is no picture that can be read; the message names it and says why."""


def read_picture(path: Path, side: int) -> NDArray[np.uint8]:
    """Decode a picture of any of `FORMATS` and any shape into (side, side, 3) RGB values.

    It is fitted whole into the square, upright as its EXIF data say, on white where it is narrower
    or transparent. Raises `PictureDamaged`.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged notes beside pixels that are sound
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as opened:
                return np.asarray(_squared(opened, side))
    except Image.DecompressionBombWarning as error:
        raise PictureDamaged(f"{path}: {error}") from None
    # Pillow's readers let these through for files that were cut short or scrambled.
    except (
        OSError,
        SyntaxError,
        ValueError,
        ArithmeticError,
        LookupError,
        TypeError,
        EOFError,
        struct.error,
        Image.DecompressionBombError,
    ) as error:
        raise PictureDamaged(f"{path}: {error or type(error).__name__}") from error


def _squared(opened: Image.Image, side: int) -> Image.Image:
    if opened.width * opened.height > PIXEL_LIMIT:
        raise ValueError(f"{opened.width} x {opened.height} pixels are more than {PIXEL_LIMIT}")
    opened.draft("RGB", (side, side))  # lets the JPEG reader skip detail that nobody will see
    upright = ImageOps.exif_transpose(opened)
    if upright.has_transparency_data:
        layered = upright.convert("RGBA")
        upright = Image.new("RGBA", layered.size, (*PAPER, 255))
        upright.alpha_composite(layered)
    return ImageOps.pad(
        upright.convert("RGB"), (side, side), Image.Resampling.BILINEAR, color=PAPER
    )


def colour_histogram(picture: NDArray[np.uint8], levels: int = 6) -> NDArray[np.float32]:
    """Return the square roots of the shares of `levels` cubed RGB boxes, of length 1.

    The roots make the dot product of two histograms their Bhattacharyya coefficient.
    """
    boxes = picture.reshape(-1, 3).astype(np.int64) * levels // 256
    numbers = (boxes[:, 0] * levels + boxes[:, 1]) * levels + boxes[:, 2]
    counts = np.bincount(numbers, minlength=levels**3)
    roots: NDArray[np.float32] = np.sqrt(counts / len(numbers)).astype(np.float32)
    return roots


def oriented_gradients(
    picture: NDArray[np.uint8], cells: int = 8, directions: int = 9
) -> NDArray[np.float32]:
    """Return the histogram of oriented gradients (Dalal and Triggs, 2005), of length 1.

    `cells` by `cells` cells of the grey picture with unsigned directions, each block of 2 by 2
    cells normalised by itself: (cells - 1)^2 * 4 * directions values. The sides of the picture
    must be multiples of `cells`. A picture without any edge gives zeros.
    """
    side = picture.shape[0]
    if picture.shape[1] != side or side % cells:
        raise ValueError(f"{picture.shape[:2]} does not part into {cells} by {cells} cells")
    histogram = _cell_histograms(picture.astype(np.float32).mean(axis=2), cells, directions)
    blocks = np.stack(
        [
            histogram[row : row + cells - 1, column : column + cells - 1]
            for row in (0, 1)
            for column in (0, 1)
        ],
        axis=2,
    ).reshape((cells - 1) ** 2, -1)
    blocks = np.minimum(_normalised(blocks), 0.2)  # clipped and normalised again, as published
    whole: NDArray[np.float32] = _normalised(_normalised(blocks).reshape(1, -1))[0]
    return whole


def _cell_histograms(grey: NDArray[np.float32], cells: int, directions: int) -> NDArray[np.float32]:
    down, right = np.gradient(grey)
    strength = np.hypot(down, right)
    # Each gradient is shared between its two nearest directions.
    place = (np.arctan2(down, right) % np.pi) / np.pi * directions - 0.5
    lower = np.floor(place).astype(np.int64)
    share = place - lower
    cell = np.arange(grey.shape[0]) // (grey.shape[0] // cells)
    number = (cell[:, np.newaxis] * cells + cell) * directions
    histogram = np.zeros(cells * cells * directions)
    for direction, weight in ((lower, 1 - share), (lower + 1, share)):
        histogram += np.bincount(
            (number + direction % directions).ravel(),
            weights=(strength * weight).ravel(),
            minlength=len(histogram),
        )
    return histogram.reshape(cells, cells, directions).astype(np.float32)


def _normalised(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
    scaled: NDArray[np.float32] = rows / np.maximum(lengths, 1e-6)
    return scaled
