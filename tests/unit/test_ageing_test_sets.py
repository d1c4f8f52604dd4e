"""Where rows have times a test set is a window: it moves on, and nothing later is trained on."""

from __future__ import annotations

import pandas as pd
import pytest
from stub_family import texts
from stub_family.family import StubFamily

from features.sources import Raw, Source
from features.splits import Split, place
from pipelines import training
from pipelines.contract import Examples
from pipelines.decisions.log import DecisionLog
from pipelines.families.product_recommendations.family import FAMILY as RATINGS
from pipelines.gate.leakage import keys_of
from pipelines.gate.policy import policy_of
from pipelines.model_settings import PolicySettings
from pipelines.store import Store
from pipelines.test_sets.frozen import MINIMUM_ROWS, TestSets, source_key
from pipelines.test_sets.generations import Generations

pytestmark = pytest.mark.both_databases

SOURCE = Source("daily.csv")
WINDOW_DAYS, ROWS_A_DAY = 10, 50


class DailyFamily(StubFamily):
    """Texts of days: the last ten days are the test, and questions carry the day before along."""

    def split(self, frame: pd.DataFrame) -> Split:
        end = frame["day"].max()
        late = frame["day"] > end - WINDOW_DAYS
        middle = ~late & (frame["day"] > end - 2 * WINDOW_DAYS)
        seal = frame["text"].map(lambda text: place(text, "daily") >= 0.9)
        return Split(frame[~late & ~middle], frame[middle], frame[late & ~seal], frame[late & seal])

    def groups(self, frame: pd.DataFrame) -> pd.Series:
        return frame["text"] + " on day " + frame["day"].astype(str)

    def context(self, split: Split) -> pd.DataFrame:
        known = pd.concat([split.train, split.validation])
        return known[known["day"] == split.test["day"].min() - 1]

    def examples(self, part: pd.DataFrame, context: pd.DataFrame | None = None) -> Examples:
        found = super().examples(part)
        carried = 0 if context is None else len(context)
        return Examples(found.requests.assign(known_rows=carried), found.actual)

    def admissible(self, part: pd.DataFrame, tested: pd.DataFrame) -> pd.DataFrame:
        return part[part["day"] < tested["day"].min()]

    def outlived(self, tested: pd.DataFrame, candidates: pd.DataFrame) -> bool:
        return bool(candidates["day"].min() > tested["day"].max())


FAMILY = DailyFamily()


def days(count: int) -> pd.DataFrame:
    """The first so many of sixty days: more of them leave the earlier ones as they are."""
    rows = texts(60 * ROWS_A_DAY)
    rows = rows.assign(day=[number // ROWS_A_DAY for number in range(len(rows))])
    return rows[rows["day"] < count]


def no_champion(family, sets) -> None:
    """Nobody can be asked."""


@pytest.fixture
def test_sets(store: Store, tmp_path) -> TestSets:
    return TestSets(store, tmp_path / "test_sets")


@pytest.fixture
def in_use(store: Store, test_sets: TestSets, tmp_path):
    log = DecisionLog(store, tmp_path / "predictions")
    generations = Generations(store, log, test_sets, no_champion)
    policy = policy_of(FAMILY, PolicySettings())
    return lambda count: generations.in_use(
        FAMILY, policy, SOURCE, lambda: FAMILY.split(days(count))
    )


def test_questions_carry_their_context_along_and_keep_it(in_use, test_sets) -> None:
    first = in_use(40)
    assert (first.requests["known_rows"] == ROWS_A_DAY).all()
    assert set(first.context["day"]) == {29}
    again = in_use(45)
    pd.testing.assert_frame_equal(again.requests, first.requests)


def test_a_window_stays_until_a_whole_new_one_lies_behind_it(in_use) -> None:
    first = in_use(40)
    assert in_use(49).test_set_id == first.test_set_id
    second = in_use(50)
    assert second.generation == 2
    assert set(second.rows["day"]) == set(range(40, 50))


def test_a_small_source_moves_its_window_on_too(store, test_sets, tmp_path) -> None:
    log = DecisionLog(store, tmp_path / "predictions")
    generations = Generations(store, log, test_sets, no_champion)
    policy = policy_of(FAMILY, PolicySettings())

    def few(count: int) -> pd.DataFrame:
        return days(count).groupby("day").head(ROWS_A_DAY // 5)

    def used(count: int) -> set[int]:
        split = FAMILY.split(few(count))
        assert len(split.test) < MINIMUM_ROWS
        return set(generations.in_use(FAMILY, policy, SOURCE, lambda: split).rows["day"])

    assert used(40) == set(range(30, 40))
    assert used(49) == set(range(30, 40))
    assert used(50) == set(range(40, 50))


def test_a_seal_that_time_has_made_training_data_is_not_tested_on(in_use, test_sets) -> None:
    first = in_use(40)
    assert first.sealed_rows
    assert in_use(60).rows["day"].min() == 50


def test_nothing_after_the_window_began_is_trained_on_while_it_is_in_use(in_use) -> None:
    frozen, frame = in_use(40), days(49)
    raw = Raw(frame, "", frame.head(0))
    found = training.prepare(FAMILY, SOURCE, raw, FAMILY.split(frame), frozen)
    assert found.train["day"].max() < 30
    assert len(found.validation) == 0 or found.validation["day"].max() < 30


def test_retired_days_are_trained_on_once(in_use, test_sets) -> None:
    in_use(40)
    second, frame = in_use(60), days(60)
    raw = Raw(frame, "", frame.head(0))
    retired = test_sets.retired_rows(FAMILY.name, second.source_key)
    assert len(retired) == 1
    found = training.prepare(FAMILY, SOURCE, raw, FAMILY.split(frame), second, retired=retired)
    rows = pd.concat([found.train, found.validation])
    assert not FAMILY.groups(rows).duplicated().any()
    assert set(found.train["day"]) | set(found.validation["day"]) == set(range(50))


def rated(each: int) -> pd.DataFrame:
    """The first so many ratings of 400 users, one a day."""
    rows = [(f"u{user}", f"i{user % 7}-{day}", day) for user in range(400) for day in range(each)]
    frame = pd.DataFrame(rows, columns=["user_id", "item_id", "day"])
    times = pd.to_datetime(frame.pop("day"), unit="D", utc=True)
    return frame.assign(rating=4.0, timestamp=times)


def test_sealed_ratings_are_not_trained_on_when_their_users_have_rated_on(test_sets) -> None:
    before, now = RATINGS.split(rated(10)), RATINGS.split(rated(20))
    frozen = test_sets.open_or_freeze(RATINGS, source_key(SOURCE), before)
    raw = Raw(rated(20), "", before.train.head(0))
    found = training.prepare(RATINGS, SOURCE, raw, now, frozen)
    rows = pd.concat([found.train, found.validation])
    assert frozen.sealed_rows
    assert not set(RATINGS.groups(before.sealed)) & set(RATINGS.groups(rows))
    asked = set(before.sealed["user_id"]) | set(before.test["user_id"])
    first = before.sealed["timestamp"].min()
    assert rows.loc[rows["user_id"].isin(asked), "timestamp"].max() < first


def test_rows_that_the_champion_was_trained_on_are_not_tested_on(
    store, test_sets, tmp_path
) -> None:
    frame = days(40)
    split = FAMILY.split(frame)
    learnt = split.test.head(20)
    log = DecisionLog(store, tmp_path / "predictions")
    generations = Generations(
        store, log, test_sets, no_champion, lambda _family: keys_of(FAMILY.groups(learnt))
    )
    policy = policy_of(FAMILY, PolicySettings())
    frozen = generations.in_use(FAMILY, policy, SOURCE, lambda: split)
    assert len(frozen.rows) == len(split.test) - 20
    assert not set(FAMILY.groups(frozen.rows)) & set(FAMILY.groups(learnt))


def test_a_champion_that_was_trained_on_nearly_all_is_tested_all_the_same(
    store, test_sets, tmp_path
) -> None:
    split = FAMILY.split(days(40))
    log = DecisionLog(store, tmp_path / "predictions")
    generations = Generations(
        store, log, test_sets, no_champion, lambda _family: keys_of(FAMILY.groups(split.test))
    )
    policy = policy_of(FAMILY, PolicySettings())
    assert len(generations.in_use(FAMILY, policy, SOURCE, lambda: split).rows) == len(split.test)
