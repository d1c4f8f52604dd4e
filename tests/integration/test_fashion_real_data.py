"""On real reviews, of which none has pictures: never worse than what an item gets on average."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fashion_trial import Trial

from features.sources import Source
from pipelines.contract import Evaluation
from pipelines.families.fashion_recommendations.data import copies_key
from pipelines.families.fashion_recommendations.params import Params

pytestmark = pytest.mark.slow

SAME = 0.001
"""RMSE that is called equal: a fiftieth of what another draw of test rows would change."""
WOMEN = {
    "item_id": "clothing_id",
    "review_title": "title",
    "item_title": "",
    "category": "class_name",
}
AMAZON = {
    "customer_id": "reviewerID",
    "item_id": "asin",
    "rating": "overall",
    "review_title": "summary",
    "review_text": "reviewText",
    "reviewed_at": "",
}


@pytest.fixture(scope="module")
def women(real_data: Path) -> tuple[Trial, Evaluation]:
    file = real_data / "womens_clothing_reviews" / "reviews.csv.gz"
    trial = Trial(Source(str(file), WOMEN))
    return trial, trial.measured(trial.fitted(Params()))


def test_ratings_alone_are_predicted_better_than_by_item_bias(real_data: Path) -> None:
    file = real_data / "amazon_fashion_ratings_2023" / "ratings.csv.gz"
    trial = Trial(Source(str(file), {"customer_id": "user_id"}))
    values = trial.measured(trial.fitted(Params())).values
    assert values["rmse_before_purchase"] < trial.item_bias_rmse() - 0.03
    assert values["rmse_before_purchase"] <= trial.floor().values["rmse_before_purchase"] + SAME
    assert values["ndcg_at_10"] >= trial.floor().values["ndcg_at_10"] - 0.002


def test_reviews_of_unknown_customers_are_predicted_as_by_item_bias(
    women: tuple[Trial, Evaluation],
) -> None:
    trial, evaluation = women
    assert evaluation.values["rmse_before_purchase"] <= trial.item_bias_rmse() + SAME


def test_a_written_review_is_read_as_well_as_by_ridge_regression_on_its_words(
    women: tuple[Trial, Evaluation],
) -> None:
    trial, evaluation = women
    assert evaluation.values["rmse_written_review"] <= ridge_rmse(trial) + SAME


def ridge_rmse(trial: Trial) -> float:
    """Ridge regression on TF-IDF of words and pairs of words, the title counted twice."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import Ridge

    def texts(frame):
        titles, said = frame["review_title"].fillna(""), frame["review_text"].fillna("")
        return (titles + " . " + titles + " . " + said).tolist()

    asked = trial.test.actual["asks_explanation"].to_numpy()
    vectoriser = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    model = Ridge(1.0, solver="sparse_cg", tol=1e-4).fit(
        vectoriser.fit_transform(texts(trial.train)), trial.train["rating"]
    )
    answers = model.predict(vectoriser.transform(texts(trial.test.requests[asked])))
    return float(np.sqrt(((answers.clip(1, 5) - trial.test.actual["rating"][asked]) ** 2).mean()))


def test_no_copy_of_a_review_stands_on_both_sides(real_data: Path) -> None:
    trial = Trial(Source(str(real_data / "amazon_fashion_reviews" / "reviews.jsonl.gz"), AMAZON))
    parts = [set(copies_key(part)) for part in vars(trial.split).values()]
    assert sum(map(len, parts)) == len(set.union(*parts))
    assert len(trial.split.test) > 4 * len(parts[2])
