"""Does a compiled form answer as the plain one does? Numbers within a tolerance, text exactly."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Real

from pipelines.contract import Row, Tolerance
from pipelines.versions.artifact import Agreement

SHOWN_CHARACTERS = 200


class Differs(Exception):
    """Two answers differ by more than the tolerance allows."""


def compare(
    plain: Sequence[Sequence[Row]],
    compiled: Sequence[Sequence[Row]],
    instances: Sequence[Row],
    tolerance: Tolerance,
) -> Agreement:
    """Compare two lists of answers to the same instances, and say where they first differ."""
    largest, reason = 0.0, ""
    for instance, left, right in zip(instances, plain, compiled, strict=True):
        try:
            largest = max(largest, _distance(list(left), list(right), tolerance))
        except Differs as difference:
            reason = f"{str(instance)[:SHOWN_CHARACTERS]}: {difference}"
            break
    return Agreement(
        accepted=not reason,
        requests=len(instances),
        largest_difference=largest,
        absolute_tolerance=tolerance.absolute,
        relative_tolerance=tolerance.relative,
        reason=reason,
    )


def refused(reason: str, requests: int, tolerance: Tolerance) -> Agreement:
    """Return the agreement of a form that could not be compared at all."""
    return Agreement(
        accepted=False,
        requests=requests,
        largest_difference=math.inf,
        absolute_tolerance=tolerance.absolute,
        relative_tolerance=tolerance.relative,
        reason=reason,
    )


def _distance(left: object, right: object, tolerance: Tolerance) -> float:
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        if left.keys() != right.keys():
            raise Differs(f"plain answers {sorted(left)}, compiled {sorted(right)}")
        return max((_distance(left[key], right[key], tolerance) for key in left), default=0.0)
    if isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            raise Differs(f"plain answers {len(left)} entries, compiled {len(right)}")
        pairs = zip(left, right, strict=True)
        return max((_distance(one, other, tolerance) for one, other in pairs), default=0.0)
    if _is_number(left) and _is_number(right):
        return _number_distance(float(left), float(right), tolerance)  # type: ignore[arg-type]
    if left != right:
        raise Differs(f"plain answers {left!r}, compiled {right!r}")
    return 0.0


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _number_distance(left: float, right: float, tolerance: Tolerance) -> float:
    if math.isnan(left) and math.isnan(right):
        return 0.0
    distance = abs(left - right)
    if not distance <= tolerance.absolute + tolerance.relative * abs(left):
        raise Differs(f"plain answers {left!r}, compiled {right!r}")
    return distance
