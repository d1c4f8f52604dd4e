"""A complete small family that installs itself: the claim that a sixth family touches nothing.

Short texts get a topic by naive Bayes on word counts. Real fitting, saving and compiling, numpy
only, so a test that trains, registers, judges and promotes takes seconds.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stub_family.data import texts, write_texts
    from stub_family.family import FAMILY, StubFamily

__all__ = ["FAMILY", "StubFamily", "texts", "write_texts"]

HOMES = {"FAMILY": "family", "StubFamily": "family", "texts": "data", "write_texts": "data"}


def __getattr__(name: str) -> object:
    """Import on demand: the runtime lives here too, and a server holds no pandas."""
    if name not in HOMES:
        raise AttributeError(name)
    return getattr(import_module(f"stub_family.{HOMES[name]}"), name)
