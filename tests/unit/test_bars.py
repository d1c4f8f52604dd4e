"""Progress on a pipe: one line for each step, whatever the step is called."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from cli.bars import Bars
from features.sources import Source


def test_a_long_step_stays_on_its_line_and_keeps_its_brackets():
    written = io.StringIO()
    step = "reading " + "long/" * 30 + "file [1].csv"
    with Bars(Console(file=written, width=80)) as bars:
        show = bars.progress("product_codes")
        show(0.0, step)
        show(0.1, step)
        show(0.5, "fitting")

    lines = written.getvalue().splitlines()
    assert [line.partition("%  ")[2] for line in lines] == [step, "fitting"]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("/home/somebody/contender/var/demo/product_codes.csv", "product_codes.csv"),
        ("file:///home/somebody/days%202026.parquet", "days 2026.parquet"),
        ("https://shop.example/feed?day=1", "https://shop.example/feed?day=1"),
    ],
)
def test_a_source_is_called_by_its_file_in_a_line(url: str, name: str):
    assert Source(url, {}).name == name


def test_a_database_is_named_without_its_password():
    assert "secret" not in Source("postgresql://shop:secret@db.example/items", {}).name
