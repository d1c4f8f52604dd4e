"""Product categories: a hardware-store product's name in, its category out."""

from __future__ import annotations

from typing import ClassVar

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from features.schema import Column, FrameSchema
from pipelines.classification import LabelFamily
from pipelines.contract import FamilyParams, FittedModel, Progress, Row
from pipelines.families.product_categories.params import Params
from pipelines.text_kernel.runtime import TEXT_LIMIT_CHARACTERS


class Request(BaseModel):
    """One product to be categorised."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Llave mezcladora 1/2"}]})

    name: str = Field(
        min_length=1,
        max_length=TEXT_LIMIT_CHARACTERS,
        title="Name",
        description="The product's name as the shop writes it, in Spanish or English.",
    )


class Alternative(BaseModel):
    """One of the likeliest categories."""

    category: str
    confidence: float


class Response(BaseModel):
    """The likeliest category; a version from elsewhere may state no confidence."""

    category: str = Field(description="The likeliest category.")
    confidence: float | None = Field(
        None, description="Calibrated probability that the category is right."
    )
    alternatives: list[Alternative] = Field(
        default_factory=list, description="The five likeliest categories, the best one first."
    )


class ProductCategories(LabelFamily):
    """Product name to category."""

    name = "product_categories"
    title = "Product categories"
    text = "name"
    target = "category"
    label_text = catalogue_text = "name"
    schema = FrameSchema(
        columns=(
            Column(
                "name",
                "text",
                maximum_length=TEXT_LIMIT_CHARACTERS,
                description="The product's name.",
            ),
            Column("category", "text", maximum_length=200, description="Its category."),
        ),
        label="category",
        minimum_rows=20,
    )
    Request = Request
    Response = Response
    Params: ClassVar[type[FamilyParams]] = Params
    golden: ClassVar[tuple[Row, ...]] = (
        {"name": "Llave mezcladora para lavabo 1/2"},
        {"name": "CABLE THW CAL. 12 ROJO 100M"},
        {"name": 'Tubería ½" ñandú ÜBER Ⅷ'},
        {"name": "x"},
        {"name": "!!!"},
        {"name": "tornillo " * 2000},
    )

    def fit_distinct(
        self,
        train: pd.DataFrame,
        validation: pd.DataFrame,
        params: FamilyParams,
        seed: int,
        progress: Progress,
    ) -> FittedModel:
        """Fit the algorithm that `params` names."""
        from pipelines.families.product_categories import model

        return model.fit(train, validation, Params.model_validate(params), seed, progress)


FAMILY = ProductCategories()
