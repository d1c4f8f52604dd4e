"""A complete small family that installs itself: the claim that a sixth family touches nothing.

Short texts get a topic by naive Bayes on word counts. Real fitting, saving and compiling, numpy
only, so a test that trains, registers, judges and promotes takes seconds.
"""

from __future__ import annotations

from stub_family.data import texts, write_texts
from stub_family.family import FAMILY, StubFamily

__all__ = ["FAMILY", "StubFamily", "texts", "write_texts"]
