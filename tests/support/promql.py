"""What an expression of PromQL asks for: enough of its grammar to find names and labels.

It knows no types and computes nothing. Whatever it does not know is an error, so that nothing in
an expression is passed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

FUNCTIONS = {
    *("sum", "min", "max", "avg", "count", "topk", "bottomk"),
    *("rate", "increase", "changes", "histogram_quantile"),
    *("clamp_min", "clamp_max", "vector", "absent", "time", "abs"),
}
GROUPING = {"by", "without", "on", "ignoring", "group_left", "group_right"}
OPERATORS = {"and", "or", "unless", "bool"}
TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>"(?:[^"\\]|\\.)*")
      | (?P<range>\[(?:\$__rate_interval|\d+[smhd])(?::\d+[smhd])?\])
      | (?P<duration>\d+[smhd]\b)
      | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
      | (?P<name>[A-Za-z_:][A-Za-z0-9_:]*)
      | (?P<symbol>=~|!~|!=|==|>=|<=|[-+*/%<>=(){},])
    )""",
    re.VERBOSE,
)


class NotUnderstood(ValueError):
    """The expression holds something that is not known here."""


@dataclass
class Selector:
    """A metric that is asked for, the labels that are looked at, and the values they must have."""

    metric: str
    labels: set[str] = field(default_factory=set)
    ranged: bool = False


@dataclass
class Asked:
    """What one expression asks for; `grouped` are labels that its results are told apart by."""

    selectors: list[Selector]
    grouped: set[str]
    functions: set[str]


def asked(expression: str) -> Asked:
    """Return what an expression asks for. Raises `NotUnderstood`."""
    tokens = _tokens(expression)
    _balanced(tokens, expression)
    found = Asked([], set(), set())
    place = 0
    while place < len(tokens):
        kind, text = tokens[place]
        if kind == "duration":
            raise NotUnderstood(f"{text} is told of nothing: {expression}")
        following = tokens[place + 1][1] if place + 1 < len(tokens) else ""
        if kind == "name" and text in GROUPING:
            labels, place = _names(tokens, place + 1)
            found.grouped |= labels
            continue
        if kind == "name" and following == "(" and text not in OPERATORS:
            if text not in FUNCTIONS:
                raise NotUnderstood(f"{text} is no known function: {expression}")
            found.functions.add(text)
        elif kind == "name" and text in FUNCTIONS and following in GROUPING:
            found.functions.add(text)
        elif kind == "name" and text not in OPERATORS:
            selector, place = _selector(tokens, place)
            found.selectors.append(selector)
            continue
        place += 1
    return found


def _tokens(expression: str) -> list[tuple[str, str]]:
    tokens, place = [], 0
    while expression[place:].strip():
        match = TOKEN.match(expression, place)
        if match is None:
            raise NotUnderstood(f"{expression[place:][:20]!r} in {expression}")
        tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
        place = match.end()
    return tokens


def _balanced(tokens: list[tuple[str, str]], expression: str) -> None:
    waiting = []
    for kind, text in tokens:
        if kind == "symbol" and text in "({":
            waiting.append({"(": ")", "{": "}"}[text])
        elif kind == "symbol" and text in ")}" and (not waiting or waiting.pop() != text):
            raise NotUnderstood(f"{text} closes nothing: {expression}")
    if waiting:
        raise NotUnderstood(f"{waiting[-1]} is missing: {expression}")


def _names(tokens: list[tuple[str, str]], place: int) -> tuple[set[str], int]:
    if tokens[place][1] != "(":
        raise NotUnderstood("labels are expected in parentheses")
    end = next(number for number in range(place, len(tokens)) if tokens[number][1] == ")")
    inside = tokens[place + 1 : end]
    return {text for kind, text in inside if kind == "name"}, end + 1


def _selector(tokens: list[tuple[str, str]], place: int) -> tuple[Selector, int]:
    selector = Selector(tokens[place][1])
    place += 1
    if place < len(tokens) and tokens[place][1] == "{":
        end = next(number for number in range(place, len(tokens)) if tokens[number][1] == "}")
        for label, operator, value in _triples(tokens[place + 1 : end]):
            if operator not in {"=", "!=", "=~", "!~"} or not value.startswith('"'):
                raise NotUnderstood(f"{label}{operator}{value}")
            selector.labels.add(label)
        place = end + 1
    if place < len(tokens) and tokens[place][0] == "range":
        selector.ranged = True
        place += 1
    if tokens[place : place + 1] == [("name", "offset")]:
        if [kind for kind, _ in tokens[place + 1 : place + 2]] != ["duration"]:
            raise NotUnderstood(f"{selector.metric} offset by what?")
        place += 2
    return selector, place


def _triples(tokens: list[tuple[str, str]]) -> list[tuple[str, str, str]]:
    texts = [text for _, text in tokens if text != ","]
    if len(texts) % 3:
        raise NotUnderstood(f"no matchers: {' '.join(texts)}")
    return [(texts[n], texts[n + 1], texts[n + 2]) for n in range(0, len(texts), 3)]
