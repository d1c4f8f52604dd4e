"""On the demo shop, whose customers have a taste in looks and one in wearing, both parts count."""

from __future__ import annotations

import pandas as pd
import pytest
from fashion_trial import Trial, certain_gain

from features.demo.fashion import write_fashion
from features.sources import Source
from pipelines.families.fashion_recommendations.params import Params

pytestmark = pytest.mark.slow

PARTS = {
    "bias": Params(pictures=False, words=False),
    "text": Params(pictures=False),
    "image": Params(words=False),
    "both": Params(),
}


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    written = write_fashion(tmp_path_factory.mktemp("demo"))
    return Trial(Source(str(written["reviews"])))


@pytest.fixture(scope="module")
def measured(trial: Trial, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONTENDER_HOME", str(tmp_path_factory.mktemp("home")))
        return {
            name: trial.measured(trial.fitted(params)).per_request for name, params in PARTS.items()
        }


@pytest.mark.parametrize("part", ["bias", "text", "image"])
def test_the_hybrid_beats_each_part_beyond_noise(
    measured: dict[str, pd.DataFrame], part: str
) -> None:
    assert certain_gain(measured["both"], measured[part], "asks_rating") > 0.02


@pytest.mark.parametrize("part", ["text", "image"])
def test_each_part_beats_the_biases_beyond_noise(
    measured: dict[str, pd.DataFrame], part: str
) -> None:
    assert certain_gain(measured[part], measured["bias"], "asks_rating") > 0.02


def test_a_written_review_is_explained_better_than_it_is_predicted(
    measured: dict[str, pd.DataFrame],
) -> None:
    both = measured["both"]
    asked = both.groupby("asks_explanation")["squared_error"].mean()
    assert asked[True] ** 0.5 < 0.6 * asked[False] ** 0.5


def test_lists_are_better_than_popularity(trial: Trial, measured: dict[str, pd.DataFrame]) -> None:
    lists = measured["both"]["ndcg_at_10"].mean()
    assert lists > 1.15 * trial.floor().values["ndcg_at_10"]
