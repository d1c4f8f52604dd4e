"""A failure drill: one fault, what is promised of it, and what became of the promise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

if TYPE_CHECKING:
    from cli.drills.books import Account
    from cli.drills.ground import Ground
    from cli.drills.load import Refusal

E = TypeVar("E")
Verdict = Literal["kept", "broken", "not run"]


class NotPossibleHere(RuntimeError):
    """A drill needs a program that this machine has not; the message says which."""


@dataclass(frozen=True)
class Check:
    """One part of a promise; `said` are the figures that it rests on."""

    promise: str
    kept: bool
    said: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a fault did. `lost` counts items that are gone, `recovery_seconds` is None where
    nothing stood still. Without checks the drill was not run."""

    happened: str
    checks: tuple[Check, ...]
    lost: int = 0
    recovery_seconds: float | None = None

    @property
    def verdict(self) -> Verdict:
        """Whether every part of the promise was kept and nothing was lost."""
        if not self.checks:
            return "not run"
        kept = self.lost == 0 and all(check.kept for check in self.checks)
        return "kept" if kept else "broken"

    @property
    def broken(self) -> list[str]:
        """What was promised and not kept."""
        found = [_sentence(check) for check in self.checks if not check.kept]
        return [*found, *([f"{self.lost} items were lost"] if self.lost else [])]

    def as_json(self) -> dict[str, object]:
        """Return it for a program."""
        return asdict(self) | {"verdict": self.verdict, "broken": self.broken}


@dataclass(frozen=True)
class Drill(Generic[E]):
    """`cause` brings the fault about and returns what was seen; `judge`, a pure function, holds
    that against the promise."""

    name: str
    fault: str
    promise: str
    cause: Callable[[Ground], E]
    judge: Callable[[E], Outcome]

    def run(self, ground: Ground) -> Outcome:
        """Cause the fault and judge what was seen."""
        return self.judge(self.cause(ground))


def of_clients(told: Account) -> tuple[Check, Check]:
    """Return what every drill wants: all answers are by recorded decisions, and none is lost."""
    lost = f"{told.missing} of {told.answered} answered predictions lost"
    return (
        Check("every answer names a recorded decision", told.strangers == 0),
        Check("no answered prediction is lost", told.missing == 0 and told.answered > 0, lost),
    )


def log_whole(faults: Sequence[str]) -> Check:
    """Return the check that verifying the decision log found no fault."""
    return Check("the decision log is whole", not faults, "; ".join(faults))


def all_told(unheard: int) -> Check:
    """Return the check that no prediction is logged that nobody was told of.

    An answer that was logged and lost on its way is one, and so is a second one to a request.
    """
    return Check(
        "nothing is logged that nobody was told of", unheard == 0, f"{unheard} predictions"
    )


def refused_clearly(refused: Sequence[Refusal]) -> tuple[Check, ...]:
    """Return the checks that somebody was refused, and all with 503 and when to ask again."""
    odd = sorted({str(each.status) for each in refused} - {"503"})
    return (
        Check("the fault was felt", bool(refused)),
        Check("whoever is refused is told 503", not odd, ", ".join(odd)),
        Check(
            "each is told when to ask again (Retry-After)",
            all(each.retry_after for each in refused),
        ),
    )


def none_refused(refused: str) -> Check:
    """Return the check that nobody was refused; `refused` says who was, if anybody."""
    return Check("no request is refused", not refused, refused)


def _sentence(check: Check) -> str:
    return f"{check.promise}: {check.said}" if check.said else check.promise
