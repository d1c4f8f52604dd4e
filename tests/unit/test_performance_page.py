"""The page of the server's performance is filled by the run, and by nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MARK = re.compile(r"<!-- run: (.+?) -->")


@pytest.fixture(autouse=True)
def _benchmarks_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


def section(name: str, **figures: float):
    from benchmarks.serving.sections import Section

    return Section(name, ("what", "ms"), [["a", "1"]], figures=figures, conditions="On a Tuesday.")


def test_only_what_stands_between_the_marks_is_replaced(tmp_path: Path) -> None:
    from benchmarks.serving.sections import fill

    page = tmp_path / "page.md"
    page.write_text("before\n<!-- run: swaps -->\nold\n<!-- end -->\nafter\n", encoding="utf-8")
    for _ in range(2):
        assert fill(page, {"swaps": section("swaps"), "other": section("other")}) == ["other"]
    assert page.read_text(encoding="utf-8") == (
        "before\n<!-- run: swaps -->\n\n| what | ms |\n| --- | --- |\n| a | 1 |\n\n"
        "*On a Tuesday.*\n\n<!-- end -->\nafter\n"
    )


def test_a_section_that_is_kept_comes_back_as_it_was(tmp_path: Path) -> None:
    from benchmarks.serving.sections import kept

    one = section("swaps", failed=0.0)
    one.keep(tmp_path)
    assert kept(tmp_path)["swaps"].markdown() == one.markdown()
    assert kept(tmp_path)["swaps"].figures == one.figures


def test_every_goal_has_a_part_of_the_page_that_measures_it() -> None:
    from benchmarks.serving.goals import GOALS

    marks = MARK.findall((ROOT / "docs" / "performance.md").read_text(encoding="utf-8"))
    assert len(marks) == len(set(marks))
    assert {"goals", *(goal.part for goal in GOALS)} <= set(marks)


def test_a_goal_is_met_missed_or_open_as_the_run_found() -> None:
    from benchmarks.serving.goals import held

    found = {
        "failed": 0.0,
        "swaps": 500.0,
        "growth %": 1.0,
        "rows": 2_000_000.0,
        "answered": 2_000_000.0,
    }
    kept = {"soak": section("soak", **found), "interfaces": section("interfaces")}
    lines = {line[0]: line[2:] for line in held(kept).rows}
    assert lines["2 million requests, 500 swaps"][1] == "yes"
    assert lines["swap of product_codes under full load"] == ["not run", "—"]
    assert lines["product codes, 64 connections"] == ["not measured", "—"]
    kept["soak"] = section("soak", **{**found, "rows": 1_999_999.0})
    assert {line[0]: line[3] for line in held(kept).rows}["2 million requests, 500 swaps"] != "yes"


def test_a_sample_counts_for_its_innermost_part_and_waiting_for_none() -> None:
    from benchmarks.serving.profiling import ELSE, parts_of

    stacks = [
        (
            ["run (uvicorn/server.py:1)", "drain (pipelines/prediction_log.py:9)", "f (json.py:1)"],
            3,
        ),
        (["run (uvicorn/server.py:1)", "answers (pipelines/text_kernel/ranking.py:4)"], 2),
        (["run (x.py:1)", "Condition.wait (threading.py:331)"], 50),
        (["nobody (x.py:1)"], 1),
    ]
    found = parts_of(iter(stacks))
    assert found["prediction log: draining into the store"] == 3
    assert found["the model: checking and answering"] == 2
    assert found[ELSE] == 1
    assert found.total() == 6
