"""Is an entry of the decision log still what was written? Asked before anything is done by it.

The log is the truth, so whoever acts by an entry looks whether its record has the hash that it was
sealed with, and its columns say what the record does. Whether entries are missing or were put in is
for `DecisionLog.verify_chain` to say.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.decisions import chain
from pipelines.decisions.log import Decision


def broken(decision: Decision) -> Sequence[str]:
    """Return what of an entry was changed after it was written; nothing where it is whole."""
    if chain.digest(chain.canonical(decision.record)) != decision.hash:
        return ("record",)
    return [
        name
        for name, value in vars(decision).items()
        if name not in {"record", "hash"} and decision.record.get(name) != value
    ]
