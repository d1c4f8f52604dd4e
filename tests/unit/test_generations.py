"""Test sets are frozen, spent, renewed when there are rows for it, and never trained on in use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from stub_family import FAMILY, texts

from features.sources import Raw, Source
from pipelines import training
from pipelines.decisions.log import DecisionLog, NewDecision
from pipelines.decisions.peeks import unjudged
from pipelines.gate.policy import policy_of
from pipelines.labels import Labels
from pipelines.model_settings import PolicySettings
from pipelines.store import Store
from pipelines.test_sets.frozen import TestSet, TestSets
from pipelines.test_sets.generations import Generations

pytestmark = pytest.mark.both_databases

SOURCE = Source("texts.csv")
POLICY = policy_of(FAMILY, PolicySettings())


@pytest.fixture
def log(store: Store, tmp_path: Path) -> DecisionLog:
    return DecisionLog(store, tmp_path / "predictions")


@pytest.fixture
def test_sets(store: Store, tmp_path: Path) -> TestSets:
    return TestSets(store, tmp_path / "test_sets")


def floor_as_champion(family, sets):
    train = texts(100)
    return "1", [
        family.evaluate(family.floor(train, examples.requests), examples.actual).per_request
        for examples in sets
    ]


@pytest.fixture
def in_use(
    store: Store, log: DecisionLog, test_sets: TestSets
) -> Callable[[pd.DataFrame], TestSet]:
    generations = Generations(store, log, test_sets, floor_as_champion)
    return lambda frame: generations.in_use(FAMILY, POLICY, SOURCE, lambda: FAMILY.split(frame))


def spend(log: DecisionLog, test_set: TestSet) -> None:
    """Pay for looks until there is no alpha left for another one."""
    for look in range(1, 7):
        log.append(NewDecision("verdict", "stub", test_set_id=test_set.test_set_id, look=look))


def measured(log: DecisionLog, test_set: TestSet, version: str) -> None:
    log.append(NewDecision("admitted", "stub", version=version, test_set_id=test_set.test_set_id))


def test_versions_measured_but_never_judged_spend_the_test_set_too(in_use, log) -> None:
    first = in_use(texts(2000))
    for version in "12345":
        measured(log, first, version)

    assert unjudged(log, first.test_set_id) == 5
    assert unjudged(log, first.test_set_id, but="3") == 4
    assert in_use(texts(4000, seed=6)).generation == first.generation + 1


def test_a_judged_version_counts_by_its_look_alone(in_use, log) -> None:
    first = in_use(texts(2000))
    for version in "12345":
        measured(log, first, version)
        log.append(NewDecision("verdict", "stub", version=version, test_set_id=first.test_set_id))

    assert unjudged(log, first.test_set_id) == 0
    assert in_use(texts(4000, seed=6)).test_set_id == first.test_set_id


def test_generation_in_use_does_not_change_when_rows_are_added(in_use) -> None:
    first = in_use(texts(2000))
    assert in_use(texts(4000, seed=6)).sha256 == first.sha256


def test_spent_generation_is_renewed_from_rows_that_were_in_none(in_use, log) -> None:
    first = in_use(texts(2000))
    spend(log, first)
    second = in_use(pd.concat([texts(2000), texts(3000, seed=6)], ignore_index=True))
    assert second.generation == 2
    shared = set(first.actual["group"]) & set(second.actual["group"])
    assert not shared
    record = log.list("stub")[0]
    assert (record.kind, record.record["event"]) == ("test_set", "opened")


def test_copy_of_a_source_is_the_same_test_set_and_buys_no_second_alpha(
    in_use, log, test_sets, store: Store
) -> None:
    frame = texts(2000)
    first = in_use(frame)
    spend(log, first)
    generations = Generations(store, log, test_sets, floor_as_champion)
    copied = generations.in_use(FAMILY, POLICY, Source("copy.csv"), lambda: FAMILY.split(frame))
    assert copied.test_set_id == first.test_set_id
    assert generations.is_spent(POLICY, copied)


def test_renewal_killed_before_the_seal_was_opened_is_made_up_for_once(
    in_use, log, test_sets
) -> None:
    frame = pd.concat([texts(2000), texts(3000, seed=6)], ignore_index=True)
    first = in_use(texts(2000))
    spend(log, first)
    test_sets.renew(FAMILY, first.source_key, FAMILY.split(frame))
    for _ in range(2):
        assert in_use(frame).generation == 2
    opened = [decision for decision in log.list("stub") if decision.kind == "test_set"]
    assert [decision.test_set_id for decision in opened] == [first.test_set_id]


def test_spent_generation_stays_while_there_are_no_rows_for_the_next(in_use, log) -> None:
    first = in_use(texts(2000))
    spend(log, first)
    assert in_use(texts(2000)).test_set_id == first.test_set_id


def test_reviewed_labels_of_the_test_pool_stand_in_the_test_set_but_not_confirmed_ones(
    in_use, store: Store
) -> None:
    labels = Labels(store)
    shown = [{"confirmed": number % 2 == 0} for number in range(60)]
    for number, seen in enumerate(shown):
        labels.add("stub", f"nuevo {number}", "pintura", shown=seen, reviewer="ana")
    wanted = {label.text for label in labels.test_rows("stub") if not label.shown["confirmed"]}
    assert wanted
    asked = set(in_use(texts(2000)).requests["text"])
    assert {text for text in asked if text.startswith("nuevo")} == wanted


def prepared(frame: pd.DataFrame, test_set: TestSet, **more: object) -> training.Prepared:
    raw = Raw(frame, "f" * 64, frame.head(0))
    return training.prepare(FAMILY, SOURCE, raw, FAMILY.split(frame), test_set, **more)


def test_copies_of_test_rows_are_kept_out_of_training_wherever_the_split_puts_them(
    in_use,
) -> None:
    frame = texts(2000)
    test_set = in_use(frame)
    split = FAMILY.split(frame)
    sabotaged = type(split)(
        train=pd.concat([split.train, test_set.rows]),
        validation=split.validation,
        test=split.test,
        sealed=split.sealed,
    )
    raw = Raw(frame, "f" * 64, frame.head(0))
    found = training.prepare(FAMILY, SOURCE, raw, sabotaged, test_set)
    assert len(found.train) == len(split.train)


def test_reviewed_label_replaces_the_rows_that_it_has_reviewed(in_use, store: Store) -> None:
    frame = texts(2000)
    test_set = in_use(frame)
    before = prepared(frame, test_set).train
    text = str(before["text"].iloc[0])
    label = Labels(store).add("stub", text, "otra cosa", shown={}, reviewer="ana")
    after = prepared(frame, test_set, labels=[label]).train
    same_text = after[FAMILY.groups(after) == " ".join(text.lower().split())]
    assert same_text["topic"].tolist() == ["otra cosa"]


def test_reviewed_label_of_a_validation_row_is_not_both_fitted_on_and_validated_by(
    in_use, store: Store
) -> None:
    frame = texts(2000)
    test_set = in_use(frame)
    text = str(FAMILY.split(frame).validation["text"].iloc[0])
    label = Labels(store).add("stub", text, "otra cosa", shown={}, reviewer="ana")
    assert label.pool == "train"
    found = prepared(frame, test_set, labels=[label])
    assert not set(FAMILY.groups(found.train)) & set(FAMILY.groups(found.validation))
    assert "otra cosa" in set(found.train["topic"])
    assert found.labels == 1


def test_label_of_a_row_that_waits_for_the_next_test_set_is_not_trained_on(
    in_use, store: Store
) -> None:
    """A small frame holds back more than a fifth, and labels go by a fifth."""
    test_set = in_use(texts(1000))
    grown = pd.concat([texts(1000), texts(150, seed=6)], ignore_index=True)
    waiting = FAMILY.split(grown).test
    waiting = waiting[~FAMILY.groups(waiting).isin(test_set.actual["group"])]
    labels = Labels(store)
    given = [labels.add("stub", t, "otra", shown={}, reviewer="ana") for t in waiting["text"]]
    for_training = [label for label in given if label.pool == "train"]
    assert for_training
    found = prepared(grown, test_set, labels=for_training)
    assert found.labels == 0
    assert "otra" not in set(found.train["topic"])


def test_labels_that_are_kept_out_of_training_are_not_counted_as_trained_on(
    in_use, store: Store
) -> None:
    frame = texts(2000)
    test_set = in_use(frame)
    asked = str(test_set.requests["text"].iloc[0])
    label = Labels(store).add("stub", asked, "otra cosa", shown={}, reviewer="ana")
    found = prepared(frame, test_set, labels=[label])
    assert found.labels == 0
    assert "otra cosa" not in set(found.train["topic"])


def test_rows_of_used_up_test_sets_are_trained_on(in_use, log, test_sets) -> None:
    first = in_use(texts(2000))
    spend(log, first)
    frame = pd.concat([texts(2000), texts(3000, seed=6)], ignore_index=True)
    second = in_use(frame)
    without = prepared(frame, second)
    retired = test_sets.retired_rows("stub", second.source_key)
    found = prepared(frame, second, retired=retired)
    assert len(found.train) == len(without.train) + len(first.rows)
    assert not set(FAMILY.groups(found.train)) & set(second.actual["group"])
