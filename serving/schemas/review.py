"""What goes over the wire of the review desk, as the OpenAPI document shows it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from serving.schemas.generic import Actor

CODE_CHARACTERS = 256
CHOICES_AT_ONCE = 500
LARGEST_QUANTITY = 1_000_000_000

Action = Literal["accept", "change", "skip", "undo"]
Kept = Literal["accept", "change", "skip"]
Doubt = Literal["unsure", "close", "category", "challenger", "refused"]
Delivery = Literal["none", "waiting", "sent", "failed"]
Awaited = Literal["champion", "feed"]
Share = Annotated[float, Field(ge=0, le=1)]
Code = Annotated[
    str, Field(min_length=1, max_length=CODE_CHARACTERS, pattern=r"^[^\x00]*\S[^\x00]*$")
]
Quantity = Annotated[float, Field(gt=0, le=LARGEST_QUANTITY, allow_inf_nan=False)]


class _Received(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LineModel(BaseModel):
    """The version that answered a line, and the decision that made it champion."""

    name: str
    version: str
    decision_id: str


class Suggestion(BaseModel):
    """A code that a line may stand for, and the catalogue's product that is most like the line."""

    code: str
    description: str | None = Field(description="The product's; null for a code of no product.")
    confidence: Share
    image_url: str | None
    product_id: str | None


class SuggestedCode(BaseModel):
    """The code that the desk suggests; `confirmed` where a person has said so of this text."""

    value: str
    description: str | None
    confidence: Share
    image_url: str | None
    product_id: str | None
    confirmed: bool


class SuggestedCategory(BaseModel):
    """What the champion of `product_categories` says of the same description."""

    value: str
    confidence: Share
    prediction_id: str
    model: LineModel


class Driver(BaseModel):
    """A word of the description and what it did for the suggested code.

    `weight` is by how much the code's log-odds fall when the word is left out; below 0 the word
    speaks for something else. `start` and `end` count UTF-16 units, as browsers do.
    """

    start: int
    end: int
    text: str
    weight: float


class Chosen(BaseModel):
    """What a person chose for a line, and when by his own clock."""

    code: str | None
    quantity: float
    action: Kept
    by: str
    at: AwareDatetime


class Drivers(BaseModel):
    """What each word of a line did for the suggested code."""

    line_id: str
    drivers: list[Driver]


class ReviewLine(BaseModel):
    """An order line with what is known about it."""

    line_id: str
    description: str
    quantity: float
    code: SuggestedCode | None
    category: SuggestedCategory | None
    alternatives: list[Suggestion] = Field(description="The best first; at most five.")
    drivers: list[Driver] = Field(
        description="Empty until they are looked up, which is done behind the answers; "
        "`GET /v1/review/lines/{line_id}/drivers` looks them up at once."
    )
    doubts: list[Doubt] = Field(
        description="Why a person should look: `unsure` (a low confidence), `close` (the next "
        "code is nearly as likely), `category` (the category's champion puts the line elsewhere "
        "than the suggested product), `challenger` (the version on trial answers otherwise), "
        "`refused` (there is no answer)."
    )
    uncertain: bool
    disagrees: bool
    requested: bool = Field(description="The gate has asked for this text's label.")
    priority: float = Field(description="The higher, the sooner a person should look.")
    chosen: Chosen | None
    prediction_id: str | None
    model: LineModel | None
    refused: str | None = Field(description="Why the model does not answer.")


class ReviewMessage(BaseModel):
    """A message and its lines, in the order of the message."""

    message_id: str
    received_at: AwareDatetime
    audio: bool = Field(description="Came with a recording; without one its lines are spoken.")
    read: bool
    orders: list[str] = Field(
        description="What the message became already; these lines were added to it since."
    )
    lines: list[ReviewLine]


class HourlyProgress(BaseModel):
    """How many lines were dealt with in one hour."""

    hour: AwareDatetime
    done: int


class Progress(BaseModel):
    """What was done since the day began, and what is left; a line counts once."""

    since: AwareDatetime
    lines: int = Field(description="Those dealt with and those that wait.")
    beyond: int = Field(description="Of these, those that wait and are too old to be shown yet.")
    done: int
    accepted: int
    changed: int
    skipped: int
    requested_open: int = Field(description="Of the lines shown.")
    per_hour: list[HourlyProgress]


class ReviewLines(BaseModel):
    """The desk as it is now. `state` is another text when anything on it is another."""

    state: str
    refreshed_at: AwareDatetime
    refresh_seconds: int = Field(description="How often new lines are taken in.")
    messages: list[ReviewMessage]
    awaits: Awaited | None = Field(
        description="What there must be first, where no line ever came: a champion, or a feed read."
    )
    progress: Progress


class ReviewChoice(_Received):
    """What a person did about a line. `id` is the client's own: sent twice, it counts once."""

    id: str = Field(min_length=8, max_length=64, pattern=r"^[0-9A-Za-z-]+$")
    line_id: str = Field(min_length=1, max_length=64)
    action: Action
    code: Code | None = Field(
        None, description="With `change` and `accept`; of the latter by default the suggested one."
    )
    quantity: Quantity | None = Field(None, description="By default as the message says.")
    shown_state: str = Field("", max_length=128, description="`state` of what the person saw.")
    prediction_id: str | None = Field(
        None,
        max_length=40,
        description="The line's, as the person saw it: should another version have answered "
        "meanwhile, what was shown is kept with the choice all the same.",
    )
    at: AwareDatetime


class ReviewChoices(_Received):
    """Choices in the order in which they were made."""

    reviewer: Actor
    choices: list[ReviewChoice] = Field(min_length=1, max_length=CHOICES_AT_ONCE)


class ChoiceOutcome(BaseModel):
    """What became of a choice: `kept` now, `already` before, or `refused` for a reason."""

    id: str
    outcome: Literal["kept", "already", "refused"]
    reason: str | None = None


class ChoiceOutcomes(BaseModel):
    """One outcome for each choice, in their order; all that is kept is on disk."""

    outcomes: list[ChoiceOutcome]


class SimilarLine(BaseModel):
    """A line that waits and resembles another; `code` is what is suggested for it."""

    line_id: str
    message_id: str
    description: str
    similarity: Share
    code: str | None
    confidence: Share


class SimilarLines(BaseModel):
    """Lines that resemble one line, the most similar first."""

    line_id: str
    lines: list[SimilarLine]


class FoundProduct(BaseModel):
    """A product that resembles what was searched for; `score` is out of 100."""

    code: str
    description: str
    product_id: str | None
    price: float | None
    image_url: str | None
    score: float


class FoundProducts(BaseModel):
    """What the catalogue has, the best first."""

    products: list[FoundProduct]


class Reviewer(_Received):
    """Who does something to a message or an order."""

    reviewer: Actor


class HiddenMessage(BaseModel):
    """A message that nobody has to look at any more."""

    message_id: str
    lines: int


class OrderedLine(BaseModel):
    """A line of an order."""

    line_id: str
    description: str
    quantity: float
    code: str
    product: str | None
    product_id: str | None
    price: float | None


class Order(BaseModel):
    """A message that was confirmed, and how far its delivery is."""

    order_id: str
    message_id: str
    part: int = Field(description="Above 1: of lines that came after the message was an order.")
    reviewer: str
    created_at: AwareDatetime
    lines: list[OrderedLine]
    delivery: Delivery = Field(description="`none` where no address is configured to post to.")
    attempts: int
    next_attempt_at: AwareDatetime | None
    delivered_at: AwareDatetime | None
    error: str | None


class Orders(BaseModel):
    """Confirmed orders, the newest first; `post_to` is where they are posted."""

    orders: list[Order]
    post_to: str | None
