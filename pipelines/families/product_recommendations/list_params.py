"""The hyperparameters of the lists; those of the ratings stand in `params.py`."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from pipelines.contract import FamilyParams


class ListModel(StrEnum):
    """What ranks the items of a list."""

    AUTO = "auto"
    EASE = "ease"
    ALS = "als"
    SPARK_ALS = "spark_als"
    POPULARITY = "popularity"


class ListParams(FamilyParams):
    """EASE for small catalogues, implicit ALS for larger ones, unless one is named."""

    lists: ListModel = Field(
        ListModel.AUTO,
        title="Lists",
        description=(
            "What ranks a list; auto: EASE for small catalogues, implicit ALS above, which "
            "spark_als fits on Apache Spark."
        ),
    )
    ease_limit: int = Field(
        8_000,
        ge=1,
        le=20_000,
        title="EASE up to",
        description="Largest catalogue that auto gives to EASE, whose memory grows by its square.",
    )
    ease_ridge: float = Field(
        300.0,
        gt=0,
        le=10_000,
        title="EASE ridge",
        description="How strongly EASE is regularised; larger trusts frequent pairs only.",
    )
    neighbours: int = Field(
        200,
        ge=10,
        le=5_000,
        title="EASE neighbours",
        description="How many other items each item points to; fewer answer faster.",
    )
    list_factors: int = Field(
        32, ge=4, le=256, title="ALS factors", description="Width of the lists' implicit ALS."
    )
    list_sweeps: int = Field(
        0,
        ge=0,
        le=50,
        title="ALS sweeps",
        description="Sweeps of the lists' implicit ALS; 0: by the number of likes.",
    )
    spark_master: str = Field(
        "local[*]",
        max_length=200,
        title="Spark master",
        description="Where Spark ALS runs: local[*] for this machine, or a cluster's address.",
    )
