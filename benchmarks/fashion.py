"""What pictures and words add to fashion recommendations: the ablation of the model card.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/fashion.py [SOURCE ...] [--seeds 1] [--lists]

A source is a reviews file, its `items.csv` and pictures beside it; without one the demo shop is
written to a temporary folder. Every variant is fitted on the family's own split, and asked about
the test customers' newest reviews, before their purchase: biases alone, with words, with pictures,
with both. Beside each RMSE stands how much worse it is than both together, with the 95 % interval
of a paired bootstrap over customers. `written` is the RMSE when the review's own words are given.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from features import resampling
from features.demo.fashion import write_fashion
from features.sources import Source
from features.splits import Split
from pipelines.contract import Evaluation
from pipelines.families.fashion_recommendations.family import BEFORE_PURCHASE, FAMILY
from pipelines.families.fashion_recommendations.params import Params

VARIANTS = {
    "both": {},
    "pictures": {"words": False},
    "words": {"pictures": False},
    "biases": {"pictures": False, "words": False},
}
RESAMPLES = 4_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sources", nargs="*", help="reviews files; none: the demo shop")
    parser.add_argument("--seeds", type=int, default=1, help="seeds of the fit, one after another")
    parser.add_argument("--lists", action="store_true", help="measure lists, too")
    asked = parser.parse_args()
    for title, frame in frames(asked.sources):
        split = FAMILY.split(frame)
        told = int(frame["rating"].notna().sum())
        print(f"\n{title}: {told} reviews, {len(split.test)} of them asked")
        print(
            f"{'variant':<12}{'seed':>5}{'RMSE':>9}{'worse by':>10}{'95 %':>18}{'written':>9}",
            end="",
        )
        print(f"{'NDCG@10':>9}{'CPU s':>8}" if asked.lists else f"{'CPU s':>8}")
        for seed in range(1, asked.seeds + 1):
            ablation(split, seed, asked.lists)


def frames(sources: list[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    for source in sources:
        yield source, FAMILY.load(Source(source)).frame
    if not sources:
        with tempfile.TemporaryDirectory() as folder:
            file = write_fashion(Path(folder))["reviews"]
            yield "demo shop", FAMILY.load(Source(str(file))).frame


def ablation(split: Split, seed: int, lists: bool) -> None:
    whole: Evaluation | None = None
    for name, changes in VARIANTS.items():
        start = time.process_time()
        found = evaluated(split, Params.model_validate(changes), seed, lists)
        seconds = time.process_time() - start
        whole = whole or found
        difference, low, high = worse(found.per_request, whole.per_request)
        line = f"{name:<12}{seed:5}{found.values[BEFORE_PURCHASE.name]:9.4f}"
        line += f"{difference:+10.4f}  [{low:+.4f}, {high:+.4f}]"
        line += f"{found.values.get('rmse_written_review', np.nan):9.4f}"
        line += f"{found.values.get('ndcg_at_10', np.nan):9.4f}" if lists else ""
        print(f"{line}{seconds:8.1f}", flush=True)


def evaluated(split: Split, params: Params, seed: int, lists: bool) -> Evaluation:
    model = FAMILY.fit(split.train, split.validation, params, seed, lambda *_: None)
    examples = FAMILY.examples(split.test)
    asked = examples.requests["item_id"].notna() | lists
    answers = model.predict(examples.requests[asked])
    return FAMILY.evaluate(answers, examples.actual[asked])


def worse(found: pd.DataFrame, whole: pd.DataFrame) -> tuple[float, float, float]:
    """Return by how much RMSE exceeds that of `whole`, and the 95 % interval over customers."""
    rated = found[BEFORE_PURCHASE.where].to_numpy()
    mine = found.loc[rated, "squared_error"].to_numpy()
    theirs = whole.loc[rated, "squared_error"].to_numpy()
    drawn = []
    for weights in resampling.plan(found.loc[rated, "group"].to_numpy()).weights(RESAMPLES, 1):
        total = weights.sum(axis=1)
        drawn.append(np.sqrt(weights @ mine / total) - np.sqrt(weights @ theirs / total))
    low, high = np.quantile(np.concatenate(drawn), (0.025, 0.975))
    return float(np.sqrt(mine.mean()) - np.sqrt(theirs.mean())), float(low), float(high)


if __name__ == "__main__":
    main()
