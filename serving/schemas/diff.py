"""The shape of a catalogue diff over HTTP: what a promotion changes."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class DiffCount(BaseModel):
    """How many questions went from one answer to another."""

    before: str | None = Field(
        description="The old label. Of lists: an item that left so many of them, or null."
    )
    after: str | None = Field(
        description="The new label. Of lists: an item that came into so many of them, or null. "
        "Of forecasts and numbers: a band of the relative change, such as '+10 % to +25 %'."
    )
    questions: int
    sales: float | None


class DiffMoved(BaseModel):
    """One question whose answer changed."""

    question: str
    sales: float | None = Field(description="What its product sold; null where that is not known.")
    asked: int = Field(description="How often it was asked of the API lately.")
    before: str | float | list[str] | None = Field(
        description="A label, a list of items, or a number: a forecast's total."
    )
    after: str | float | list[str] | None
    before_confidence: float | None
    after_confidence: float | None
    movement: float = Field(
        description="Labels: 1. Lists: 0 to 1, the top counting most. Forecasts and numbers: the "
        "difference as a share of the larger of the two."
    )


class CatalogueDiffView(BaseModel):
    """What would change, or has changed, if version `of` follows version `against`."""

    of: str = Field(description="The version that was judged.", examples=["8"])
    against: str = Field(description="The champion that it was judged against.", examples=["7"])
    kind: Literal["label", "list", "forecast", "number"]
    known: int = Field(description="Questions known: of the catalogue, and asked of the API.")
    questions: int = Field(description="How many of them both versions were asked.")
    changed: int
    sales: float | None = Field(description="What the products of all these questions sold,")
    changed_sales: float | None = Field(description="and those whose answer changed.")
    sales_unit: Literal["money", "pieces"] | None
    counts: list[DiffCount] = Field(description="The most frequent changes first.")
    most_moved: list[DiffMoved] = Field(description="By sales times movement, the most first.")
    note: str = Field(description="What was asked, and what counts as a change.")
