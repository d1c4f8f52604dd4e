"""What the ratings have to reach on real data, through the family as a training would use it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from features.interactions import interactions
from features.preferences import damped_means
from features.sources import Source
from pipelines.contract import Progress
from pipelines.families.product_recommendations.family import FAMILY
from pipelines.families.product_recommendations.params import Params
from pipelines.families.product_recommendations.spark_factors import SparkFailed

pytestmark = pytest.mark.slow
SEED = 3
FIT_IN_A_FRESH_PROCESS = """
import json, sys, time
from pathlib import Path
from features.sources import Source
from pipelines.families.product_recommendations.family import FAMILY
split = FAMILY.split(FAMILY.load(Source(sys.argv[1])).frame)
wall, work = time.perf_counter(), time.process_time()
model = FAMILY.fit(split.train, split.validation, FAMILY.Params(), 3, lambda done, what: None)
# On a busy machine the clock says little; the work of all threads is what one quiet core needs.
seconds = min(time.perf_counter() - wall, time.process_time() - work)
# Of this program alone: getrusage also counts what the one that started it held.
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
peak = int(status["VmHWM"].split()[0]) / 1024
print(json.dumps({"seconds": seconds, "megabytes": peak, "by": model.layout.ratings.by}))
"""


def silent(_share: float, _what: str) -> None:
    """Report to nobody."""


def loaded(real_data: Path, name: str) -> pd.DataFrame:
    return FAMILY.load(Source(str(real_data / name / "ratings.csv.gz"))).frame


def rmse(train: pd.DataFrame, test: pd.DataFrame, params: Params, tell: Progress = silent) -> float:
    model = FAMILY.fit(train, train.head(0), params, SEED, tell)
    asked = test[["user_id", "item_id"]].reset_index(drop=True)
    errors = model.predict(asked)["rating"].to_numpy(float) - test["rating"].to_numpy()
    return float(np.sqrt(np.mean(errors**2)))


def rmse_of_means(train: pd.DataFrame, test: pd.DataFrame) -> float:
    """Damped means as anyone would write them, clipped to the scale; the unknown deviate by 0."""
    known = interactions(train, "user_id", "item_id", "rating")
    means = damped_means(known)
    users = pd.Series(means.user, list(known.users)).reindex(test["user_id"]).fillna(0)
    items = pd.Series(means.item, list(known.items)).reindex(test["item_id"]).fillna(0)
    rated = np.clip(means.mean + users.to_numpy() + items.to_numpy(), 1, 5)
    return float(np.sqrt(np.mean((rated - test["rating"].to_numpy()) ** 2)))


@pytest.fixture(scope="module")
def official_folds(real_data: Path) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
    path = real_data / "movielens_100k" / "ratings.csv.gz"
    folds = pd.read_csv(path)["test_fold"].to_numpy()
    rows = loaded(real_data, "movielens_100k")
    assert len(rows) == len(folds)
    return [(rows[folds != fold], rows[folds == fold]) for fold in range(1, 6)]


@pytest.mark.parametrize(("params", "limit"), [({}, 0.909), ({"ratings": "svdpp"}, 0.903)])
def test_movielens_100k_on_its_official_folds(official_folds, params, limit) -> None:
    # Lists have no part in ratings, and EASE would take most of the time.
    asked = Params.model_validate({"lists": "popularity", **params})
    found = [rmse(train, test, asked) for train, test in official_folds]
    assert np.mean(found) <= limit, found


@pytest.mark.parametrize("name", ["amazon_electronics_head", "amazon_fashion_ratings_2023"])
@pytest.mark.parametrize("ratings", ["svd", "svdpp"])
def test_on_sparse_data_it_is_never_worse_than_damped_means(real_data, name, ratings) -> None:
    rows = loaded(real_data, name)
    folds = np.array_split(np.random.default_rng(0).permutation(len(rows)), 5)
    params = Params.model_validate({"ratings": ratings, "lists": "popularity"})
    for fold in folds[:2]:
        test = np.isin(np.arange(len(rows)), fold)
        train, asked = rows[~test], rows[test]
        assert rmse(train, asked, params) <= rmse_of_means(train, asked) + 0.001


def test_movielens_1m_part_is_fitted_in_15_seconds_and_800_megabytes(real_data) -> None:
    path = real_data / "movielens_1m_part" / "ratings.csv.gz"
    done = subprocess.run(
        [sys.executable, "-c", FIT_IN_A_FRESH_PROCESS, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found["seconds"] <= 15
    assert found["megabytes"] <= 800
    assert found["by"] == "svd"


class Listeners(threading.Thread):
    """Watches at which addresses the processes listen that this one starts from now on."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.addresses: set[str] = set()
        self.over = threading.Event()
        self._others = set(psutil.Process().children(recursive=True))

    def started(self) -> set[psutil.Process]:
        return set(psutil.Process().children(recursive=True)) - self._others

    def run(self) -> None:
        while not self.over.wait(0.2):
            for child in self.started():
                try:
                    open_now = child.net_connections("inet")
                except psutil.Error:
                    continue
                self.addresses |= {one.laddr.ip for one in open_now if one.status == "LISTEN"}


def test_spark_als_fits_on_the_loopback_only_and_leaves_nothing_behind(official_folds) -> None:
    train, test = official_folds[0]
    params = {"ratings": "spark_als", "means_may_win": False, "lists": "popularity"}
    watch = Listeners()
    watch.start()
    found = rmse(train, test, Params.model_validate(params))
    watch.over.set()
    watch.join()
    assert watch.addresses
    assert {address.removeprefix("::ffff:") for address in watch.addresses} == {"127.0.0.1"}
    assert not watch.started()
    assert found < rmse_of_means(train, test) - 0.01


def test_spark_that_cannot_be_reached_is_a_refusal_in_plain_words(real_data) -> None:
    rows = loaded(real_data, "movielens_100k").head(500)
    params = {"ratings": "spark_als", "means_may_win": False, "spark_master": "nowhere://"}
    with pytest.raises(SparkFailed, match="nowhere"):
        rmse(rows, rows, Params.model_validate(params))
