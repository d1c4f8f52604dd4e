"""Which requests connections answered by themselves, before the application was asked."""

from __future__ import annotations

from typing import Any

import pytest

from serving.slots.slots import Slots


def answered_at_once(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that the id of each such request is added to."""
    answered: list[str] = []
    answer = Slots.answer_together

    def noted(slots: Slots, model: str, asked: Any) -> Any:
        found = answer(slots, model, asked)
        answered.extend(each.request_id for each in found if each)
        return found

    monkeypatch.setattr(Slots, "answer_together", noted)
    return answered
