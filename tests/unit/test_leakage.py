from __future__ import annotations

import pandas as pd

from pipelines.gate.leakage import check_leakage, keys_of, read_keys, write_keys


def requests(*texts):
    return pd.DataFrame({"description": list(texts)})


def test_rows_in_common_are_leaks_and_rows_apart_are_not():
    test = keys_of(["red paint", "nail"], requests("Red Paint", "nail"))
    clean = keys_of(["hammer"], requests("hammer"))
    assert check_leakage(test, clean).status == "clean"
    assert check_leakage(test, clean | test).shared == len(test)


def test_a_copy_that_differs_in_spelling_only_is_found_by_its_group():
    test = keys_of(["red paint"], requests("Red  PAINT"))
    training = keys_of(["red paint"], requests("red paint."))
    assert check_leakage(test, training).status == "leaked"


def test_the_same_request_is_found_where_groups_are_not_texts():
    test = keys_of(["user 1"], requests("nail"))
    training = keys_of(["user 2"], requests("nail"))
    assert check_leakage(test, training).status == "leaked"


def test_a_group_and_a_request_of_the_same_words_are_not_confused():
    assert not keys_of(["nail"], requests()) & keys_of([], requests("nail"))


def test_unknown_training_rows_make_the_check_impossible_not_passed():
    assert check_leakage(keys_of(["nail"], requests("nail")), None).status == "not possible"


def test_keys_survive_a_package_and_hold_no_text(tmp_path):
    keys = keys_of(["secret product"], requests("secret product"))
    path = write_keys(tmp_path, keys)
    assert read_keys(tmp_path) == keys
    assert b"secret" not in path.read_bytes()


def test_a_package_without_keys_is_unknown(tmp_path):
    assert read_keys(tmp_path) is None
