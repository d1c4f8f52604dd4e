"""Train and promote in one run: what schedules, the API and most operators start."""

from __future__ import annotations

from prefect import Flow, flow

from flows import promote, train
from flows.forms import Origin, TrainQuestions, answers, shape
from flows.workplace import workplace
from pipelines import catalog

NAME = "train-and-promote"


def build(model: str) -> Flow[..., object]:
    """Return the flow that trains a challenger for `model` and lets the gate judge it."""
    family = catalog.family(model)

    def run(**values: object) -> dict[str, object]:
        questions = answers(TrainQuestions, values)
        params = answers(family.Params, values)
        with workplace(model, answers(Origin, values)) as place:
            trained = train.steps(place, questions, params, place.progress.part(0.0, 0.75))
            decided = promote.steps(place, trained.version, place.progress.part(0.75, 1.0))
        return {**trained.as_json(), **decided.as_json()}

    shape(run, family.Params, TrainQuestions, Origin)
    return flow(
        name=NAME,
        description=f"{family.title}: train a challenger and let the gate judge it.",
    )(run)
