"""The shapes of labels on request: what is asked, and what a reviewer says."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from serving.schemas.generic import Actor


class Question(BaseModel):
    """One question that a decision waits for."""

    place: int = Field(description="Its turn; the first ones tell the most.")
    text: str = Field(examples=["llave stilson 14"])
    answers: dict[str, str] | None = Field(
        description="What the versions say, by `champion`, `challenger` and `anchor`; only where "
        "it was asked for with `reveal`: who knows them labels less freely."
    )


class LabelQueue(BaseModel):
    """What an undecided verdict wants to know; without one, all of it is empty."""

    model: str
    decision_id: str | None = Field(description="The entry that asks.")
    updates: str | None = Field(description="The undecided verdict that the labels will update.")
    challenger: str | None = Field(description="The version that it is about.")
    questions: int = Field(description="Live questions that both versions have answered.")
    disagree: int = Field(description="On how many of them they differ.")
    asked: int = Field(description="For how many a label is asked for.")
    answered: int = Field(description="How many of those have one.")
    deadline: str | None = Field(description="Until when labels are waited for.")
    requests: list[Question] = Field(description="The open ones, in their turn.")


class LabelRequest(BaseModel):
    """What a reviewer says a text is."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=10_000, examples=["llave stilson 14"])
    value: str = Field(min_length=1, max_length=256, examples=["27113201"])
    reviewer: Actor


class LabelResponse(BaseModel):
    """The label as it was kept."""

    label_id: str
    model: str
    pool: Literal["train", "test"] = Field(
        description="What it is for, for ever: training, or test sets and decisions."
    )
    asked: bool = Field(description="Whether a decision waited for it.")
    open: int = Field(description="How many questions are still open.")
    request_id: str
