"""Fits ratings and lists, and holds them as arrays: saves, restores, compiles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import orjson
import pandas as pd

from features.interactions import Interactions
from pipelines.contract import FitRefused, Progress
from pipelines.families.product_recommendations.estimators.choice import fit_ratings
from pipelines.families.product_recommendations.estimators.factors import Factors, Measured
from pipelines.families.product_recommendations.ids import Ids
from pipelines.families.product_recommendations.layout import Layout, RatingArrays, Seen
from pipelines.families.product_recommendations.params import Params
from pipelines.families.product_recommendations.rankers.fitting import fit_lists
from pipelines.families.product_recommendations.runtime import RecommendationRuntime
from pipelines.families.product_recommendations.together import fitted_on

HISTORY_FILE = "history.json"
RATINGS_DONE = 0.6
"""How much of the progress bar the ratings take."""
FEWEST_ROWS = 10
FOLDED_IN_RIDGE = 5.0
"""Of 0 to 20, what rates MovieLens 100K's users best from 20 and more of their other ratings."""


class TooFewRatings(FitRefused):
    """There are not enough ratings to fit anything."""


class RecommenderModel:
    """A fitted recommender in its plain form: ratings in double precision."""

    def __init__(self, layout: Layout, history: pd.DataFrame) -> None:
        self.layout, self.history = layout, history

    def predict(self, requests: pd.DataFrame) -> pd.DataFrame:
        """Answer every request with one row."""
        columns = ["rating", "items", "reason", "list_by", "rating_by"]
        index = requests.index.rename("request")
        runtime = RecommendationRuntime(self.layout)
        asked = requests.astype(object).to_dict(orient="records")
        instances = [{str(name): value for name, value in row.items()} for row in asked]
        rows = [row for (row,) in runtime.predict(instances)]
        # As objects: a rating that is not asked for is None here as in the compiled form.
        return pd.DataFrame(rows, index=index, columns=columns, dtype=object)

    def save(self, directory: Path) -> None:
        """Write the arrays as they are, and what happened."""
        self.layout.save(directory, np.float64)
        self.history.to_json(directory / HISTORY_FILE, orient="records", double_precision=15)

    def compile(self, directory: Path) -> None:
        """Write the arrays in single precision, which is what is served."""
        self.layout.save(directory, np.float32)


def restore(directory: Path) -> RecommenderModel:
    """Read what `RecommenderModel.save` wrote."""
    history = pd.DataFrame(orjson.loads((directory / HISTORY_FILE).read_bytes()))
    return RecommenderModel(Layout.open(directory), history)


def fit(
    train: pd.DataFrame, validation: pd.DataFrame, params: Params, seed: int, progress: Progress
) -> RecommenderModel:
    """Decide on the validation rows, then fit on all. Raises `TooFewRatings`."""
    if len(train) + len(validation) < FEWEST_ROWS:
        message = f"{len(train) + len(validation)} ratings; at least {FEWEST_ROWS} are needed"
        raise TooFewRatings(message)
    known, held_out = fitted_on(train, validation)
    ratings = fit_ratings(
        known, held_out, params, seed, lambda done, what: progress(done * RATINGS_DONE, what)
    )
    lists = fit_lists(
        known,
        held_out,
        params,
        seed,
        lambda done, what: progress(RATINGS_DONE + done * (1 - RATINGS_DONE), what),
    )
    layout = Layout(
        Ids.of(known.users),
        Ids.of(known.items),
        Seen(known.offsets, known.item, known.rating),
        lists.popularity,
        _arrays(ratings, known, params),
        lists.lists,
    )
    found: list[Measured] = [(0, name, value) for name, value in lists.history.items()]
    return RecommenderModel(layout, _history([*_facts(known), *ratings.history, *found]))


def _arrays(ratings: Factors, known: Interactions, params: Params) -> RatingArrays:
    return RatingArrays(
        ratings.by,
        ratings.mean,
        known.scale.low,
        known.scale.high,
        params.damping,
        FOLDED_IN_RIDGE,
        ratings.user_bias,
        ratings.item_bias,
        ratings.user_factors,
        ratings.item_factors,
    )


def _facts(known: Interactions) -> list[Measured]:
    """Return what the rows are like: how many, and of how many who are there once."""
    users, items = np.bincount(known.user), np.bincount(known.item)
    facts = {
        "rows": len(known),
        "users": len(users),
        "items": len(items),
        "one_time_users": int((users == 1).sum()),
        "one_time_items": int((items == 1).sum()),
    }
    return [(0, f"fitted_{name}", float(value)) for name, value in facts.items()]


def _history(measured: list[Measured]) -> pd.DataFrame:
    finite = [row for row in measured if np.isfinite(row[2])]
    return pd.DataFrame(finite, columns=["step", "metric", "value"])
