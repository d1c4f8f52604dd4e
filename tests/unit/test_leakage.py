from __future__ import annotations

from pipelines.gate.leakage import check_leakage, keys_of, read_keys, write_keys


def test_rows_in_common_are_leaks_and_rows_apart_are_not():
    test, clean = keys_of(["red paint", "nail"]), keys_of(["hammer"])
    assert check_leakage(test, clean).status == "clean"
    assert check_leakage(test, clean | test).shared == len(test) == 2


def test_one_row_in_common_is_enough():
    test = keys_of(["user 1\titem 1", "user 1\titem 2"])
    assert check_leakage(test, keys_of(["user 1\titem 2"])).status == "leaked"
    assert check_leakage(test, keys_of(["user 1\titem 3"])).status == "clean"


def test_unknown_training_rows_make_the_check_impossible_not_passed():
    assert check_leakage(keys_of(["nail"]), None).status == "not possible"


def test_keys_survive_a_package_and_hold_no_text(tmp_path):
    keys = keys_of(["secret product"])
    path = write_keys(tmp_path, keys)
    assert read_keys(tmp_path) == keys
    assert b"secret" not in path.read_bytes()


def test_a_package_without_keys_is_unknown(tmp_path):
    assert read_keys(tmp_path) is None
