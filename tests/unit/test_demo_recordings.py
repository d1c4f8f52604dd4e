"""The recordings of the demo shop's orders."""

from __future__ import annotations

import json
import shutil
import wave
from pathlib import Path
from random import Random

import pytest

from features.demo import recordings, shop
from features.demo.catalogue import variants
from features.demo.stock import CODED_VARIANTS, Demand


@pytest.fixture(scope="module")
def coded() -> Demand:
    return Demand(variants(), Random(1)).best_sellers(CODED_VARIANTS)


def records(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


@pytest.mark.skipif(shutil.which(recordings.PROGRAM) is None, reason="espeak-ng is not here")
def test_the_newest_message_and_some_others_are_heard(coded, tmp_path):
    found = records(shop._write_orders(coded, tmp_path / "orders.jsonl", Random(1)))

    heard = {record["audio"] for record in found if "audio" in record}
    assert len(heard) == shop.RECORDED
    assert found[-1]["audio"] in heard
    for name in heard:
        with wave.open(str(tmp_path / name)) as sound:
            assert sound.getnframes() > sound.getframerate()  # longer than a second


def test_without_the_program_the_orders_are_the_same_but_for_their_recordings(
    coded, tmp_path, monkeypatch
):
    with_some = records(shop._write_orders(coded, tmp_path / "a.jsonl", Random(1)))
    monkeypatch.setattr(recordings, "PROGRAM", "no-such-program")
    without = records(shop._write_orders(coded, tmp_path / "b.jsonl", Random(1)))

    assert not any("audio" in record for record in without)
    assert [{**record, "audio": None} for record in with_some] == [
        {**record, "audio": None} for record in without
    ]
