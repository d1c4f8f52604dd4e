"""What feedback says about an answer: a loss, or whose item was chosen.

Light and blind to families: where the compared value stands is read from the contract's schema
once, when the rollout is planned.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from pipelines.rollouts.plan import ARMS, Arm, MetricName

CHOSEN = "chosen"
"""Key of a feedback's `actual` that names the item somebody chose from a list."""
ITEMS, ITEM, TEAM = "items", "item_id", "team"
"""Where a logged answer keeps its list, an item its id, and who put it there."""
SCALARS: Mapping[object, MetricName] = {
    "string": "zero_one",
    "boolean": "zero_one",
    "integer": "zero_one",
    "number": "squared_error",
}

Answer = Sequence[Mapping[str, object]]
Schema = Mapping[str, object]


def compared(response_schema: Schema, target: str) -> tuple[MetricName | None, str]:
    """Return how feedback on a model's answers is scored, and the path of the compared value.

    Texts, booleans and integers are right or wrong; of numbers the squared error counts, of lists
    of numbers its mean. None for what cannot be compared one by one. A list of objects with one
    required number is a list of those numbers; the path then goes on (`days.quantity`).
    """
    columns = response_schema.get("properties")
    column = columns.get(target) if isinstance(columns, Mapping) else None
    if not isinstance(column, Mapping):
        return None, target
    for schema in _variants(column, response_schema):
        if schema.get("type") == "array":
            return _of_list(schema, response_schema, target)
        if schema.get("type") in SCALARS:
            return SCALARS[schema["type"]], target
    return None, target


def loss(metric: MetricName, target: str, answer: Answer, actual: object) -> float | None:
    """Return the loss of one answer, or None where the two cannot be compared."""
    if len(answer) != 1 or actual is None:
        return None
    name, _, inside = target.partition(".")
    given = answer[0].get(name)
    if given is None:
        return None
    if metric == "zero_one":
        return float(_plain(given) != _plain(actual))
    ours, theirs = _numbers(given, inside), _numbers(actual, inside)
    if ours is None or theirs is None or len(ours) != len(theirs) or not ours:
        return None
    differences = [one - other for one, other in zip(ours, theirs, strict=True)]
    found = sum(each * each for each in differences)
    return found / len(ours) if math.isfinite(found) else None


def winner(answer: Answer, actual: object) -> Arm | None:
    """Return who put the chosen item into a logged list; None for neither of the two."""
    chosen = actual.get(CHOSEN) if isinstance(actual, Mapping) else None
    if chosen is None:
        return None
    for row in answer:
        listed = row.get(ITEMS)
        for item in listed if isinstance(listed, list) else []:
            if isinstance(item, Mapping) and str(item.get(ITEM)) == str(chosen):
                return next((arm for arm in ARMS if arm == item.get(TEAM)), None)
    return None


def _of_list(schema: Schema, root: Schema, target: str) -> tuple[MetricName | None, str]:
    items = schema.get("items")
    for item in _variants(items, root) if isinstance(items, Mapping) else ():
        if item.get("type") == "number":
            return "squared_error", target
        required = item.get("required")
        if isinstance(required, list) and len(required) == 1:
            inside = _variants(_property(item, required[0]), root)
            if any(each.get("type") in ("number", "integer") for each in inside):
                return "squared_error", f"{target}.{required[0]}"
    return None, target


def _property(schema: Schema, name: object) -> Schema:
    columns = schema.get("properties")
    found = columns.get(name) if isinstance(columns, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _variants(schema: Schema, root: Schema) -> Iterator[Schema]:
    """Yield a schema, or what it may be by `anyOf`, with references followed."""
    options = schema.get("anyOf")
    for option in options if isinstance(options, list) else [schema]:
        reference = option.get("$ref") if isinstance(option, Mapping) else None
        if isinstance(reference, str):
            name = reference.removeprefix("#/$defs/")
            yield _property({"properties": root.get("$defs")}, name)
        elif isinstance(option, Mapping):
            yield option


def _plain(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def _numbers(value: object, inside: str) -> list[float] | None:
    """Return the numbers of a value: itself, its elements, or what its elements call `inside`."""
    elements = value if isinstance(value, list) else [value]
    found = [each.get(inside) if isinstance(each, Mapping) else each for each in elements]
    numbers = [
        float(each)
        for each in found
        if isinstance(each, int | float) and not isinstance(each, bool)
    ]
    return numbers if len(numbers) == len(elements) else None
