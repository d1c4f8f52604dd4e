"""Fits the fashion family on a source and answers its test part, as a training would."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from features import resampling
from features.sources import Source
from features.splits import Split
from pipelines.arena.arena import silent
from pipelines.contract import Evaluation, Examples
from pipelines.families.fashion_recommendations.family import FAMILY
from pipelines.families.fashion_recommendations.model import FashionModel, fit
from pipelines.families.fashion_recommendations.params import Params
from pipelines.families.fashion_recommendations.runtime import FashionRuntime
from pipelines.versions.answers import ask, frame_of

SEED = 3
RESAMPLES = 2_000
DAMPING = 5.0


@dataclass
class Trial:
    """A source with its split; nothing of the test part is trained on."""

    source: Source

    @cached_property
    def split(self) -> Split:
        return FAMILY.split(FAMILY.load(self.source).frame)

    @cached_property
    def train(self) -> pd.DataFrame:
        return FAMILY.admissible(self.split.train, self.split.test)

    @cached_property
    def test(self) -> Examples:
        return FAMILY.examples(self.split.test)

    def fitted(self, params: Params) -> FashionModel:
        return fit(self.train, self.split.validation, params, SEED, silent)

    def measured(self, model: FashionModel) -> Evaluation:
        requests = self.test.requests
        answers = ask(FashionRuntime(model.recommender), requests)
        return FAMILY.evaluate(frame_of(answers, requests.index, FAMILY), self.test.actual)

    def floor(self) -> Evaluation:
        return FAMILY.evaluate(FAMILY.floor(self.train, self.test.requests), self.test.actual)

    def item_bias_rmse(self) -> float:
        """RMSE before the purchase of the items' damped means."""
        told = self.train[self.train["rating"].notna()]
        mean = told["rating"].mean()
        sums = (told["rating"] - mean).groupby(told["item_id"]).agg(["sum", "count"])
        bias = sums["sum"] / (sums["count"] + DAMPING)
        asked = self.test.actual["asks_rating"].to_numpy()
        predicted = mean + self.test.requests["item_id"][asked].map(bias).fillna(0)
        errors = predicted - self.test.actual["rating"][asked]
        return float(np.sqrt((errors**2).mean()))


def certain_gain(better: pd.DataFrame, worse: pd.DataFrame, asked: str) -> float:
    """The RMSE gained in all but 1 % of resamples in which customers are drawn whole."""
    rows = better[asked].to_numpy(dtype=bool)
    mine = better.loc[rows, "squared_error"].to_numpy(dtype=float)
    theirs = worse.loc[rows, "squared_error"].to_numpy(dtype=float)
    gains = [
        np.sqrt(weights @ theirs / weights.sum(axis=1))
        - np.sqrt(weights @ mine / weights.sum(axis=1))
        for weights in resampling.plan(better.loc[rows, "group"].to_numpy()).weights(RESAMPLES, 7)
    ]
    return float(np.quantile(np.concatenate(gains), 0.01))
