"""A kept diff in words and as rows of a table, for the command line and the page of a run."""

from __future__ import annotations

from collections.abc import Mapping

LISTED = 5
"""Items of a list that are named."""
UNITS = {"money": "in money", "pieces": "in pieces"}


def headline(diff: Mapping[str, object]) -> str:
    """Return in one line how much changes."""
    versions = f"version {diff['of']} against champion {diff['against']}"
    said = f"{diff['changed']} of {diff['questions']} answers change, {versions}"
    if diff["sales"] is None:
        return said
    sold, of = (f"{float(str(diff[name] or 0)):,.0f}" for name in ("changed_sales", "sales"))
    unit = UNITS.get(str(diff["sales_unit"]), "")
    return f"{said}; their products sold {sold} of {of} {unit}".rstrip()


def count_rows(diff: Mapping[str, object], rows: int) -> list[dict[str, object]]:
    """Return the most frequent changes."""
    return [
        {
            "before": entry["before"],
            "after": entry["after"],
            "questions": entry["questions"],
            "sales": _figure(entry["sales"]),
        }
        for entry in _entries(diff["counts"])[:rows]
    ]


def moved_rows(diff: Mapping[str, object], rows: int) -> list[dict[str, object]]:
    """Return the answers that move most."""
    return [
        {
            "question": entry["question"],
            "sales": _figure(entry["sales"]),
            "asked": entry["asked"],
            "before": _said(entry["before"], entry["before_confidence"]),
            "after": _said(entry["after"], entry["after_confidence"]),
            "movement": f"{float(str(entry['movement'])):.2f}",
        }
        for entry in _entries(diff["most_moved"])[:rows]
    ]


def _said(value: object, confidence: object) -> str:
    if value is None:
        return "no answer"
    if isinstance(value, list):
        return ", ".join(map(str, value[:LISTED])) + (", …" if len(value) > LISTED else "")
    text = f"{value:,.1f}" if isinstance(value, float) else str(value)
    return text if confidence is None else f"{text} ({float(str(confidence)):.0%})"


def _figure(value: object) -> str | None:
    return None if value is None else f"{float(str(value)):,.0f}"


def _entries(value: object) -> list[Mapping[str, object]]:
    assert isinstance(value, list)
    return value
