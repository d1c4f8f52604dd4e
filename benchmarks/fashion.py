"""What pictures and words are worth: the ablation on the demo shop, and real reviews.

    .venv/bin/python benchmarks/fashion.py [--only demo,ratings,women] [--folder DIR]

Real data by CONTENDER_DATA; `--folder` keeps the demo shop and the cache of picture vectors.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from features import resampling
from features.demo.fashion import write_fashion
from features.sources import Source
from pipelines.families.fashion_recommendations.family import FAMILY
from pipelines.families.fashion_recommendations.model import FashionModel, fit
from pipelines.families.fashion_recommendations.params import Params
from pipelines.families.fashion_recommendations.runtime import FashionRuntime
from pipelines.versions.answers import ask, frame_of, instances_of

SEED = 3
RESAMPLES = 2_000
PARTS = {
    "bias": Params(pictures=False, words=False),
    "+ text": Params(pictures=False),
    "+ image": Params(words=False),
    "+ both": Params(),
}
FIGURES = ("rmse_before_purchase", "mae", "ndcg_at_10", "recall_at_10", "rmse_written_review")
RATINGS, WOMEN = "amazon_fashion_ratings_2023", "womens_clothing_reviews"
COLUMNS = {
    RATINGS: {"customer_id": "user_id"},
    WOMEN: {
        "item_id": "clothing_id",
        "review_title": "title",
        "item_title": "",
        "category": "class_name",
    },
}


def sources(only: set[str], folder: Path) -> Iterator[tuple[str, Source, tuple[str, ...]]]:
    data = Path(os.environ.get("CONTENDER_DATA", "../shared/data"))
    if "demo" in only:
        yield "demo shop", Source(str(write_fashion(folder)["reviews"])), tuple(PARTS)
    for name, short, file in (
        (RATINGS, "ratings", "ratings.csv.gz"),
        (WOMEN, "women", "reviews.csv.gz"),
    ):
        if short in only:
            yield name, Source(str(data / name / file), COLUMNS[name]), ("+ both",)


def item_bias(train: pd.DataFrame, requests: pd.DataFrame) -> pd.DataFrame:
    told = train[train["rating"].notna()]
    mean = told["rating"].mean()
    sums = (told["rating"] - mean).groupby(told["item_id"]).agg(["sum", "count"])
    bias = sums["sum"] / (sums["count"] + 5.0)
    return pd.DataFrame({"rating": mean + requests["item_id"].map(bias).fillna(0.0)})


def interval(mine: pd.DataFrame, theirs: pd.DataFrame) -> str:
    """Return the 98 % interval of the RMSE gained, customers being drawn whole."""
    asked = mine["asks_rating"].to_numpy(dtype=bool)
    squares = [rows.loc[asked, "squared_error"].to_numpy(dtype=float) for rows in (theirs, mine)]
    drawn = resampling.plan(mine.loc[asked, "group"].to_numpy()).weights(RESAMPLES, 7)
    roots = [[np.sqrt(w @ s / w.sum(axis=1)) for s in squares] for w in drawn]
    gains = np.concatenate([before - after for before, after in roots])
    return " to ".join(f"{value:+.3f}" for value in np.quantile(gains, [0.01, 0.99]))


def list_ms(model: FashionModel, requests: pd.DataFrame) -> float:
    """Return the CPU milliseconds of one customer's list over the whole catalogue."""
    runtime, asked = FashionRuntime(model.recommender), requests[requests["item_id"].isna()]
    instances = instances_of(asked.head(100))
    runtime.predict(instances[:1])
    start = time.process_time()
    for instance in instances:
        runtime.predict([instance])
    return 1000 * (time.process_time() - start) / len(instances)


def show(name: str, values: dict[str, float], more: str = "") -> None:
    cells = [f"{values[figure]:.4f}" if figure in values else "-" for figure in FIGURES]
    print(f"| {name} | {' | '.join(cells)} | {more} |", flush=True)


def run(name: str, source: Source, parts: tuple[str, ...]) -> None:
    split = FAMILY.split(FAMILY.load(source).frame)
    train, test = FAMILY.admissible(split.train, split.test), FAMILY.examples(split.test)
    kinds = test.actual[["asks_rating", "asks_list", "asks_explanation"]].sum().tolist()
    print(f"\n{name}: {len(train)} training rows; ratings, lists, written reviews: {kinds}")
    print(f"| model | {' | '.join(FIGURES)} | CPU s, network's weight, ms a list |")
    by_item = FAMILY.evaluate(item_bias(train, test.requests), test.actual)
    show("item bias", {name: by_item.values[name] for name in FIGURES[:2]})
    show(
        "damped means, popularity",
        dict(FAMILY.evaluate(FAMILY.floor(train, test.requests), test.actual).values),
    )
    rows = {}
    for part in parts:
        start = time.process_time()
        model = fit(train, split.validation, PARTS[part], SEED, lambda _share, _said: None)
        spent = time.process_time() - start
        answers = ask(FashionRuntime(model.recommender), test.requests)
        found = FAMILY.evaluate(frame_of(answers, test.requests.index, FAMILY), test.actual)
        rows[part] = found.per_request
        weight, speed = model.recommender.weight, list_ms(model, test.requests)
        show(part, dict(found.values), f"{spent:.0f}, {weight:.1f}, {speed:.1f}")
    for part in parts[:-1]:
        print(f"RMSE gained by both over {part}: {interval(rows[parts[-1]], rows[part])}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="demo,ratings,women")
    parser.add_argument("--folder", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = chosen.folder or Path(scratch)
        os.environ.setdefault("CONTENDER_HOME", str(folder))
        for name, source, parts in sources(set(chosen.only.split(",")), folder):
            run(name, source, parts)


if __name__ == "__main__":
    main()
