"""Popularity: what everybody liked, and lately more so; it is what an unknown user is shown."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.interactions import Interactions

RECENT_SHARE = 0.1
"""The newest tenth of the likes counts as much as all of them together.

Over three data sets either half alone lost somewhere: the whole past on splits in time, the
newest tenth where users are asked about times long gone.
"""


def recent_popularity(liked: Interactions) -> NDArray[np.float32]:
    """Return each item's share of all likes plus its share of the newest, 1 for the first; (I,).

    Without times it is the share of all likes alone.
    """
    shares = _shares(liked)
    if liked.time.any():
        newest = liked.time >= np.quantile(liked.time, 1.0 - RECENT_SHARE)
        shares += _shares(liked.where(newest))
    highest = shares.max(initial=0.0)
    return np.asarray(shares / highest if highest else shares, dtype=np.float32)


def _shares(liked: Interactions) -> NDArray[np.float64]:
    return np.bincount(liked.item, minlength=len(liked.items)) / max(len(liked), 1)
