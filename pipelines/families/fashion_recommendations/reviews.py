"""Reviews coded as numbers: who, of what, how good, when, in which words. Fitting only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.interactions import Scale, coded, scale_of, seconds
from pipelines.families.fashion_recommendations.data import (
    ANONYMOUS,
    CUSTOMER,
    IMAGE,
    ITEM,
    ITEM_TITLE,
    PICTURE,
    RATING,
    REVIEW_TEXT,
    REVIEW_TITLE,
    TIME,
    copies_key,
)
from pipelines.families.fashion_recommendations.questions import words_of

STRANGER = -1
"""The code of a customer who is not known by name."""
Floats = NDArray[np.float32]
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Items:
    """The catalogue, by the items' codes; None where something is not known."""

    ids: Sequence[str]
    titles: Sequence[str | None]
    images: Sequence[str | None]
    pictures: Sequence[str | None]
    """Where the images lie on this machine."""


@dataclass(frozen=True)
class Reviews:
    """R reviews of I items by C customers, sorted by customer, time and item; strangers first."""

    customers: Sequence[str]
    items: Items
    customer: NDArray[np.int32]
    item: NDArray[np.int32]
    rating: Floats
    time: NDArray[np.int64]
    """Seconds since 1970, all 0 where reviews have no times."""
    copies: NDArray[np.int32]
    """Copies of one review share a number."""
    texts: Sequence[str]
    """Title and text, '' without either."""
    scale: Scale

    def __len__(self) -> int:
        return len(self.customer)

    @property
    def timed(self) -> bool:
        """Whether 'earlier' means something."""
        return bool(self.time.any())

    @property
    def said(self) -> NDArray[np.bool_]:
        """Which reviews have words."""
        return np.array([bool(text) for text in self.texts], dtype=bool)

    def where(self, kept: NDArray[np.bool_]) -> Reviews:
        """Return the reviews of a mask under the same codes."""
        return replace(
            self,
            customer=self.customer[kept],
            item=self.item[kept],
            rating=self.rating[kept],
            time=self.time[kept],
            copies=self.copies[kept],
            texts=[text for text, keep in zip(self.texts, kept, strict=True) if keep],
        )


def coded_reviews(frame: pd.DataFrame) -> Reviews:
    """Code a frame of reviews and listings, in an order of their own."""
    ids, _ = coded(frame[ITEM])
    told = frame[frame[RATING].notna()]
    known = ~told[CUSTOMER].str.startswith(ANONYMOUS).to_numpy(dtype=bool)
    named, codes = coded(told[CUSTOMER][known])
    customer = np.full(len(told), STRANGER, dtype=np.int32)
    customer[known] = codes
    item = _places(ids, told[ITEM])
    time = seconds(told[TIME])
    copies = pd.factorize(copies_key(told), sort=True)[0].astype(np.int32)
    rating = told[RATING].to_numpy(dtype=np.float32)
    order = np.lexsort((copies, rating, item, time, customer))
    texts = [
        words_of(title, text)
        for title, text in zip(told[REVIEW_TITLE], told[REVIEW_TEXT], strict=True)
    ]
    return Reviews(
        customers=named,
        items=_items(frame, ids),
        customer=customer[order],
        item=item[order],
        rating=rating[order],
        time=time[order],
        copies=copies[order],
        texts=[texts[place] for place in order],
        scale=scale_of(rating),
    )


def _places(ids: Sequence[str], wanted: pd.Series) -> NDArray[np.int32]:
    return np.asarray(pd.Index(ids).get_indexer(pd.Index(wanted)), dtype=np.int32)


def _items(frame: pd.DataFrame, ids: Sequence[str]) -> Items:
    about = frame.groupby(ITEM, sort=False)[[ITEM_TITLE, IMAGE, PICTURE]].first()
    about = about.reindex(pd.Index(ids))
    known = [
        [value if isinstance(value, str) else None for value in about[column]]
        for column in (ITEM_TITLE, IMAGE, PICTURE)
    ]
    return Items(ids, *known)
