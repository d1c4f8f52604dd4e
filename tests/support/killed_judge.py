"""A child process that judges a version and dies, as by a power cut, at a given moment.

`python -m killed_judge SETTINGS VERSION MOMENT` with a moment such as `after:verdict`: before or
after a kind of decision is appended, or before or after the alias is set.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from pipelines.arena.gate import Gate
from pipelines.decisions.log import Decision, DecisionLog, NewDecision
from pipelines.gate.verdict import Trigger
from pipelines.registry.client import RegistryClient
from pipelines.settings import Settings
from pipelines.store import open_store


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class MortalLog(DecisionLog):
    """Appends, unless it is time."""

    moment = ""

    def append(self, new: NewDecision) -> Decision:
        if self.moment == f"before:{new.kind}":
            die()
        decision = super().append(new)
        if self.moment == f"after:{new.kind}":
            die()
        return decision


class MortalClient(RegistryClient):
    """Sets the alias, and then it is time."""

    def set_alias(self, name: str, alias: str, version: str) -> None:
        super().set_alias(name, alias, version)
        die()


def main(settings_file: str, version: str, moment: str) -> None:
    settings = Settings.model_validate_json(Path(settings_file).read_text(encoding="utf-8"))
    store = open_store(settings.store_url)
    log = MortalLog(store, settings.var / "predictions")
    log.moment = moment
    with Gate(settings, store, log) as gate:
        if moment == "after:alias":
            gate.client = MortalClient(settings.mlflow_url)
        gate.judge("stub", version, trigger=Trigger("manual", "tests", "a test"))


if __name__ == "__main__":
    main(*sys.argv[1:])
