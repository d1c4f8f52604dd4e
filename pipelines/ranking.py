"""Families that say what a user would give an item, and which items to show them.

A family adds its names, wire forms, hyperparameters and its `fit`. Ratings and lists are asked by
separate requests, judged by separate figures, and a list is ranked among the whole catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features import splits
from features.held_out import newest_share
from features.interactions import Interactions, interactions, scale_of
from features.preferences import (
    damped_means,
    hits,
    most_popular,
    ndcg,
    popularity,
    precision,
    recall,
)
from features.splits import Split
from pipelines.contract import Evaluation, Examples, ModelFamily
from pipelines.metrics import Metric

RATED, LISTED = "asks_rating", "asks_list"
RMSE = Metric("rmse", "root_mean", ("squared_error",), "down", RATED)
MAE = Metric("mae", "mean", ("absolute_error",), "down", RATED)
NDCG_AT_10 = Metric("ndcg_at_10", "mean", ("ndcg_at_10",), where=LISTED)
RECALL_AT_10 = Metric("recall_at_10", "mean", ("recall_at_10",), where=LISTED)
PRECISION_AT_10 = Metric("precision_at_10", "mean", ("precision_at_10",), where=LISTED)

TOP = 10
HELD_OUT_SHARE = 0.2
TEST_SHARE, SEALED_SHARE, VALIDATION_SHARE = 0.20, 0.05, 0.10
OUTLIVED_AFTER = pd.Timedelta(days=91)
SEPARATOR = "\t"
UNKNOWN = -1


class RecommenderFamily(ModelFamily):
    """A family whose rows are one user's rating of one item, with or without a time.

    Its schema has the columns `user`, `item`, `target` and, if it has times, `time`. Requests
    have `user`, `item` (None asks for a list) and `top`; responses `target` (a number or None)
    and `items`, a list of mappings with `item_id`, the best first.
    """

    user: ClassVar[str]
    """The column of who rates; a family says the same of `entity`."""
    item: ClassVar[str] = "item_id"
    target = "rating"
    time: ClassVar[str] = "timestamp"
    primary = RMSE
    components: ClassVar[tuple[Metric, ...]] = (NDCG_AT_10,)
    metrics: ClassVar[tuple[Metric, ...]] = (RMSE, MAE, NDCG_AT_10, RECALL_AT_10, PRECISION_AT_10)
    slices: ClassVar[tuple[str, ...]] = ("light",)
    """`light`: users of whom a single rating is held out, nine ratings or fewer in all."""

    def split(self, frame: pd.DataFrame) -> Split:
        """Hold out the newest fifth of some users' ratings, at least one; all others train.

        Whether a user is one of the test, sealed or validation users is a hash of their id. The
        test share grows as `splits.test_share` says where there would be too few rows.
        """
        held = newest_share(frame, self.user, self.item, self.time, HELD_OUT_SHARE)
        codes, users = pd.factorize(frame[self.user])
        by_user = np.array([splits.place(str(user), self.name) for user in users])
        places = pd.Series(by_user[codes] if len(users) else [], index=frame.index, dtype=float)
        last = 1 - SEALED_SHARE - VALIDATION_SHARE
        share = splits.test_share(places[held], TEST_SHARE, last)
        test = held & (places < share).to_numpy()
        sealed = held & (places >= 1 - SEALED_SHARE).to_numpy()
        validation = held & (places >= last).to_numpy() & ~sealed
        return Split(
            frame[~(test | sealed | validation)], frame[validation], frame[test], frame[sealed]
        )

    def groups(self, frame: pd.DataFrame) -> pd.Series:
        """Return each row's user and item: a second rating of the same item is a copy."""
        return pairs_of(frame, self.user, self.item)

    def admissible(self, part: pd.DataFrame, tested: pd.DataFrame) -> pd.DataFrame:
        """Leave out copies, and of a tested user whatever is not older than what is tested."""
        return part[admissible_rows(part, tested, self.user, self.item, self.time)]

    def outlived(self, tested: pd.DataFrame, candidates: pd.DataFrame) -> bool:
        """Return whether the newest candidate is 91 days or more newer than the newest tested."""
        if self.time not in tested or self.time not in candidates:
            return False
        newer = candidates[self.time].max() - tested[self.time].max()
        return bool(pd.notna(newer) and newer >= OUTLIVED_AFTER)

    def features(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the identifiers: all that a rating is known by beforehand."""
        return frame[[self.user, self.item]].astype(str)

    def examples(self, part: pd.DataFrame, context: pd.DataFrame | None = None) -> Examples:
        """Ask for every held-out rating, and for a list for every user who liked one of them."""
        del context
        ordered = part.sort_values([self.user, self.item], kind="stable")
        ratings = ordered[self.target].to_numpy(dtype=float)
        liked = ordered[ratings >= scale_of(ratings).relevant]
        lists = liked.groupby(self.user, sort=True)[self.item].agg(list)
        users = [*ordered[self.user].astype(str), *lists.index.astype(str)]
        index = pd.RangeIndex(len(users), name="request")
        asks_rating = np.arange(len(users)) < len(ordered)
        items = [*ordered[self.item].astype(str), *[None] * len(lists)]
        requests = pd.DataFrame(
            {
                self.user: pd.Series(users, index=index, dtype=object),
                self.item: pd.Series(items, index=index, dtype=object),
                "top": TOP,
            },
            index=index,
        )
        single = ordered.groupby(self.user)[self.item].transform("size").to_numpy() == 1
        lone = lists.index.isin(ordered[self.user].to_numpy()[single])
        actual = pd.DataFrame(
            {
                self.target: [*ratings, *[np.nan] * len(lists)],
                "items": [*[[]] * len(ordered), *map(_named, lists)],
                RATED: asks_rating,
                LISTED: ~asks_rating,
                "group": users,
                "slice:light": [*single, *lone],
            },
            index=index,
        )
        return Examples(requests, actual)

    def floor(self, train: pd.DataFrame, requests: pd.DataFrame) -> pd.DataFrame:
        """Answer by damped means, and by what is popular of what the user does not know yet."""
        known = interactions(train, self.user, self.item, self.target, self.time)
        return floor_answers(known, requests, self.user, self.item, self.target)

    def evaluate(self, predictions: pd.DataFrame, actual: pd.DataFrame) -> Evaluation:
        """Hold ratings and lists against the truth, each against its own.

        A rating that is not answered where one is asked for counts as wrong by the whole scale,
        a list that is not answered as one without a hit.
        """
        rows = per_request_of(predictions, actual, self.target)
        values = {metric.name: metric.value(rows) for metric in self.metrics}
        return Evaluation(rows, dict(sorted(values.items())))


def pairs_of(frame: pd.DataFrame, user: str, item: str) -> pd.Series:
    """Return user and item of each row as one text."""
    return frame[user].astype(str) + SEPARATOR + frame[item].astype(str)


def admissible_rows(
    part: pd.DataFrame, tested: pd.DataFrame, user: str, item: str, time: str
) -> NDArray[np.bool_]:
    """Return which rows are no copies of tested ones and, of a tested user, older than these."""
    kept = ~pairs_of(part, user, item).isin(set(pairs_of(tested, user, item))).to_numpy()
    if time in part and time in tested:
        first = tested.groupby(user)[time].min().dropna()
        limit = part[user].map(first)
        kept &= (limit.isna() | (part[time] < limit)).to_numpy()
    return np.asarray(kept)


def per_request_of(predictions: pd.DataFrame, actual: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return the table that every figure is computed from, one row for each true answer.

    Rows that ask for a rating hold `actual`, `predicted` and the errors, those that ask for a
    list precision, recall and NDCG at 10; the other columns are NaN.
    """
    answered = predictions.reindex(actual.index)
    truth = pd.to_numeric(actual[target], errors="coerce").astype(float)
    nothing = pd.Series([[]] * len(actual), index=actual.index)
    liked = [_ids(entry) for entry in actual.get("items", nothing)]
    rated = truth.notna()
    given = pd.to_numeric(answered[target], errors="coerce").astype(float).where(rated)
    scale = scale_of(truth[rated].to_numpy())
    error = (given - truth).where(np.isfinite(given), scale.high - scale.low).where(rated)
    shown = answered.get("items", nothing)
    measured = [
        _list_figures(_ids(entry), set(wanted)) for entry, wanted in zip(shown, liked, strict=True)
    ]
    lists = pd.DataFrame(measured, index=actual.index, columns=LIST_FIGURES, dtype=float)
    rows = pd.DataFrame(
        {
            "group": actual["group"] if "group" in actual else actual.index.astype(str),
            RATED: rated,
            LISTED: [bool(wanted) for wanted in liked],
            "actual": truth,
            "predicted": given,
            "squared_error": error**2,
            "absolute_error": error.abs(),
        },
        index=actual.index,
    )
    marked = [column for column in actual.columns if str(column).startswith("slice:")]
    return rows.join(lists).join(actual[marked])


LIST_FIGURES = ("precision_at_10", "recall_at_10", "ndcg_at_10")


def _list_figures(listed: Sequence[str], liked: set[str]) -> tuple[float, float, float]:
    if not liked:
        return float("nan"), float("nan"), float("nan")
    found = hits(listed, liked, TOP)
    return precision(found), recall(found, len(liked)), ndcg(found, len(liked))


def _named(items: Sequence[object]) -> list[dict[str, str]]:
    return [{"item_id": str(item)} for item in items]


def _ids(entry: object) -> list[str]:
    """Return the identifiers of a list; what is no list of items has none."""
    if not isinstance(entry, list | tuple | np.ndarray):
        return []
    return [
        str(item["item_id"]) for item in entry if isinstance(item, Mapping) and "item_id" in item
    ]


def floor_answers(
    known: Interactions, requests: pd.DataFrame, user: str, item: str, target: str
) -> pd.DataFrame:
    """Return one response row for each request: `target` for an item, `items` for none."""
    users, items = _codes(known.users, requests[user]), _codes(known.items, requests[item])
    means = damped_means(known)
    rated = means.mean + _where_known(means.user, users) + _where_known(means.item, items)
    rated = np.clip(rated, known.scale.low, known.scale.high)
    asks_list = requests[item].isna().to_numpy()
    scores = popularity(known)
    ranked = most_popular(scores, len(scores))
    offsets = known.offsets
    lists: list[list[dict[str, object]]] = []
    for place, code in enumerate(users):
        seen = known.item[offsets[code] : offsets[code + 1]] if code != UNKNOWN else ()
        wanted = int(requests["top"].iloc[place]) if asks_list[place] else 0
        shown = ranked[: wanted + len(seen)]
        fresh = shown[~np.isin(shown, seen)][:wanted]
        lists.append([{"item_id": known.items[i], "score": float(scores[i])} for i in fresh])
    answers = {target: np.where(asks_list, np.nan, rated), "items": lists, "reason": "popular"}
    return pd.DataFrame(answers, index=requests.index)


def _codes(ids: Sequence[str], wanted: pd.Series) -> NDArray[np.intp]:
    found: NDArray[np.intp] = pd.Index(list(ids), dtype=object).get_indexer(
        pd.Index(wanted.to_list(), dtype=object)
    )
    return found


def _where_known(values: NDArray[np.float64], codes: NDArray[np.intp]) -> NDArray[np.float64]:
    return np.where(codes == UNKNOWN, 0.0, values[codes])
