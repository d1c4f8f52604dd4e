"""`python -m pipelines.records.inspection`: look into a decision's stored files, for the server.

One JSON question comes by standard input and one JSON answer goes to standard output.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import orjson

from pipelines.decisions.log import DecisionLog
from pipelines.records.error_plots import error_plots
from pipelines.records.replay import replay
from pipelines.store import open_store

POLITENESS = 10


def answer(asked: Mapping[str, str]) -> dict[str, object]:
    """Return the differences of a replay, or the plots of what a challenger got wrong."""
    store = open_store(asked["store_url"])
    try:
        log = DecisionLog(store, Path(asked["predictions"]))
        decision_id = asked["decision_id"]
        if asked["task"] == "replay":
            return {"differences": [str(each) for each in replay(log, decision_id)]}
        return error_plots(log, log.get(decision_id))
    finally:
        store.close()


def main() -> int:
    """Answer one question, behind whatever else the machine has to do."""
    os.nice(POLITENESS)
    found = answer(orjson.loads(sys.stdin.buffer.read()))
    sys.stdout.buffer.write(orjson.dumps(found, option=orjson.OPT_SERIALIZE_NUMPY))
    return 0


if __name__ == "__main__":
    sys.exit(main())
