"""All that decisions can be, read out of the code that writes them: the console has words for it.

`python tests/support/decision_vocabulary.py > console/vocabulary.json` writes it anew.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from pipelines.arena.reconciler import EditPolicy
from pipelines.decisions.log import Kind
from pipelines.gate.verdict import Rule, TriggerKind, Verdict
from pipelines.label_requests.campaign import Outcome
from pipelines.monitoring import assessment
from pipelines.rollouts import records
from pipelines.rollouts.plan import Mode

PIPELINES = Path(__file__).parents[2] / "pipelines"
Function = ast.FunctionDef | ast.AsyncFunctionDef


class NamesUnread(AssertionError):
    """A check is named in a way that this module cannot read: teach it."""


def vocabulary() -> dict[str, list[str]]:
    """Return the names of everything that a decision or an assessment can be or hold."""
    found = {
        "kinds": flat(Kind),
        "verdicts": flat(Verdict),
        "rules": flat(Rule),
        "triggers": flat(TriggerKind),
        "trial_verdicts": flat(records.Verdict),
        "trial_modes": flat(Mode),
        "label_outcomes": flat(Outcome),
        "edits": flat(EditPolicy),
        "health": flat(assessment.Verdict),
        "verdict_checks": check_names(*(PIPELINES / "gate").glob("*.py")),
        "trial_checks": check_names(*(PIPELINES / "rollouts").glob("*.py")),
        "monitoring_checks": check_names(*(PIPELINES / "monitoring").glob("*.py")),
    }
    return {name: sorted(values) for name, values in found.items()}


def flat(literal: object) -> set[str]:
    """Return the words of a Literal, also of several joined."""
    words: set[str] = set()
    for each in get_args(literal):
        words |= {each} if isinstance(each, str) else flat(each)
    return words


def check_names(*files: Path) -> set[str]:
    """Return what stands before the colon of every check's name. Raises `NamesUnread`."""
    functions = [
        node
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, Function)
    ]
    # Whoever names a check, and by which of the arguments; grows by functions that pass one on.
    naming, known = {"Check": 0}, 0
    while len(naming) > known:
        known = len(naming)
        for function in functions:
            parameters = [each.arg for each in function.args.args]
            for named in _names(function, naming):
                if isinstance(named, ast.Name) and named.id in parameters:
                    naming[function.name] = parameters.index(named.id)
    return {
        text.split(":")[0]
        for function in functions
        for named in _names(function, naming)
        for text in _texts(named, function)
    }


def _names(function: Function, naming: dict[str, int]) -> Iterator[ast.expr]:
    """Yield the expressions that name a check in a function."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            place = naming.get(node.func.id)
            if place is not None and place < len(node.args):
                yield node.args[place]


def _texts(named: ast.expr, function: Function) -> Iterator[str]:
    if isinstance(named, ast.Constant):
        yield str(named.value)
    elif isinstance(named, ast.JoinedStr):
        first = named.values[0]
        assert isinstance(first, ast.Constant), ast.unparse(named)
        yield str(first.value)
    elif isinstance(named, ast.Name):
        if named.id in [each.arg for each in function.args.args]:
            return  # whoever calls says it
        given = list(_given(named.id, function))
        if not given:
            raise NamesUnread(f"{function.name}: {named.id}")
        for value in given:
            yield from _texts(value, function)
    else:
        raise NamesUnread(f"{function.name}: {ast.unparse(named)}")


def _given(name: str, function: Function) -> Iterator[ast.expr]:
    """Yield what a name is set to in a function: alone, in a tuple, or turn by turn in a loop."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            yield from _matched(node.targets[0], node.value, name)
        elif isinstance(node, ast.For) and isinstance(node.iter, ast.Tuple):
            for value in node.iter.elts:
                yield from _matched(node.target, value, name)


def _matched(target: ast.expr, value: ast.expr, name: str) -> Iterator[ast.expr]:
    if isinstance(target, ast.Name) and target.id == name:
        yield value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, each in zip(target.elts, value.elts, strict=True):
            yield from _matched(one, each, name)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(vocabulary(), indent=2) + "\n")
