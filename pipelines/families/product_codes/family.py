"""Product codes: a product's description in, its code out, among hundreds."""

from __future__ import annotations

from typing import ClassVar

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from features.schema import Column, FrameSchema
from pipelines.classification import LabelFamily
from pipelines.contract import FamilyParams, FittedModel, Progress, Row
from pipelines.families.product_codes.params import Params
from pipelines.text_kernel.runtime import TEXT_LIMIT_CHARACTERS


class Request(BaseModel):
    """One description to be coded."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"description": "Llave mezcladora 1/2 cromo"}]}
    )

    description: str = Field(
        min_length=1,
        max_length=TEXT_LIMIT_CHARACTERS,
        title="Description",
        description="The product as an order or a catalogue describes it.",
    )


class Alternative(BaseModel):
    """One of the likeliest codes."""

    code: str
    confidence: float


class Response(BaseModel):
    """The likeliest code; a version from elsewhere may state no confidence."""

    code: str = Field(description="The likeliest code.")
    confidence: float | None = Field(
        None, description="Calibrated probability that the code is right."
    )
    alternatives: list[Alternative] = Field(
        default_factory=list, description="The five likeliest codes, the best one first."
    )


class ProductCodes(LabelFamily):
    """Product description to product code."""

    name = "product_codes"
    title = "Product codes"
    text = "description"
    target = "code"
    label_text = catalogue_text = "description"
    schema = FrameSchema(
        columns=(
            Column(
                "description",
                "text",
                maximum_length=TEXT_LIMIT_CHARACTERS,
                description="What the product is.",
            ),
            Column("code", "text", maximum_length=100, description="Its code."),
            Column("product_id", "text", required=False, description="The article's number."),
            Column("image", "text", required=False, description="Path or address of its picture."),
            Column("price", "number", required=False, description="Its price."),
        ),
        label="code",
        minimum_rows=20,
    )
    Request = Request
    Response = Response
    Params: ClassVar[type[FamilyParams]] = Params
    golden: ClassVar[tuple[Row, ...]] = (
        {"description": "Llave mezcladora para lavabo 1/2, cromo"},
        {"description": "CABLE THW CAL. 12 ROJO 100M"},
        {"description": 'Tubería ½" ñandú ÜBER Ⅷ'},
        {"description": "x"},
        {"description": "!!!"},
        {"description": "tornillo " * 2000},
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
        from pipelines.families.product_codes import model

        return model.fit(train, validation, Params.model_validate(params), seed, progress)


FAMILY = ProductCodes()
