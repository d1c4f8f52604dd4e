"""How far predicted ratings are off: every model on official folds, random fifths, and in time.

    .venv/bin/python benchmarks/ratings.py DATA [--only 100k,1m,sparse] [--models svd,svdpp]
    .venv/bin/python benchmarks/ratings.py DATA --strangers

DATA holds folders with `ratings.csv.gz`. Lists are not fitted. `ships` is what the family lets
ship, `CPU s` what deciding, fitting and predicting took, a fold each. `--strangers` leaves out a
fifth of the users of MovieLens 100K, folds in some of their ratings, and rates others.
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
from pipelines.families.product_recommendations.layout import Layout
from pipelines.families.product_recommendations.params import Params
from pipelines.families.product_recommendations.rates import Rater

Cut = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]
"""Rows to train on, to decide on, and to be measured by."""
MODELS = ("means", "svd", "svdpp")
SEED = 3
SENT = (0, 5, 20, 50, 1000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", default=",".join(SETS))
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--strangers", action="store_true")
    asked = parser.parse_args()
    if asked.strangers:
        strangers(asked.data, asked.models.split(","))
        return
    print(f"{'rows':<44}{'model':<8}{'ships':<8}{'RMSE':>8}{'MAE':>8}{'CPU s':>8}")
    for name in asked.only.split(","):
        for label, cuts in SETS[name](asked.data):
            for model in asked.models.split(","):
                print(f"{label:<44}{measured(model, cuts)}", flush=True)


def strangers(data: Path, models: Sequence[str]) -> None:
    rows, rng = rows_of(data, "movielens_100k"), np.random.default_rng(0)
    users = np.sort(rows["user_id"].unique())
    strange = set(users[rng.random(len(users)) < 0.2])
    left_out = rows["user_id"].isin(strange)
    shuffled = rows[left_out].sample(frac=1, random_state=0)
    print(f"{'RMSE by ratings sent along':<30}" + "".join(f"{sent:>9}" for sent in SENT))
    for model in models:
        params = Params.model_validate({"ratings": model, "lists": "popularity"})
        fitted = FAMILY.fit(rows[~left_out], rows.head(0), params, SEED, lambda *_: None)
        errors = [errors_of(fitted.layout, mine) for _, mine in shuffled.groupby("user_id")]
        found = np.sqrt([np.mean(np.concatenate(each) ** 2) for each in zip(*errors, strict=True)])
        print(f"{model:<30}" + "".join(f"{value:9.3f}" for value in found), flush=True)


def errors_of(layout: Layout, mine: pd.DataFrame) -> list[NDArray[np.float64]]:
    """Return the errors on one stranger's held-out fifth, for each number of ratings sent."""
    codes = np.array([layout.items.code(item) for item in mine["item_id"]], dtype=float)
    known, given = np.isfinite(codes), mine["rating"].to_numpy()
    codes, given = codes[known].astype(int), given[known]
    tested, rater = slice(0, len(codes) // 5), Rater(layout.ratings)
    sent = (slice(tested.stop, tested.stop + count) for count in SENT)
    tastes = (rater.fold_in(codes[rows], given[rows]) for rows in sent)
    return [rater.rate(taste, codes[tested]) - given[tested] for taste in tastes]


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
