"""Runs drills one after another, and never on a ground that the one before has broken."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.drills.drill import Check, Drill, NotPossibleHere, Outcome
from cli.drills.ground import Ground

Say = Callable[[str], None]


@dataclass(frozen=True)
class Result:
    """What one drill came to."""

    drill: Drill[Any]
    outcome: Outcome

    def as_json(self) -> dict[str, object]:
        """Return it for a program."""
        drill = self.drill
        told = {"name": drill.name, "fault": drill.fault, "promise": drill.promise}
        return told | self.outcome.as_json()


def run(
    drills: Sequence[Drill[Any]],
    ground_at: Callable[[Path], AbstractContextManager[Ground]],
    *,
    keep: bool = False,
    say: Say = lambda _text: None,
    told: Callable[[Result], None] = lambda _result: None,
) -> list[Result]:
    """Run drills and return what each came to; `told` hears of each as soon as it is over.

    `ground_at` makes a ground in a folder that is not there yet. Where a drill fails to go to its
    end, the next has a new ground. With `keep` the homes stay.
    """
    results: list[Result] = []
    waiting = list(drills)
    while waiting:
        with _home(keep=keep, say=say) as home, ground_at(home) as ground:
            is_sound = True
            while waiting and is_sound:
                drill = waiting.pop(0)
                say(f"{drill.name}: {drill.fault}")
                outcome, is_sound = _run_one(drill, ground)
                results.append(Result(drill, outcome))
                told(results[-1])
    return results


def _run_one(drill: Drill[Any], ground: Ground) -> tuple[Outcome, bool]:
    """Run one drill; also return whether the ground is as sound as before."""
    try:
        outcome = drill.run(ground)
    except NotPossibleHere as error:
        return Outcome(f"not run: {error}", ()), True
    except Exception as error:  # noqa: BLE001 - a border: whatever stopped it, its promise is open
        said = " ".join(f"{type(error).__name__}: {error}".split())
        return Outcome(
            "it did not go to its end", (Check("it goes to its end", False, said),)
        ), False
    try:
        ground.wait_until_healthy()
        ground.wait_until_served()
    except Exception as error:  # noqa: BLE001 - the same
        whole = Check("the stack is whole afterwards", False, str(error))
        return Outcome(outcome.happened, (*outcome.checks, whole), outcome.lost), False
    return outcome, True


@contextmanager
def _home(*, keep: bool, say: Say) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="contender-drill-"))
    try:
        yield folder / "home"
    finally:
        if keep:
            say(f"kept: {folder}")
        else:
            with suppress(OSError):
                shutil.rmtree(folder)
