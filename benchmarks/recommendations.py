"""Recommendations: how good the lists are, how fast one is, and what eight million ratings cost.

    .venv/bin/python benchmarks/recommendations.py lists DATA...
    .venv/bin/python benchmarks/recommendations.py speed
    .venv/bin/python benchmarks/recommendations.py scale [--ratings 7800000] [--users 4200000]

`lists` takes files of ratings (`ratings.csv.gz`) and ranks the full catalogue on two splits: a
random fifth, and the newest fifth of every user. `speed` answers from generated arrays of 4,000
and 476,000 items. `scale` fits the family, ratings and lists, on generated ratings (`make` writes
them to a file first).
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.held_out import newest_share
from features.sources import Source
from pipelines.families.product_recommendations.answering import Answerer
from pipelines.families.product_recommendations.family import FAMILY
from pipelines.families.product_recommendations.ids import Ids
from pipelines.families.product_recommendations.layout import (
    Layout,
    ListArrays,
    RatingArrays,
    Seen,
)
from pipelines.families.product_recommendations.list_params import ListModel, ListParams
from pipelines.families.product_recommendations.params import Params, RatingModel

COLUMNS = ("user_id", "item_id", "rating", "timestamp")
YEAR = 365 * 86_400
FACTORS = 50
TIMES = ("best", "median", "99 %")


# --- generated ratings -----------------------------------------------------------------------


def zipf_codes(size: int, count: int, exponent: float, rng: np.random.Generator) -> NDArray:
    """Draw `count` codes below `size`: each once, the others by rank to the power -exponent."""
    weights = np.cumsum(1.0 / np.arange(1, size + 1) ** exponent)
    more = np.searchsorted(weights, rng.random(max(count - size, 0)) * weights[-1])
    codes = np.concatenate([np.arange(size), more])[:count]
    return rng.permutation(size)[rng.permutation(codes)].astype(np.int32)


def generated(ratings: int, users: int, items: int, seed: int = 0) -> pd.DataFrame:
    """Return about `ratings` rows: every user and item once, activity and popularity by Zipf."""
    rng = np.random.default_rng(seed)
    user = zipf_codes(users, ratings, 0.8, rng)
    item = zipf_codes(items, ratings, 0.9, rng)
    pairs = np.unique(user.astype(np.int64) * items + item)
    user, item = pairs // items, pairs % items
    quality, kindness = rng.normal(0, 0.4, items), rng.normal(0, 0.4, users)
    felt = 3.9 + quality[item] + kindness[user] + rng.normal(0, 0.8, len(pairs))
    moments = 1_700_000_000 + rng.integers(0, 2 * YEAR, len(pairs))
    names = (
        pd.Series(np.char.add(letter, np.arange(size).astype("U7")), dtype="str")
        for letter, size in (("u", users), ("i", items))
    )
    called_user, called_item = names
    frame = {
        "user_id": called_user.take(user).array,
        "item_id": called_item.take(item).array,
        "rating": np.clip(np.round(felt), 1, 5),
        "timestamp": pd.to_datetime(moments, unit="s", utc=True),
    }
    return pd.DataFrame(frame).take(rng.permutation(len(pairs))).reset_index(drop=True)


# --- lists -----------------------------------------------------------------------------------


def lists(files: Sequence[Path]) -> None:
    heads = ("P@10", "R@10", "NDCG@10", "users", "CPU s")
    for file in files:
        frame = FAMILY.load(Source(str(file))).frame
        print(f"\n{file.parent.name}: {len(frame):,} ratings")
        for split, test in splits_of(frame).items():
            rest = frame[~test]
            print(f"{split:<28}" + "".join(f"{head:>9}" for head in heads))
            for ranker in (ListModel.POPULARITY, ListModel.ALS, ListModel.EASE, ListModel.AUTO):
                measure_lists(rest, frame[test], ranker)


def splits_of(frame: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    """A random fifth (the first of five, seed 0), and everybody's newest fifth where known."""
    chosen = np.zeros(len(frame), dtype=bool)
    chosen[np.array_split(np.random.default_rng(0).permutation(len(frame)), 5)[0]] = True
    found = {"random fifth": chosen}
    if "timestamp" in frame:
        found["newest fifth of each user"] = newest_share(frame, *COLUMNS[:2], COLUMNS[3], 0.2)
    return found


def measure_lists(rest: pd.DataFrame, test: pd.DataFrame, ranker: ListModel) -> None:
    used = time.process_time()
    validation = np.random.default_rng(1).random(len(rest)) < 0.1
    params = Params(lists=ranker, ratings=RatingModel.MEANS)
    model = FAMILY.fit(rest[~validation], rest[validation], params, 3, lambda *_: None)
    used = time.process_time() - used
    asked = FAMILY.examples(test)
    wanted = asked.actual["asks_list"].to_numpy()
    actual = asked.actual[wanted]
    found = FAMILY.evaluate(model.predict(asked.requests[wanted]), actual).values
    made = model.layout.lists
    name = f"{ranker.value} ({made.by}, share {made.settings['share']:g})"
    figures = (found[f"{kind}_at_10"] for kind in ("precision", "recall", "ndcg"))
    row = "".join(f"{value:9.3f}" for value in figures)
    print(f"{name:<28}{row}{len(actual):9d}{used:9.1f}", flush=True)


# --- speed -----------------------------------------------------------------------------------


def generated_layout(items: int, ranker: str, likes: int, users: int = 1_000) -> Layout:
    """Return a model of random arrays, as large as a fitted one, whose users like `likes` items."""
    rng = np.random.default_rng(0)
    numbers = partial(rng.standard_normal, dtype=np.float32)
    width = FACTORS
    if ranker == "ease":
        near = rng.integers(0, items, (items, ListParams().neighbours), dtype=np.int32)
        near.sort(axis=1)
        made = {"neighbours": near, "weights": numbers(near.shape)}
    else:
        factors = numbers((items, ListParams().list_factors))
        made = {"factors": factors, "gram": (factors.T @ factors).astype(np.float64)}
    settings = {"share": 0.1, "liked_from": 4.0, "ridge": 0.05, "confidence": 2.0}
    seen = [np.sort(rng.choice(items, likes, replace=False)) for _ in range(users)]
    return Layout(
        Ids.of(sorted(f"u{code}" for code in range(users))),
        Ids.of(sorted(f"i{code}" for code in range(items))),
        Seen(
            np.arange(users + 1) * likes,
            np.concatenate(seen).astype(np.int32),
            np.full(users * likes, 5.0, dtype=np.float32),
        ),
        rng.random(items, dtype=np.float32),
        RatingArrays(
            *("svd", 3.5, 1.0, 5.0, 5.0, 0.1),
            *(numbers(users), numbers(items), numbers((users, width)), numbers((items, width))),
        ),
        ListArrays(ranker, settings, made),
    )


def speed() -> None:
    print(f"{'milliseconds an answer':<44}" + "".join(f"{head:>9}" for head in TIMES))
    for items, ranker, likes in ((4_000, "ease", 95), (4_000, "als", 95), (476_000, "als", 20)):
        layout = generated_layout(items, ranker, likes)
        answerer = Answerer(layout)
        known = [{"user_id": layout.users.text(code)} for code in range(1_000)]
        report(f"{items:,} items, {ranker}, {likes} likes", answerer, known)
        sent = [{"item_id": layout.items.text(code), "rating": 5.0} for code in range(20)]
        report("  a history of 20 folded in", answerer, [{"history": sent}] * 500)
        report("  an unknown user", answerer, [{"user_id": "nobody"}] * 500)


def report(name: str, answerer: Answerer, asked: Sequence[Mapping[str, object]]) -> None:
    found = np.array(milliseconds(answerer, asked))
    values = (found.min(), np.median(found), np.quantile(found, 0.99))
    print(f"{name:<44}" + "".join(f"{value:9.3f}" for value in values), flush=True)


def milliseconds(answerer: Answerer, asked: Sequence[Mapping[str, object]]) -> list[float]:
    times = []
    for instance in asked:
        start = time.perf_counter()
        answerer.answer(instance, 0)
        times.append((time.perf_counter() - start) * 1000)
    return times


# --- scale -----------------------------------------------------------------------------------


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def scale(ratings: int, users: int, items: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ratings.parquet"
        # In a process of its own, whose memory is not the family's.
        command = [sys.executable, __file__, "make", str(file), str(ratings), str(users)]
        subprocess.run([*command, str(items)], check=True)
        frame = pd.read_parquet(file)
    validation = frame.index % 100 == 0
    train, validation = frame[~validation], frame[validation]
    print(f"{len(frame):,} ratings of {users:,} users and {items:,} items", flush=True)
    print(f"{'read, MB at most so far':<32} {peak_megabytes():10.0f}", flush=True)
    start, used = time.perf_counter(), time.process_time()
    model = FAMILY.fit(train, validation, Params(), 3, said(start))
    print(f"{'fitted, s':<32} {time.perf_counter() - start:10.1f}")
    print(f"{'CPU, s':<32} {time.process_time() - used:10.1f}")
    print(f"{'MB at most':<32} {peak_megabytes():10.0f}")
    print(f"ratings by {model.layout.ratings.by}, lists by {model.layout.lists.by}")
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        model.compile(Path(folder))
        print(f"{'compiled, s':<32} {time.perf_counter() - start:10.1f}")
        size = sum(file.stat().st_size for file in Path(folder).iterdir()) / 1e6
        print(f"{'compiled, MB':<32} {size:10.0f}")
        layout = Layout.open(Path(folder))
        counts = np.diff(layout.seen.offsets)
        busy = [layout.users.text(code) for code in np.argsort(-counts)[:2000:10]]
        print(f"{'milliseconds an answer':<44}" + "".join(f"{head:>9}" for head in TIMES))
        report("one of the busiest users", Answerer(layout), [{"user_id": user} for user in busy])


def said(start: float) -> Callable[[float, str], None]:
    def say(share: float, what: str) -> None:
        seconds = time.perf_counter() - start
        print(f"  {seconds:6.1f} s {share:5.0%} {what}, {peak_megabytes():.0f} MB", flush=True)

    return say


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    on = kinds.add_parser("lists")
    on.add_argument("files", nargs="+", type=Path)
    kinds.add_parser("speed")
    large = kinds.add_parser("scale")
    large.add_argument("--ratings", type=int, default=8_000_000)
    large.add_argument("--users", type=int, default=4_200_000)
    large.add_argument("--items", type=int, default=476_000)
    made = kinds.add_parser("make")
    made.add_argument("file", type=Path)
    made.add_argument("sizes", nargs=3, type=int)
    given = parser.parse_args()
    if given.kind == "make":
        generated(*given.sizes).to_parquet(given.file, index=False)
        return
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    if given.kind == "scale":
        scale(given.ratings, given.users, given.items)
    elif given.kind == "speed":
        speed()
    else:
        lists(given.files)


if __name__ == "__main__":
    main()
