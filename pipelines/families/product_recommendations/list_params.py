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
    POPULARITY = "popularity"


class ListParams(FamilyParams):
    """EASE for small catalogues, implicit ALS for larger ones, unless one is named."""

    lists: ListModel = Field(
        ListModel.AUTO,
        title="Lists",
        description="What ranks a list; auto: EASE for small catalogues, implicit ALS above.",
    )
