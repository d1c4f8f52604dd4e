"""The demo shop's ratings: the same every time, uneven as real ones, with a taste to be found."""

from __future__ import annotations

import csv
import time
from collections import Counter
from pathlib import Path
from random import Random

import numpy as np
import pytest

from features.demo.catalogue import variants
from features.demo.ratings import COLUMNS, LAST_AT, OFF_SCALE, rating_rows
from features.demo.stock import CODED_VARIANTS, Demand
from features.sources import Source
from pipelines.families.product_recommendations.family import FAMILY
from pipelines.families.product_recommendations.list_params import ListModel

DEMAND = Demand(variants(), Random("7 demand")).best_sellers(CODED_VARIANTS)


def rows(seed: str = "7 ratings") -> list[tuple[str, str, str, str]]:
    return rating_rows(DEMAND.variants, Random(seed))


@pytest.fixture(scope="module")
def rated() -> list[tuple[str, str, str, str]]:
    return rows()


@pytest.fixture(scope="module")
def file(rated, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("ratings") / "product_recommendations.csv"
    with path.open("w", encoding="utf-8", newline="") as target:
        csv.writer(target).writerows([COLUMNS, *rated])
    return path


def test_the_same_seed_gives_the_same_rows_and_another_seed_others(rated):
    assert rows() == rated
    assert rows("8 ratings") != rated


def test_they_are_made_in_a_second():
    start = time.process_time()
    rows()
    assert time.process_time() - start < 1.0


def test_there_are_as_many_as_a_shop_needs_oldest_first(rated):
    assert 24_000 < len(rated) < 27_000
    times = [int(row[3]) for row in rated]
    assert times == sorted(times)
    assert times[-1] <= LAST_AT
    assert {row[1] for row in rated} <= {variant.code for variant in DEMAND.variants}


def test_a_few_rate_much_and_many_once(rated):
    counts = Counter(row[0] for row in rated)
    assert 1_400 < len(counts) < 1_600
    assert sum(count == 1 for count in counts.values()) > 200
    busiest = sum(count for _, count in counts.most_common(len(counts) // 10))
    assert busiest > 0.3 * len(rated)


def test_slips_are_there_and_few(rated):
    off = [row for row in rated if row[2] not in {"1", "2", "3", "4", "5"}]
    assert sorted(row[2] for row in off) == sorted(OFF_SCALE)
    pairs = Counter(row[:2] for row in rated)
    assert 0.01 < sum(count > 1 for count in pairs.values()) / len(pairs) < 0.04
    assert len(set(rated)) < len(rated)


def test_the_family_reads_them_and_sets_the_slips_aside(file, rated):
    raw = FAMILY.load(Source(str(file)))
    assert len(raw.frame) + len(raw.quarantined) == len(rated)
    assert raw.counts["out of range"] == len(OFF_SCALE)
    assert raw.counts["rows read"] - raw.counts["kept"] == len(raw.quarantined)
    assert raw.frame["rating"].between(1, 5).all()
    assert raw.frame["item_id"].str.fullmatch(r"\d{6}").all()


@pytest.mark.slow
def test_taste_beats_means_and_popularity_clearly(file):
    split = FAMILY.split(FAMILY.load(Source(str(file))).frame)
    asked = FAMILY.examples(split.test)
    model = FAMILY.fit(split.train, split.validation, FAMILY.Params(), 3, lambda *_: None)
    ours = FAMILY.evaluate(model.predict(asked.requests), asked.actual).values
    floor = FAMILY.evaluate(FAMILY.floor(split.train, asked.requests), asked.actual).values
    assert model.layout.ratings.by == "svd"
    assert model.layout.lists.by == ListModel.EASE
    assert ours["rmse"] < floor["rmse"] - 0.03
    assert ours["ndcg_at_10"] > 2 * floor["ndcg_at_10"]
    assert np.isfinite(list(ours.values())).all()
