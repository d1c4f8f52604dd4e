"""How far predicted ratings are off: every model on official folds, random fifths, and in time.

    .venv/bin/python benchmarks/ratings.py DATA [--only 100k,1m,sparse] [--models svd,svdpp]

DATA holds folders with `ratings.csv.gz`. Lists are not fitted. `ships` is what the family lets
ship, `CPU s` what deciding, fitting and predicting took, a fold each.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.sources import Source
from pipelines.families.product_recommendations.family import FAMILY
from pipelines.families.product_recommendations.params import Params

Cut = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]
"""Rows to train on, to decide on, and to be measured by."""
MODELS = ("means", "svd", "svdpp")
SEED = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", default=",".join(SETS))
    parser.add_argument("--models", default=",".join(MODELS))
    asked = parser.parse_args()
    print(f"{'rows':<44}{'model':<8}{'ships':<8}{'RMSE':>8}{'MAE':>8}{'CPU s':>8}")
    for name in asked.only.split(","):
        for label, cuts in SETS[name](asked.data):
            for model in asked.models.split(","):
                print(f"{label:<44}{measured(model, cuts)}", flush=True)


def measured(model: str, cuts: Sequence[Cut]) -> str:
    params = Params.model_validate({"ratings": model, "lists": "popularity"})
    found, ships, start = [], set(), time.process_time()
    for train, validation, test in cuts:
        fitted = FAMILY.fit(train, validation, params, SEED, lambda *_: None)
        asked = test[["user_id", "item_id"]].reset_index(drop=True)
        rated = fitted.predict(asked)["rating"].to_numpy(float)
        error = rated - test["rating"].to_numpy()
        found.append((np.sqrt(np.mean(error**2)), np.mean(np.abs(error))))
        ships.add(fitted.layout.ratings.by)
    rmse, mae = np.mean(found, axis=0)
    seconds = (time.process_time() - start) / len(cuts)
    return f"{model:<8}{'/'.join(sorted(ships)):<8}{rmse:8.4f}{mae:8.4f}{seconds:8.1f}"


def rows_of(data: Path, name: str) -> pd.DataFrame:
    return FAMILY.load(Source(str(data / name / "ratings.csv.gz"))).frame


def official(data: Path) -> Iterator[tuple[str, list[Cut]]]:
    rows = rows_of(data, "movielens_100k")
    folds = pd.read_csv(data / "movielens_100k" / "ratings.csv.gz")["test_fold"].to_numpy()
    yield "MovieLens 100K, official folds", [cut_by(rows, folds == fold) for fold in range(1, 6)]
    yield "MovieLens 100K, newest of test users", [in_time(rows)]


def larger(data: Path) -> Iterator[tuple[str, list[Cut]]]:
    rows = rows_of(data, "movielens_1m_part")
    yield "MovieLens 1M part, random fifth", random_fifths(rows, 1)
    yield "MovieLens 1M part, newest of test users", [in_time(rows)]


def sparse(data: Path) -> Iterator[tuple[str, list[Cut]]]:
    for name in ("amazon_electronics_head", "amazon_fashion_ratings_2023"):
        rows = rows_of(data, name)
        yield f"{name}, random", random_fifths(rows, 5)
        yield f"{name}, test users", [in_time(rows)]


def random_fifths(rows: pd.DataFrame, count: int) -> list[Cut]:
    parts = np.array_split(np.random.default_rng(0).permutation(len(rows)), 5)
    return [cut_by(rows, np.isin(np.arange(len(rows)), part)) for part in parts[:count]]


def cut_by(rows: pd.DataFrame, test: NDArray[np.bool_]) -> Cut:
    return rows[~test], rows.head(0), rows[test]


def in_time(rows: pd.DataFrame) -> Cut:
    split = FAMILY.split(rows)
    return FAMILY.admissible(split.train, split.test), split.validation, split.test


SETS: dict[str, Callable[[Path], Iterator[tuple[str, list[Cut]]]]] = {
    "100k": official,
    "1m": larger,
    "sparse": sparse,
}

if __name__ == "__main__":
    main()
