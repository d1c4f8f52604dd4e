"""Fashion recommendations: customers, reviewed items with pictures, and what to show next."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from features.sources import Raw, Source
from features.splits import Split
from pipelines.contract import (
    Evaluation,
    Examples,
    FamilyParams,
    Figures,
    FittedModel,
    Progress,
    Row,
)
from pipelines.families.fashion_recommendations import data
from pipelines.families.fashion_recommendations.params import Params
from pipelines.families.fashion_recommendations.questions import (
    ID_CHARACTERS,
    TEXT_CHARACTERS,
    TITLE_CHARACTERS,
    TOP,
    TOP_LIMIT,
)
from pipelines.metrics import Metric
from pipelines.ranking import (
    MAE,
    NDCG_AT_10,
    PRECISION_AT_10,
    RATED,
    RECALL_AT_10,
    RecommenderFamily,
    per_request_of,
)

EXPLAINED = "asks_explanation"
BEFORE_PURCHASE = Metric("rmse_before_purchase", "root_mean", ("squared_error",), "down", RATED)
"""Predicts before purchase: nothing of the review that is predicted is known."""
WRITTEN_REVIEW = Metric("rmse_written_review", "root_mean", ("squared_error",), "down", EXPLAINED)
"""Explains a written review: its own title and text are given."""


class Request(BaseModel):
    """A rating where there is an item, else a list; a review's words where they are written."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"customer_id": "C20013", "top": 10}]}
    )

    customer_id: str | None = Field(
        None,
        min_length=1,
        max_length=ID_CHARACTERS,
        title="Customer",
        description="Who is asked for; one who is not known gets what is popular.",
    )
    item_id: str | None = Field(
        None,
        min_length=1,
        max_length=ID_CHARACTERS,
        title="Item",
        description="Whose rating is asked for; none asks for a list.",
    )
    review_title: str | None = Field(
        None,
        max_length=TITLE_CHARACTERS,
        title="Review title",
        description="Title of a written review of the item, to read its rating from.",
    )
    review_text: str | None = Field(
        None,
        max_length=TEXT_CHARACTERS,
        title="Review",
        description="Text of a written review of the item; not known before a purchase.",
    )
    top: int = Field(
        TOP, ge=1, le=TOP_LIMIT, title="Top", description="How many items a list holds."
    )


class Shown(BaseModel):
    """One item of a list; a version from elsewhere may say no more than its id."""

    item_id: str
    score: float | None = Field(
        None, description="How likely the customer chooses this item next, of the whole catalogue."
    )
    title: str | None = None
    image: str | None = Field(None, description="The picture's path below the source's folder.")
    reason: str | None = Field(None, description="look, words, rated or popular.")


class Response(BaseModel):
    """The rating that is expected, or the items to show."""

    rating: float | None = Field(None, description="What the customer would give the item.")
    items: list[Shown] = Field(default_factory=list, description="The best items first.")
    reason: str | None = Field(
        None, description="personal, popular, or written where a review's words were read."
    )


class FashionRecommendations(RecommenderFamily):
    """Customers and garments; listings without a review belong to the catalogue, too."""

    name = "fashion_recommendations"
    title = "Fashion recommendations"
    user = entity = data.CUSTOMER
    time = data.TIME
    schema = data.REVIEWS
    primary = BEFORE_PURCHASE
    metrics = (BEFORE_PURCHASE, WRITTEN_REVIEW, MAE, NDCG_AT_10, RECALL_AT_10, PRECISION_AT_10)
    Request = Request
    Response = Response
    Params: ClassVar[type[FamilyParams]] = Params
    golden: ClassVar[tuple[Row, ...]] = (
        {"customer_id": "C20013", "top": 10},
        {"customer_id": "C20013", "item_id": "M10007"},
        {"customer_id": "nadie Ñandú ½ 😀", "item_id": "does not exist"},
        {"customer_id": "C20026", "item_id": "M10014", "review_text": "Me encantó, muy suave"},
        {"item_id": "M10014", "review_title": "!!!"},
        {"top": 500},
    )

    def load(self, source: Source) -> Raw:
        """Read reviews, the items beside them, and where the pictures lie."""
        return data.load(source)

    def split(self, frame: pd.DataFrame) -> Split:
        """Split reviews by customer and time; their copies follow, and listings train."""
        told = frame[data.RATING].notna()
        parts = super().split(frame[told])
        keys = data.copies_key(frame)
        places = pd.Series("train", index=frame.index, dtype=object)
        for name in ("validation", "sealed", "test"):
            held = set(keys[getattr(parts, name).index])
            places[told & keys.isin(held)] = name
        return Split(**{name: frame[places == name] for name in vars(parts)})

    def groups(self, frame: pd.DataFrame) -> pd.Series:
        """Return what the copies of one review share: customer and words."""
        return data.copies_key(frame)

    def admissible(self, part: pd.DataFrame, tested: pd.DataFrame) -> pd.DataFrame:
        """Leave out copies, and of a tested customer what is not older; without times, copies."""
        if tested[self.time].notna().any():
            return super().admissible(part, tested)
        # By place and not by label: rows of several retired test sets may share a line.
        numbered = part.drop(columns=self.time).reset_index(drop=True)
        kept = super().admissible(numbered, tested.drop(columns=self.time))
        return part.iloc[kept.index]

    def features(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return what is known of a row without its rating: who, what, and the words."""
        return pd.DataFrame(
            {
                "copies": data.copies_key(frame),
                data.ITEM: frame[data.ITEM].astype(str),
            },
            index=frame.index,
        )

    def examples(self, part: pd.DataFrame, context: pd.DataFrame | None = None) -> Examples:
        """Ask for every rating before the purchase, for lists, and for every written review."""
        told = part[part[data.RATING].notna()]
        asked = super().examples(told, context)
        words = [data.REVIEW_TITLE, data.REVIEW_TEXT]
        ordered = told.sort_values([self.user, self.item], kind="stable")
        said = ordered[words].notna().any(axis=1)
        written = ordered[said]
        before = np.flatnonzero(said.to_numpy())
        requests = asked.requests.iloc[before].assign(
            **{
                name: written[name].astype(object).where(written[name].notna(), None).to_numpy()
                for name in words
            }
        )
        actual = asked.actual.iloc[before].assign(**{RATED: False, EXPLAINED: True})
        return Examples(
            _joined(asked.requests.assign(**dict.fromkeys(words)), requests),
            _joined(asked.actual.assign(**{EXPLAINED: False}), actual),
        )

    def floor(self, train: pd.DataFrame, requests: pd.DataFrame) -> pd.DataFrame:
        """Answer by damped means and by what is popular."""
        return super().floor(train[train[data.RATING].notna()], requests)

    def fit(
        self,
        train: pd.DataFrame,
        validation: pd.DataFrame,
        params: FamilyParams,
        seed: int,
        progress: Progress,
    ) -> FittedModel:
        """Fit biases, looks, wordings and the networks on them. Raises `FitRefused`."""
        from pipelines.families.fashion_recommendations import model

        return model.fit(train, validation, Params.model_validate(params), seed, progress)

    def evaluate(self, predictions: pd.DataFrame, actual: pd.DataFrame) -> Evaluation:
        """Hold ratings before purchase, written reviews and lists against the truth, each apart."""
        rows = per_request_of(predictions, actual, self.target)
        explained = actual.get(EXPLAINED, pd.Series(False, index=actual.index)).astype(bool)
        rows[EXPLAINED] = explained
        rows[RATED] &= ~explained
        values = {metric.name: metric.value(rows) for metric in self.metrics}
        # A source without words, or without times and likes, has nothing to say on some of them.
        known = {name: value for name, value in values.items() if np.isfinite(value)}
        return Evaluation(rows, dict(sorted(known.items())))

    def restore(self, directory: Path) -> FittedModel:
        """Load a saved model."""
        from pipelines.families.fashion_recommendations.model import restore

        return restore(directory)

    def figures(self, model: FittedModel, evaluation: Evaluation) -> Figures:
        """Return the learning curves, the errors by rating, and the two errors side by side."""
        from pipelines.families.fashion_recommendations import figures

        return figures.drawings(model.history, evaluation.per_request)


def _joined(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    joined = pd.concat([first, second], ignore_index=True)
    return joined.rename_axis("request")


FAMILY = FashionRecommendations()
