"""Spark reads ratings as one machine does, and what it hands on is fitted and served like any."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from features.interactions import Interactions, interactions, seconds
from features.many_ratings import rest
from features.many_ratings.reading import read_many
from features.sources import Raw, Source
from features.splits import place
from pipelines.families.product_recommendations.asking import ID_LIMIT_CHARACTERS
from pipelines.families.product_recommendations.family import FAMILY
from pipelines.families.product_recommendations.layout import ListArrays
from pipelines.families.product_recommendations.rankers.als import fit_als
from pipelines.families.product_recommendations.rankers.measuring import figures, questions
from pipelines.families.product_recommendations.rankers.popularity import recent_popularity
from pipelines.families.product_recommendations.rankers.scoring import scorer_of
from pipelines.families.product_recommendations.rankers.spark_als import fit_spark_als

pytestmark = pytest.mark.slow
NAMES = ("user_id", "item_id", "rating", "timestamp")
DAMAGED = [
    ",i1,4,2025-01-01",
    "u1,,4,2025-01-01",
    "u1,i1,many,2025-01-01",
    f"{'u' * 600},i1,4,2025-01-01",
    "u1,i1,4,yesterday",
    "u1,i2,99,2025-01-01",
    "u1",
]
"""A user, an item, a number, an id too long, a time, a rating off the scale, a whole row."""


def written(file: Path, users: int = 600, items: int = 40, each: int = 10) -> Path:
    """Write ratings whose times are written in all the ways, with some pairs rated again."""
    rng = np.random.default_rng(5)
    lines = ["userId,movieId,overall,timestamp"]
    for user in range(users):
        # The same name in two forms of Unicode is one user; blanks around it are none of it.
        name = (
            ("jos\u00e9 " if user % 2 else "jose\u0301 ") + str(user)
            if user % 5 == 0
            else f"u{user}"
        )
        for place_, item in enumerate(rng.choice(items, each, replace=False)):
            moment = 1_735_689_600 + user * 3_600 + place_ * 60
            when = [str(moment), str(moment * 1000), pd.Timestamp(moment, unit="s").isoformat()]
            given = 1 + int(rng.integers(0, 9)) / 2
            lines.append(f" {name} ,i{item},{given},{when[user % 3]}")
            if place_ == 0:  # rated again, a day later
                later = str(moment + 86_400)
                lines.append(f"{name},i{item},{1 + given % 5},{later}")
    file.write_text("\n".join([*lines, *DAMAGED]) + "\n", encoding="utf-8")
    return file


def by_pair(frame: pd.DataFrame) -> dict[tuple[str, str], tuple[float, int]]:
    moments = seconds(frame["timestamp"])
    rows = zip(frame["user_id"], frame["item_id"], frame["rating"], moments, strict=True)
    return {(user, item): (rating, int(moment)) for user, item, rating, moment in rows}


def of_rest(known: Interactions) -> dict[tuple[str, str], tuple[float, int]]:
    rows = zip(known.user, known.item, known.rating, known.time, strict=True)
    return {(known.users[u], known.items[i]): (float(r), int(t)) for u, i, r, t in rows}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Raw, Raw]:
    """The same file read here, and by Spark with room for some of the users in the panel."""
    source = Source(str(written(tmp_path_factory.mktemp("many") / "ratings.csv")))
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    by_spark = read_many(
        source,
        FAMILY.schema,
        longest_id=ID_LIMIT_CHARACTERS,
        panel_rows=2_000,
    )
    after = {process.pid for process in psutil.Process().children(recursive=True)}
    assert after <= before, "Java has ended with the answer"
    return FAMILY.load(source), by_spark


def test_panel_and_rest_hold_the_rows_that_one_machine_keeps(both):
    here, by_spark = both
    digest = str(by_spark.frame[rest.COLUMN].iloc[0])
    all_rows, panel = by_pair(here.frame), by_pair(by_spark.frame)
    others = of_rest(rest.held(digest).interactions())
    here_too = {user: place(user, rest.PANEL_SALT) < 0.25 for user, _ in all_rows}
    assert panel == {pair: row for pair, row in all_rows.items() if here_too[pair[0]]}
    assert others == {pair: row for pair, row in all_rows.items() if not here_too[pair[0]]}
    assert len(panel) > 1_000


def test_what_is_set_aside_is_counted_alike_and_named(both):
    here, by_spark = both
    for what in ("rows read", "damaged", "out of range", "repeated", "kept", "one-time users"):
        assert by_spark.counts[what] == here.counts[what], what
    reasons = " ".join(by_spark.quarantined["reason"])
    for part in (
        "user is empty",
        "item is empty",
        "not a plain number",
        "characters",
    ):
        assert part in reasons
    assert "not a time" in reasons
    assert "out of range" in reasons


def test_numbers_that_pandas_has_made_fractions_of_are_the_numbers_they_were(tmp_path):
    """A column of whole numbers with a gap in it is one of doubles, which Java writes as 1.7E9."""
    frame = pd.DataFrame(
        {
            "user_id": np.repeat([1.0, 20_000_000.0], 15),
            "item_id": [f"i{number}" for number in range(15)] * 2,
            "rating": [0.0, 4.5, 5.0, 1.0, 2.0, 3.5] * 5,
            "timestamp": [*(1_735_689_600.0 + 60 * np.arange(29)), None],
        }
    )
    frame.to_parquet(tmp_path / "ratings.parquet")
    source = Source(str(tmp_path / "ratings.parquet"))
    here = FAMILY.load(source)
    by_spark = read_many(source, FAMILY.schema, longest_id=ID_LIMIT_CHARACTERS)
    assert by_pair(by_spark.frame) == by_pair(here.frame)
    assert set(by_spark.frame["user_id"]) == {"1", "20000000"}


def test_users_of_the_rest_are_recommended_to_like_all_others(both):
    _, by_spark = both
    parts = FAMILY.split(by_spark.frame)
    params = FAMILY.Params.model_validate({"ratings": "means", "lists": "ease"})
    model = FAMILY.fit(parts.train, parts.validation, params, 3, lambda *_: None)
    others = rest.held(str(by_spark.frame[rest.COLUMN].iloc[0])).interactions()
    fitted = len(parts.train) + len(parts.validation) + len(others)
    assert len(model.layout.seen.items) == fitted
    asked = pd.DataFrame({"user_id": others.users[:20], "item_id": None, "top": 5})
    answers = model.predict(asked.rename_axis("request"))
    liked = np.bincount(others.user, weights=others.relevant)[:20] > 0
    assert (answers["reason"] == "personal")[liked].all()


def test_lists_by_spark_find_what_the_library_on_one_machine_finds(real_data):
    frame = FAMILY.load(Source(str(real_data / "movielens_100k" / "ratings.csv.gz"))).frame
    rng = np.random.default_rng(1)
    known = interactions(frame, *NAMES)
    held_out = rng.random(len(known)) < 0.2
    earlier = known.where(~held_out)
    asked = questions(earlier, known.where(held_out), 500)
    liked = earlier.where(earlier.relevant)
    settings = {"ridge": 0.05, "confidence": 2.0}

    def ndcg(arrays) -> float:
        scorer = scorer_of(ListArrays("als", settings, arrays))
        return figures(asked, lambda one: scorer.scores(one.liked)).ndcg

    by_library = ndcg(fit_als(liked, 32, 10, 3, lambda _: None))
    by_spark = ndcg(fit_spark_als(liked, 32, 10, 3, "local[2]"))
    popular = recent_popularity(earlier)
    assert by_spark > 0.9 * by_library
    assert by_spark > 1.3 * figures(asked, lambda _: popular.copy()).ndcg
