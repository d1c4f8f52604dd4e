"""What the console's playgrounds read beside a model's own answers."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from serving.schemas.generic import ServedVersion
from serving.schemas.review import Driver


class KnownEntity(BaseModel):
    """A customer or a product that a model knows."""

    id: str
    note: str | None = Field(description="What it is, where that is known.")


class KnownEntities(BaseModel):
    """Some of those that a model knows."""

    model: str
    total: int = Field(description="How many fit what was asked for.")
    entities: list[KnownEntity] = Field(description="Those with the most rows first.")


class WordsAsked(BaseModel):
    """A text, and the answer of which it is asked why."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=20_000)
    answer: str = Field(
        min_length=1, max_length=200, description="The code or category in question."
    )


class WordsTold(BaseModel):
    """What each word of a text does for an answer; nothing where a version cannot say."""

    model: ServedVersion
    drivers: list[Driver]


class SoldDay(BaseModel):
    """What was sold on a day."""

    date: str
    quantity: float
    promotion: float
    price: float | None
    open: bool


class ProductSales(BaseModel):
    """The stored sales of a product, the newest day last."""

    product_id: str
    category: str | None
    name: str | None
    days: list[SoldDay]


class PlannedDay(BaseModel):
    """What is planned for a day; what is left out is as it was."""

    model_config = ConfigDict(extra="forbid")

    date: str = Field(max_length=10)
    promotion: bool | None = None
    price: float | None = Field(None, gt=0)


class ForecastAsked(BaseModel):
    """The coming days of a product, by its stored sales."""

    model_config = ConfigDict(extra="forbid")

    horizon: int = Field(28, ge=1, le=365)
    future: list[PlannedDay] = Field(default_factory=list, max_length=365)


class NamedProduct(BaseModel):
    """What the catalogue calls a code."""

    code: str
    description: str | None
    image_url: str | None


class NamedProducts(BaseModel):
    """The codes that were asked about, in their order."""

    products: list[NamedProduct]
