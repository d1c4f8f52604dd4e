"""Popularity: what everybody liked, and lately more so; it is what an unknown user is shown.

The newest tenth of the likes counts as much as all of them together. Over three data sets either
half alone lost somewhere: the whole past on splits in time, the newest tenth where users are asked
about times long gone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.interactions import Interactions
from features.preferences import popularity


def recent_popularity(known: Interactions) -> NDArray[np.float32]:
    """Return each item's share of all likes plus its share of the newest, 1 for the first; (I,).

    Where nobody liked anything (a scale up to 3, say) what is rated is what counts.
    """
    liked = known.where(known.relevant)
    shares = popularity(liked if len(liked) else known)
    highest = shares.max(initial=0.0)
    return np.asarray(shares / highest if highest else shares, dtype=np.float32)
