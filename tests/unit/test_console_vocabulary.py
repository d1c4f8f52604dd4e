"""The console has words for all that decisions can be; its own tests hold them against this."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from decision_vocabulary import NamesUnread, check_names, vocabulary

WRITTEN = Path(__file__).parents[2] / "console" / "vocabulary.json"


def test_the_console_is_tested_with_everything_that_the_code_can_write():
    found = vocabulary()

    assert json.loads(WRITTEN.read_text(encoding="utf-8")) == found


def test_checks_are_found_however_they_are_named(tmp_path):
    code = tmp_path / "code.py"
    code.write_text(
        """
def judge(metric):
    yield Check("alone", 1, 2, True)
    yield Check(f"of_one:{metric}", 1, 2, True)
    name, note = f"by_name:{metric}", "note"
    yield Check(name, 1, 2, True, note)
    for each, value in (("first: a", 1), ("second: b", 2)):
        yield Check(each, value, 2, True)
    yield passed_on(metric, "passed_on")

def passed_on(metric, name):
    return Check(name, 1, 2, True)
"""
    )

    assert check_names(code) == {"alone", "of_one", "by_name", "first", "second", "passed_on"}


def test_a_check_with_a_name_that_cannot_be_read_is_told(tmp_path):
    code = tmp_path / "code.py"
    code.write_text("def judge(names):\n    yield Check(names.pop(), 1, 2, True)\n")

    with pytest.raises(NamesUnread, match="judge"):
        check_names(code)
