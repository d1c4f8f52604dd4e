"""Questions answered together where that is cheaper; everybody gets his own answer, or refusal."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from itertools import islice

from pipelines.contract import RequestRefused, Row
from pipelines.versions.flavour_runtime import FlavourFailed, WorkerLost
from serving.live.loaded import BrokenRuntime, Loaded
from serving.live.turns import Rows
from serving.live.validation import InvalidInstances
from serving.remote import wire
from serving.remote.wire import ModelWorkerFailed, Question

Reply = tuple[Question, bytes]
FORESEEN = (RequestRefused, BrokenRuntime, FlavourFailed)

logger = logging.getLogger(__name__)


def replies(loaded: Loaded, questions: Sequence[Question]) -> Iterator[list[Reply]]:
    """Yield the questions with their replies, those of a call as soon as it is done.

    A call takes as many instances as the version answers at a time, where that pays.
    """
    fit: list[tuple[Question, list[Row]]] = []
    for question in questions:
        try:
            instances = question.instances()
            loaded.check.check(instances)
        except (InvalidInstances, ValueError) as error:
            # Whoever asked has checked them, too: by other settings, or other code.
            yield [(question, wire.refusal(RequestRefused(str(error))))]
        else:
            fit.append((question, instances))
    together = loaded.cost.batches or loaded.cost.gathers
    for some in calls(fit, loaded.cost.instances_a_call if together else 0):
        asked = [instances for _, instances in some]
        said = _answers(loaded, asked)
        pairs = zip(some, said, strict=True)
        yield [(question, _written(question, each)) for (question, _), each in pairs]


def calls(
    fit: Sequence[tuple[Question, list[Row]]], room: int
) -> Iterator[Sequence[tuple[Question, list[Row]]]]:
    """Yield what one call answers: questions of `room` instances together, or one question."""
    some: list[tuple[Question, list[Row]]] = []
    for each in fit:
        if some and sum(len(instances) for _, instances in (*some, each)) > room:
            yield some
            some = []
        some.append(each)
    if some:
        yield some


def _answers(loaded: Loaded, asked: Sequence[list[Row]]) -> list[Rows | Exception]:
    """Return the rows of each question, or why there are none; in halves where a call fails."""
    try:
        rows = iter(loaded.answer([row for instances in asked for row in instances]))
    except WorkerLost as error:
        # Asked once more, what killed the version's process would kill the next one.
        return [error] * len(asked)
    except Exception as error:  # noqa: BLE001 - a border: handed to whoever asked
        if len(asked) == 1:
            return [error]
        half = len(asked) // 2
        return [*_answers(loaded, asked[:half]), *_answers(loaded, asked[half:])]
    return [list(islice(rows, len(instances))) for instances in asked]


def _written(question: Question, said: Rows | Exception) -> bytes:
    if not isinstance(said, Exception):
        try:
            return wire.reply(said)
        except TypeError as error:
            said = BrokenRuntime(f"an answer cannot be written as JSON: {error}")
    if not isinstance(said, FORESEEN):
        logger.error("question %s: %s", question.question_id, said, exc_info=said)
        said = ModelWorkerFailed("the model failed on this request; the worker's log has it")
    return wire.refusal(said)
