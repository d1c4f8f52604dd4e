"""A recommender of six products: users `1` to `3` like the first ones, nobody knows the last."""

from __future__ import annotations

import numpy as np
from domain_stage import contract_of, serve_model
from fastapi import FastAPI

from pipelines.families.product_recommendations.family import FAMILY
from pipelines.families.product_recommendations.ids import Ids
from pipelines.families.product_recommendations.layout import (
    Layout,
    ListArrays,
    RatingArrays,
    Seen,
)
from pipelines.families.product_recommendations.runtime import RecommendationRuntime

ITEMS = ("010101", "020202", "030303", "040404", "050505", "060606")
SETTINGS = {"share": 0.0, "liked_from": 4.0}


def neighbours() -> ListArrays:
    """Return lists in which each product points to the two after it, the nearer one first."""
    after = np.array([[(i + 1) % 6, (i + 2) % 6] for i in range(6)], dtype=np.int32)
    weights = np.tile(np.array([0.8, 0.4], dtype=np.float32), (6, 1))
    return ListArrays("ease", SETTINGS, {"neighbours": after, "weights": weights})


def small_layout(lists: ListArrays | None = None) -> Layout:
    """Return the model: user 1 liked the first product, 2 the first two, 3 disliked the third."""
    factors = np.linspace(-0.5, 0.5, 12, dtype=np.float64).reshape(6, 2)
    return Layout(
        users=Ids.of(["1", "2", "3"]),
        items=Ids.of(ITEMS),
        seen=Seen(
            np.array([0, 1, 3, 4]),
            np.array([0, 0, 1, 2], dtype=np.int32),
            np.array([5, 5, 4, 1], dtype=np.float32),
        ),
        popularity=np.array([1.0, 0.9, 0.7, 0.5, 0.3, 0.1], dtype=np.float32),
        ratings=RatingArrays(
            by="svd",
            mean=3.5,
            low=1.0,
            high=5.0,
            damping=5.0,
            ridge=0.1,
            user_bias=np.array([0.2, 0.0, -0.4]),
            item_bias=np.linspace(0.5, -0.5, 6),
            user_factors=np.array([[0.5, 0.1], [0.2, 0.2], [-0.3, 0.4]]),
            item_factors=factors,
        ),
        lists=lists or neighbours(),
    )


def serve_recommender(
    app: FastAPI, version: str = "5", lists: ListArrays | None = None
) -> RecommendationRuntime:
    """Let `app` answer recommendations, as after a promotion."""
    runtime = RecommendationRuntime(small_layout(lists))
    contract = contract_of(FAMILY.name, "user_id", "rating").model_copy(
        update={
            "request_schema": FAMILY.Request.model_json_schema(),
            "response_schema": FAMILY.Response.model_json_schema(),
        }
    )
    serve_model(app, contract, runtime, version)
    return runtime
