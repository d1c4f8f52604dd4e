"""Product recommendations: a user and an item in, a rating out; a user in, a list of items out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from features.fingerprints import fingerprint
from features.many_ratings.rest import COLUMN, narrowed
from features.rating_cleaning import cleaned
from features.rating_files import read_ratings
from features.schema import Column, FrameSchema
from features.sources import Raw, Source
from features.splits import Split
from pipelines.contract import (
    Evaluation,
    FamilyParams,
    Figures,
    FittedModel,
    Progress,
    Row,
)
from pipelines.families.product_recommendations.asking import (
    HISTORY_LIMIT,
    ID_LIMIT_CHARACTERS,
    TOP_DEFAULT,
    TOP_LIMIT,
)
from pipelines.families.product_recommendations.params import Params
from pipelines.ranking import RecommenderFamily


class Known(BaseModel):
    """An item that the user knows, with what they gave it where that is known."""

    item_id: str = Field(min_length=1, max_length=ID_LIMIT_CHARACTERS)
    rating: float | None = None


class Request(BaseModel):
    """One question: what a user would give an item, or which items to show them."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"user_id": "u1", "top": 5}]})

    user_id: str | None = Field(
        None,
        min_length=1,
        max_length=ID_LIMIT_CHARACTERS,
        title="User",
        description="Who is asked about; without one, or with an unknown one, what is popular.",
    )
    item_id: str | None = Field(
        None,
        min_length=1,
        max_length=ID_LIMIT_CHARACTERS,
        title="Item",
        description="The item whose rating is wanted; leave it out for a list.",
    )
    history: list[Known] | None = Field(
        None,
        max_length=HISTORY_LIMIT,
        title="History",
        description="Items the user knows, sent along for a user whom the model does not know.",
    )
    top: int = Field(TOP_DEFAULT, ge=1, le=TOP_LIMIT, title="Length of the list")
    exclude_seen: bool = Field(
        True, title="Leave out known items", description="Items the user has rated, or sent along."
    )


class Item(BaseModel):
    """One place of a list; the score orders it, the rating is what the user would give."""

    item_id: str
    score: float
    rating: float | None = None


class Response(BaseModel):
    """A rating or a list, why it is what it is, and which part of the model made it."""

    rating: float | None = Field(None, description="The predicted rating; null for a list.")
    items: list[Item] = Field(default_factory=list, description="The list, the best item first.")
    reason: str | None = Field(None, description="personal, folded-in or popular.")
    list_by: str | None = Field(None, description="What ranked the list: ease, als or popularity.")
    rating_by: str | None = Field(
        None, description="What predicted the ratings: svd, svdpp, means or spark_als."
    )


class ProductRecommendations(RecommenderFamily):
    """Ratings by SVD, lists by a ranker."""

    name = "product_recommendations"
    title = "Product recommendations"
    user = entity = "user_id"
    schema = FrameSchema(
        columns=(
            Column("user_id", "text", maximum_length=ID_LIMIT_CHARACTERS, description="Who rated."),
            Column("item_id", "text", maximum_length=ID_LIMIT_CHARACTERS, description="What."),
            Column("rating", "number", description="On a scale up to 5, 10 or 100."),
            Column(
                "timestamp",
                "timestamp",
                required=False,
                description="When; ISO 8601, Unix seconds or milliseconds.",
            ),
        ),
        label="rating",
        minimum_rows=20,
    )
    Request = Request
    Response = Response
    Params: ClassVar[type[FamilyParams]] = Params
    golden: ClassVar[tuple[Row, ...]] = (
        {"user_id": "u1", "top": 3},
        {"user_id": "ñandú Ⅷ", "item_id": "nobody has this"},
        {"user_id": None, "history": [{"item_id": "nobody has this", "rating": 4.0}]},
        {"user_id": "u1", "exclude_seen": False, "top": 500},
    )

    def load(self, source: Source) -> Raw:
        """Read ratings in any of the usual layouts; quarantine what the cleaning sets aside.

        Past one machine's memory Spark reads, and the frame is a panel of the users.
        """
        from features.many_ratings.reading import is_past_one_machine, read_many

        if is_past_one_machine(source):
            return read_many(source, self.schema, longest_id=ID_LIMIT_CHARACTERS)
        as_text = tuple(
            replace(column, kind="text") if column.name == self.time else column
            for column in self.schema.columns
        )
        read = read_ratings(source, replace(self.schema, columns=as_text))
        left = cleaned(
            read,
            source.where,
            source.damaged_share,
            self.user,
            self.item,
            self.target,
            self.time,
        )
        return Raw(left.frame, fingerprint(left.frame), left.set_aside, left.report)

    def split(self, frame: pd.DataFrame) -> Split:
        """Split as every recommender does; a test set is the same, whatever rest is fitted on."""
        parts = super().split(frame)
        if COLUMN not in frame:
            return parts
        test, sealed = (part.drop(columns=COLUMN) for part in (parts.test, parts.sealed))
        return Split(parts.train, parts.validation, test, sealed)

    def admissible(self, part: pd.DataFrame, tested: pd.DataFrame) -> pd.DataFrame:
        """Leave out what every recommender does, of the rest as of the frame."""
        kept = super().admissible(part, tested)
        if COLUMN not in kept:
            return kept
        new = {digest: narrowed(digest, tested) for digest in kept[COLUMN].dropna().unique()}
        return kept.assign(**{COLUMN: kept[COLUMN].map(new).astype("category")})

    def fit(
        self,
        train: pd.DataFrame,
        validation: pd.DataFrame,
        params: FamilyParams,
        seed: int,
        progress: Progress,
    ) -> FittedModel:
        """Fit ratings and lists. Raises `FitRefused`."""
        from pipelines.families.product_recommendations import model

        return model.fit(train, validation, Params.model_validate(params), seed, progress)

    def restore(self, directory: Path) -> FittedModel:
        """Load a saved recommender."""
        from pipelines.families.product_recommendations.model import restore

        return restore(directory)

    def figures(self, model: FittedModel, evaluation: Evaluation) -> Figures:
        """Return how far ratings are off, what lists find, and what fitting measured."""
        from pipelines.families.product_recommendations import figures

        rows, history = evaluation.per_request, model.history
        drawings = {
            "ratings.png": lambda: figures.ratings(rows),
            "lists.png": lambda: figures.lists(rows),
            "held_out.png": lambda: figures.held_out(history),
        }
        if (history["step"] > 0).any():
            drawings["learning.png"] = lambda: figures.learning(history)
        return Figures(drawings)


FAMILY = ProductRecommendations()
"""The family as the catalogue finds it."""
