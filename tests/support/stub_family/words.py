"""The one row function that fitting and serving share."""

from __future__ import annotations


def words(text: str) -> list[str]:
    """Return the words of a text, lower-case."""
    return text.lower().split()


def group_of(text: str) -> str:
    """Return the text that copies of one another share."""
    return " ".join(words(text))
