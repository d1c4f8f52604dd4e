"""A whole run of a drill's trainer: begun again where Prefect lost its result, and only there."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from cli.drills.trainer import Ended, Trainer, TrainerFailed


def trainer_of(*ends: Ended, monkeypatch: pytest.MonkeyPatch) -> tuple[Trainer, list[str]]:
    """Return a trainer whose runs end one after the other as told, and which flows were begun."""
    begun: list[str] = []

    def begin(_self: Trainer, flow: str, _model: str) -> SimpleNamespace:
        begun.append(flow)
        return SimpleNamespace(wait=lambda: ends[len(begun) - 1])

    monkeypatch.setattr(Trainer, "begin", begin)
    return Trainer.__new__(Trainer), begun


def test_a_run_whose_result_prefect_lost_is_begun_once_more(monkeypatch):
    lost, done = (
        Ended(0, {}, error="MissingResult: State data is missing."),
        Ended(0, {"version": "2"}),
    )
    trainer, begun = trainer_of(lost, done, monkeypatch=monkeypatch)

    assert trainer.run("train", "product_codes") == {"version": "2"}
    assert begun == ["train", "train"]


def test_a_run_that_fails_is_not(monkeypatch):
    trainer, begun = trainer_of(Ended(0, {}, error="ValueError: no"), monkeypatch=monkeypatch)

    with pytest.raises(TrainerFailed, match="train of product_codes: ValueError: no"):
        trainer.run("train", "product_codes")
    assert begun == ["train"]
