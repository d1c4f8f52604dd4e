from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest
from stub_family import FAMILY, texts
from stub_family.words import group_of

from features.sources import Source
from pipelines.decisions.prediction_files import PredictionsDamaged
from pipelines.gate.leakage import keys_of
from pipelines.test_sets.frozen import NotEnoughRows, SealBroken, TestSets, source_key

pytestmark = pytest.mark.both_databases

KEY = source_key(Source("var/demo/texts.csv"))


@pytest.fixture
def sets(store, tmp_path):
    return TestSets(store, tmp_path / "test_sets")


def split_of(rows, seed=5):
    return FAMILY.split(texts(rows, seed=seed))


def groups_of(test_set):
    return set(test_set.actual["group"])


def test_the_test_set_is_frozen_from_the_test_rows_of_the_first_split(sets):
    split = split_of(2_000)
    test_set = sets.open_or_freeze(FAMILY, KEY, split)
    assert test_set.generation == 1
    assert test_set.requests["text"].tolist() == split.test["text"].tolist()
    assert test_set.sealed_rows == len(split.sealed)
    assert len(test_set.floor) == len(test_set.actual) == len(split.test)


def test_new_rows_do_not_change_a_frozen_test_set(sets):
    first = sets.open_or_freeze(FAMILY, KEY, split_of(2_000))
    again = sets.open_or_freeze(FAMILY, KEY, split_of(3_000, seed=6))
    assert again.sha256 == first.sha256
    assert again.test_set_id == first.test_set_id
    pd.testing.assert_frame_equal(again.requests, first.requests)
    pd.testing.assert_frame_equal(again.floor, first.floor)


def test_the_same_rows_in_another_order_at_another_address_are_the_same_test_set(sets):
    shuffled = FAMILY.split(texts(2_000).sample(frac=1, random_state=3))
    here = sets.open_or_freeze(FAMILY, KEY, split_of(2_000))
    there = sets.open_or_freeze(FAMILY, "another", shuffled)
    assert here.test_set_id == there.test_set_id
    pd.testing.assert_frame_equal(here.requests, there.requests)


def test_another_source_has_a_test_set_of_its_own(sets):
    other = source_key(Source("var/demo/texts.csv", columns={"text": "nombre"}))
    assert other != KEY
    first = sets.open_or_freeze(FAMILY, KEY, split_of(2_000))
    assert sets.open_or_freeze(FAMILY, other, split_of(2_000, seed=8)).sha256 != first.sha256


def test_two_processes_freeze_one_test_set(sets):
    with ThreadPoolExecutor(2) as pool:
        frozen = list(
            pool.map(lambda seed: sets.open_or_freeze(FAMILY, KEY, split_of(2_000, seed)), (5, 6))
        )
    assert frozen[0].sha256 == frozen[1].sha256


def test_no_row_of_the_test_set_is_a_training_row(sets):
    split = split_of(2_000)
    test_set = sets.open_or_freeze(FAMILY, KEY, split)
    assert not test_set.keys & keys_of(FAMILY.groups(split.train))


def test_a_retired_generation_goes_to_training_and_rows_that_came_since_replace_it(sets):
    first = sets.open_or_freeze(FAMILY, KEY, split_of(2_000))
    grown = pd.concat([texts(2_000), texts(3_000, seed=9)], ignore_index=True)
    second = sets.renew(FAMILY, KEY, FAMILY.split(grown))
    assert sets.get(FAMILY, first.test_set_id).status == "retired"
    assert sets.active(FAMILY, KEY).test_set_id == second.test_set_id
    assert second.generation == 2
    assert not groups_of(first) & groups_of(second)
    assert [len(rows) for rows in sets.retired_rows("stub", KEY)] == [len(first.rows)]


def test_the_opened_seal_joins_the_next_generation(sets):
    split = split_of(8_000)
    sets.open_or_freeze(FAMILY, KEY, split)
    second = sets.renew(FAMILY, KEY, split)
    assert sorted(second.requests["text"]) == sorted(split.sealed["text"])
    assert second.sealed_rows == 0


def test_a_reviewed_label_replaces_a_row_of_the_opened_seal_too(sets):
    split = split_of(8_000)
    sets.open_or_freeze(FAMILY, KEY, split)
    labelled = split.sealed.head(1).assign(topic="revisado")
    second = sets.renew(FAMILY, KEY, split, labelled)
    asked = second.requests["text"] == labelled["text"].iloc[0]
    assert second.actual[asked]["topic"].tolist() == ["revisado"]
    assert len(groups_of(second)) == split.sealed["text"].map(group_of).nunique()


def test_too_few_new_rows_are_no_test_set_and_the_missing_labels_are_counted(sets):
    split = split_of(2_000)
    first = sets.open_or_freeze(FAMILY, KEY, split)
    with pytest.raises(NotEnoughRows, match=f"{300 - first.sealed_rows} more reviewed labels"):
        sets.renew(FAMILY, KEY, split)


def test_a_renewal_that_finds_too_few_rows_leaves_the_generation_in_use(sets):
    split = split_of(2_000)
    first = sets.open_or_freeze(FAMILY, KEY, split)
    with pytest.raises(NotEnoughRows):
        sets.renew(FAMILY, KEY, split)
    active = sets.active(FAMILY, KEY)
    assert active is not None
    assert active.test_set_id == first.test_set_id


def test_generations_never_share_a_row_however_often_they_are_renewed(sets):
    frames = [texts(3_000, seed=seed) for seed in (1, 2, 3)]
    seen = [sets.open_or_freeze(FAMILY, KEY, FAMILY.split(frames[0]))]
    for count in (2, 3):
        grown = pd.concat(frames[:count], ignore_index=True)
        seen.append(sets.renew(FAMILY, KEY, FAMILY.split(grown)))
    assert [test_set.generation for test_set in seen] == [1, 2, 3]
    assert len(set.union(*map(groups_of, seen))) == sum(len(groups_of(one)) for one in seen)
    assert sets.get(FAMILY, seen[0].test_set_id).status == "retired"
    assert sets.active(FAMILY, KEY).test_set_id == seen[2].test_set_id


def test_the_sealed_set_stays_shut_until_its_generation_retires(sets):
    split = split_of(8_000)
    first = sets.open_or_freeze(FAMILY, KEY, split)
    with pytest.raises(SealBroken):
        sets.sealed(FAMILY, first.test_set_id)
    sets.renew(FAMILY, KEY, split)
    opened = sets.sealed(FAMILY, first.test_set_id)
    assert opened.requests["text"].tolist() == split.sealed["text"].tolist()


def test_a_reviewed_label_replaces_the_row_that_it_reviewed(sets):
    split = split_of(2_000)
    text = split.test["text"].iloc[0]
    labelled = pd.DataFrame({"text": [text, "nuevo"], "topic": ["revisado", "revisado"]})
    test_set = sets.open_or_freeze(FAMILY, KEY, split, labelled)
    assert test_set.actual[test_set.requests["text"] == text]["topic"].unique() == ["revisado"]
    assert "nuevo" in set(test_set.requests["text"])


def test_a_reviewed_label_of_a_sealed_text_takes_it_out_of_the_seal(sets):
    split = split_of(8_000)
    labelled = split.sealed.head(1).assign(topic="revisado")
    test_set = sets.open_or_freeze(FAMILY, KEY, split, labelled)
    assert labelled["text"].iloc[0] in set(test_set.requests["text"])
    sets.renew(FAMILY, KEY, split)
    opened = sets.sealed(FAMILY, test_set.test_set_id)
    assert not groups_of(test_set) & set(opened.actual["group"])


def test_changed_rows_are_refused(sets, tmp_path):
    first = sets.open_or_freeze(FAMILY, KEY, split_of(2_000))
    for path in (tmp_path / "test_sets").iterdir():
        path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(PredictionsDamaged):
        sets.get(FAMILY, first.test_set_id)


def test_an_unknown_test_set_is_named(sets):
    with pytest.raises(LookupError, match="t-9"):
        sets.get(FAMILY, "t-9")
