"""The moments of a training at which a drill kills it, from the first row read to the last record.

In the process of the drill, and there alone, a function of the product is wrapped by one that ends
the process as a power cut would, just before or just after its work.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Literal

ALIAS = "champion"


@dataclass(frozen=True)
class Moment:
    """`step` in words; `target` is `module:name` or `module:Class.method`. With `of` only a call
    with that kind of decision, or that alias, counts."""

    step: str
    when: Literal["before", "after"]
    target: str
    of: str = ""

    @property
    def name(self) -> str:
        """The moment in words."""
        return f"{self.when} {self.step}"


APPEND = "pipelines.decisions.log:DecisionLog.append"
SET_ALIAS = "pipelines.registry.client:RegistryClient.set_alias"

TRAINING = (
    Moment("reading the source", "before", "flows.train:load"),
    Moment("freezing the test set", "after", "flows.train:prepare"),
    Moment("packaging", "before", "pipelines.training:build"),
    Moment("measuring", "before", "pipelines.training:measure"),
    Moment("registering the version", "before", "pipelines.tracking:log_candidate"),
    Moment("registering the version", "after", "pipelines.tracking:log_candidate"),
    Moment("admitting the package", "after", APPEND, "admitted"),
    Moment("naming the challenger", "after", SET_ALIAS, "challenger"),
)
"""Of a training, in order. The last three leave a registered version behind."""
JUDGING = (
    Moment("asking both versions", "before", "pipelines.arena.arena:measure"),
    Moment("recording the verdict", "before", APPEND, "verdict"),
    Moment("recording the verdict", "after", APPEND, "verdict"),
    Moment("moving the alias", "after", SET_ALIAS, ALIAS),
    Moment("recording that it moved", "after", APPEND, "effect"),
)
"""Of a judgement, in order. From the third on it is decided."""
ON_THE_VERGE = JUDGING[1]
"""All is compared, nothing recorded."""
DECIDED = JUDGING[2:]
IN_LINE = Moment("asking for the model's turn", "before", "flows.workplace:turn")
"""A run waits there while another run of the model goes on."""
EVERY = (*TRAINING, IN_LINE, *JUDGING)


def moment_named(name: str) -> Moment:
    """Return the moment of that name."""
    return next(moment for moment in EVERY if moment.name == name)


def arm(moment: Moment, die: Callable[[], None] | None = None) -> None:
    """Let this process die at the moment."""
    end = die or _kill_this_process
    owner, attribute = resolve(moment.target)
    usual = getattr(owner, attribute)

    def mortal(*arguments: object, **named: object) -> object:
        meant = not moment.of or any(_word(each) == moment.of for each in arguments)
        if meant and moment.when == "before":
            end()
        found = usual(*arguments, **named)
        if meant and moment.when == "after":
            end()
        return found

    setattr(owner, attribute, mortal)


def resolve(target: str) -> tuple[object, str]:
    """Return whose attribute a target is, and its name."""
    module, _, path = target.partition(":")
    *outer, attribute = path.split(".")
    owner: object = import_module(module)
    for name in outer:
        owner = getattr(owner, name)
    return owner, attribute


def _word(value: object) -> object:
    return getattr(value, "kind", value)


def _kill_this_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
