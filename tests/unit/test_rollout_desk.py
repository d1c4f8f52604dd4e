"""A request for a rollout becomes a plan that suits the model's answers."""

from __future__ import annotations

import pytest
from rollout_parts import champion
from serving_stage import MODEL

from pipelines.rollouts.plan import PlanRefused
from serving.rollouts.desk import planned
from serving.schemas.rollout import RolloutRequest

TEXT = {"type": "object", "properties": {"topic": {"type": "string"}}}


def asked(**more: object) -> RolloutRequest:
    plan = {"mode": "ab", "challenger": "2", "seconds": 60, "actor": "ana", "reason": "to see"}
    return RolloutRequest.model_validate(plan | more)


def test_an_error_of_numbers_is_refused_where_a_model_answers_texts(tmp_path):
    live = champion(tmp_path, response_schema=TEXT)
    contract = live.loaded.package.contract

    assert planned(MODEL, contract, asked()).metric == "zero_one"
    with pytest.raises(PlanRefused, match="no numbers in topic"):
        planned(MODEL, contract, asked(metric="squared_error"))
    live.finish()
