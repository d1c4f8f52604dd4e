"""Reads reviews and the items beside them: the first station of fashion recommendations.

A row is a review, with what is known of its item joined to it. An item of the items' file that
nobody, or hardly anybody, has reviewed is a listing as well: a row without customer and rating, so
that it is in the catalogue all the same.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pandas as pd

from features import sources
from features.fingerprints import fingerprint
from features.schema import Column, FrameSchema
from features.sources import Raw, Source
from pipelines.families.fashion_recommendations.questions import (
    ID_CHARACTERS,
    TEXT_CHARACTERS,
    TITLE_CHARACTERS,
    words_of,
)

CUSTOMER, ITEM, RATING, TIME = "customer_id", "item_id", "rating", "reviewed_at"
REVIEW_TITLE, REVIEW_TEXT = "review_title", "review_text"
ITEM_TITLE, CATEGORY, IMAGE = "item_title", "category", "image"
PICTURE, PICTURE_SHA256 = "picture", "picture_sha256"
"""Where the image lies on this machine, and what it holds."""

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp"})
ITEMS_FILES = ("items.csv", "items.csv.gz", "items.parquet")
ITEMS_PREFIX = "items."
"""In a source's `columns`, what names a column of the items' file begins with this."""
SEPARATOR = "\t"
FEW_REVIEWS = 10
"""Items with fewer have a listing too: were all their reviews held out, nobody would know them."""
ANONYMOUS = "anonymous:"
"""How the customer of a review without one is called; each such review is somebody else's."""

REVIEWS = FrameSchema(
    columns=(
        Column(ITEM, "text", maximum_length=ID_CHARACTERS, description="The item's id."),
        Column(RATING, "number", description="The rating that the customer gave."),
        Column(
            CUSTOMER,
            "text",
            required=False,
            maximum_length=ID_CHARACTERS,
            description="Who wrote the review; without it, nobody who is known.",
        ),
        Column(
            REVIEW_TITLE,
            "text",
            required=False,
            maximum_length=TITLE_CHARACTERS,
            description="The review's title.",
        ),
        Column(
            REVIEW_TEXT,
            "text",
            required=False,
            maximum_length=TEXT_CHARACTERS,
            description="The review.",
        ),
        Column(TIME, "timestamp", required=False, description="When it was written."),
        Column(
            ITEM_TITLE,
            "text",
            required=False,
            maximum_length=TITLE_CHARACTERS,
            description="The item's name, where there is no items.csv.",
        ),
        Column(
            CATEGORY,
            "text",
            required=False,
            maximum_length=ID_CHARACTERS,
            description="The item's category, where there is no items.csv.",
        ),
        Column(
            IMAGE,
            "text",
            required=False,
            maximum_length=TITLE_CHARACTERS,
            description="The item's picture: a path below the source's folder.",
        ),
    ),
    label=RATING,
    minimum_rows=20,
)
ITEMS = FrameSchema(
    columns=(
        Column(ITEM, "text", maximum_length=ID_CHARACTERS),
        Column("title", "text", required=False, maximum_length=TITLE_CHARACTERS),
        Column(CATEGORY, "text", required=False, maximum_length=ID_CHARACTERS),
        Column(IMAGE, "text", required=False, maximum_length=TITLE_CHARACTERS),
    ),
)
ABOUT_ITEM = (ITEM_TITLE, CATEGORY, IMAGE)
COLUMNS = (*(column.name for column in REVIEWS.columns), PICTURE, PICTURE_SHA256)


@dataclass(frozen=True)
class Folder:
    """Where a source's items and pictures lie; nothing where the source is no local file."""

    path: Path | None

    @property
    def items(self) -> Path | None:
        """The items' file beside the reviews."""
        files = (self.path / name for name in ITEMS_FILES) if self.path else ()
        return next((file for file in files if file.is_file()), None)

    def picture(self, image: object) -> Path | None:
        """Return the file of a picture; None for one that lies elsewhere or is not there."""
        if self.path is None or not isinstance(image, str):
            return None
        try:
            file = (self.path / image).resolve(strict=True)
        except (OSError, ValueError, RuntimeError):  # the last one for links in a circle
            return None
        inside = file.is_relative_to(self.path.resolve()) and file.suffix.lower() in SUFFIXES
        return file if inside and file.is_file() else None


TYPES = {name: "str" for name in COLUMNS if name not in {RATING, TIME}} | {
    RATING: "float64",
    TIME: "datetime64[us, UTC]",
}
"""The types of a frame's columns, whichever of them the source has."""


def load(source: Source) -> Raw:
    """Read reviews, join what is known of the items, and add the items without any.

    A second copy of one customer's same words on the same item is set aside. The fingerprint
    covers the pictures' content and not where they lie. Raises `SourceError` or `SchemaError`.
    """
    own = {k: v for k, v in source.columns.items() if not k.startswith(ITEMS_PREFIX)}
    raw = sources.read(replace(source, columns=own), REVIEWS)
    reviews = raw.frame.reindex(columns=[column.name for column in REVIEWS.columns])
    reviews[CUSTOMER] = reviews[CUSTOMER].where(reviews[CUSTOMER].notna(), _strangers(reviews))
    twice = _copies(reviews)
    folder = folder_of(source)
    items = _items(source, folder, reviews)
    frame = pd.concat([reviews[~twice], _listings(reviews, items) if folder.items else None])
    frame = frame.drop(columns=list(ABOUT_ITEM)).join(items, on=ITEM)[list(COLUMNS)]
    frame = frame.astype(TYPES)
    repeated = raw.frame[twice].assign(reason="the same review of the same item once more")
    quarantined = pd.concat([raw.quarantined, repeated]) if twice.any() else raw.quarantined
    return Raw(frame, fingerprint(frame.drop(columns=PICTURE)), quarantined)


def folder_of(source: Source) -> Folder:
    """Return the folder of a source that is a local file."""
    parts = urlsplit(source.url)
    if parts.scheme not in {"", "file"}:
        return Folder(None)
    path = Path(unquote(parts.path)) if parts.scheme else Path(source.url).expanduser()
    return Folder(path if path.is_dir() else path.parent)


def copies_key(frame: pd.DataFrame) -> pd.Series:
    """Return what the copies of one review share: its customer and words, else its item."""
    words = [
        " ".join(words_of(title, text).casefold().split())
        for title, text in zip(frame[REVIEW_TITLE], frame[REVIEW_TEXT], strict=True)
    ]
    said = pd.Series(words, index=frame.index, dtype=str)
    silent = SEPARATOR + frame[ITEM].astype(str)
    who = frame[CUSTOMER].astype(object).where(frame[CUSTOMER].notna(), "").astype(str)
    return who + SEPARATOR + said.where(said != "", silent)


def _strangers(reviews: pd.DataFrame) -> pd.Series:
    """Return a name for the unknown author of each review, made of what the review says.

    Those that say nothing are counted: were all who gave an item one rating the same person, a
    split would hold out each of that item's ratings whole or not at all.
    """
    said = copies_key(reviews)
    empty = said.str.startswith(2 * SEPARATOR)
    when = reviews[TIME].astype(str).fillna("")
    parts = said + reviews[RATING].astype(str) + SEPARATOR + when
    number = parts.groupby(parts).cumcount().astype(str)
    keys = said.where(~empty, parts + SEPARATOR + number)
    names = [hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16] for key in keys]
    return ANONYMOUS + pd.Series(names, index=reviews.index, dtype=str)


def _copies(reviews: pd.DataFrame) -> pd.Series:
    known = ~reviews[CUSTOMER].str.startswith(ANONYMOUS)
    keyed = pd.DataFrame({"key": copies_key(reviews), "item": reviews[ITEM]})
    return keyed.duplicated(keep="last") & known


def _items(source: Source, folder: Folder, reviews: pd.DataFrame) -> pd.DataFrame:
    """Return what is known of each item, indexed by its id."""
    told = reviews.groupby(ITEM, sort=True)[list(ABOUT_ITEM)].first()
    if folder.items is not None:
        theirs = {
            name.removeprefix(ITEMS_PREFIX): column
            for name, column in source.columns.items()
            if name.startswith(ITEMS_PREFIX)
        }
        listed = sources.read(Source(str(folder.items), theirs), ITEMS).frame
        listed = listed.reindex(columns=[column.name for column in ITEMS.columns])
        listed = listed.rename(columns={"title": ITEM_TITLE})
        told = listed.groupby(ITEM, sort=True).first().combine_first(told)
    pictures = [folder.picture(image) for image in told[IMAGE]]
    told[PICTURE] = pd.Series([str(p) if p else None for p in pictures], told.index, dtype=str)
    digests = [_sha256(picture) if picture else None for picture in pictures]
    told[PICTURE_SHA256] = pd.Series(digests, told.index, dtype=str)
    return told[[*ABOUT_ITEM, PICTURE, PICTURE_SHA256]]


def _listings(reviews: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each item that needs one; its line is beyond those of the reviews.

    Those are the items without a review, and those with so few that all of them may be held out.
    """
    counts = reviews[ITEM].value_counts()
    few = counts.reindex(items.index, fill_value=0) < FEW_REVIEWS
    scarce = sorted(items.index[few])
    start = int(reviews.index.max()) + 1
    lines = pd.RangeIndex(start, start + len(scarce), name=reviews.index.name)
    columns = {ITEM: pd.Series(scarce, lines, dtype=str)}
    return (
        pd.DataFrame(columns, index=lines).reindex(columns=reviews.columns).astype(reviews.dtypes)
    )


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
