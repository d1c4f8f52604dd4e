"""What a rollout is: who takes part, how long, and what would end it.

A `Plan` is what somebody asks for, a `Rollout` what stands in the decision log. Both are values:
who is asked and when is computed from them alone, so every worker says the same. Light, because
the server asks `takes` for every request.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cached_property
from hashlib import blake2b
from typing import Final, Literal, get_args

import orjson

Mode = Literal["shadow", "canary", "ab", "interleaving"]
Arm = Literal["champion", "challenger"]
ARMS: tuple[Arm, ...] = get_args(Arm)
MetricName = Literal["zero_one", "squared_error", "choices"]
"""What feedback is turned into: 1 for a wrong answer; the squared error of a number; or which
side's item of an interleaved list was chosen."""
OnSuccess = Literal["report", "promote"]
PAIRED: frozenset[Mode] = frozenset({"shadow", "interleaving"})
"""Modes in which both versions are asked about the same requests."""
JUDGED: frozenset[Mode] = frozenset({"ab", "interleaving"})
"""Modes in which the challenger can win."""
LONGEST_SECONDS: Final = 90 * 86_400.0
LONGEST_TEXT: Final = 500


class PlanRefused(ValueError):
    """The plan cannot be carried out or makes no sense; the message says why."""


@dataclass(frozen=True)
class Guardrails:
    """What rolls a challenger back before its time.

    `alpha` is the chance that even one of them rolls back a challenger that does no harm, at any
    time in the whole rollout however often it is looked at; it is split evenly among those that
    are on.
    """

    alpha: float = 0.05
    errors: bool = True
    """The challenger fails more often than the champion; where both are asked about the same
    requests (shadow, interleaving), more often than `error_share` of them."""
    error_share: float = 0.005
    latency: bool = True
    """More than `latency_share` of the challenger's answers take longer than `latency_ratio` times
    the champion's 95th percentile plus `latency_grace_ms`, and more than of the champion's. In
    shadow mode it is shown and decides nothing: the challenger runs there at its own pace."""
    latency_ratio: float = 1.5
    latency_grace_ms: float = 25.0
    latency_share: float = 0.10
    metric: bool = True
    """By feedback the challenger's loss is above the champion's by more than `metric_margin`; of
    interleaved lists, its items are chosen less often."""
    metric_margin: float = 0.0
    agreement_floor: float | None = None
    """Shadow only: the share of equal answers is credibly below this."""


@dataclass(frozen=True)
class Step:
    """A part of the ramp: this share of the units for so long; the last one lasts to the end."""

    share: float
    seconds: float


@dataclass(frozen=True)
class Plan:
    """What is asked for. Raises `PlanRefused` when it makes no sense.

    `share` is the part of the units that the challenger takes in the end (of the requests that are
    mirrored, in shadow mode; of those whose lists are interleaved, in that mode); `ramp` are the
    steps before. `alpha` is the chance that a challenger that is no better is called superior.
    `metric` is None where no feedback can be compared: then only errors and latency decide.
    """

    model: str
    challenger: str
    """The registered version; it must have been admitted."""
    mode: Mode
    seconds: float
    actor: str
    reason: str
    share: float = 0.1
    ramp: tuple[Step, ...] = ()
    metric: MetricName | None = None
    target: str = ""
    """Where in an answer the compared value stands, by `pipelines.rollouts.losses.compared`."""
    entity: str | None = None
    """The request column that names the unit, by the contract; see `unit_of`."""
    alpha: float = 0.05
    guardrails: Guardrails = field(default_factory=Guardrails)
    on_success: OnSuccess = "report"

    def __post_init__(self) -> None:
        for refusal in _refusals(self):
            raise PlanRefused(refusal)

    def as_json(self) -> dict[str, object]:
        """Return the plan as it stands in the decision record."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Plan:
        """Rebuild a plan from `as_json`, or from a request with as many fields as it names.

        Raises `PlanRefused`, also for a field that no plan has.
        """
        values = dict(document)
        rails, ramp = values.pop("guardrails", {}), values.pop("ramp", ())
        if not isinstance(rails, Mapping) or not isinstance(ramp, Sequence):
            raise PlanRefused("guardrails are an object, the ramp is a list of steps")
        try:
            steps = tuple(Step(**step) for step in ramp)
            return cls(**values, guardrails=Guardrails(**rails), ramp=steps)  # type: ignore[arg-type]
        except TypeError as error:
            raise PlanRefused(f"no plan of a rollout: {error}") from None


@dataclass(frozen=True)
class Rollout:
    """A recorded rollout. `rollout_id` is the id of the decision that started it."""

    rollout_id: str
    plan: Plan
    champion: str
    champion_digest: str
    generation: int
    """The champion's; when it moves on, the rollout is superseded."""
    challenger_digest: str
    salt: str
    started_at: float
    """Seconds since the epoch, as `ends_at` is."""
    ends_at: float

    @property
    def model(self) -> str:
        """The model."""
        return self.plan.model

    @property
    def challenger(self) -> str:
        """The challenger's version."""
        return self.plan.challenger

    @property
    def mode(self) -> Mode:
        """How the challenger takes part."""
        return self.plan.mode

    @cached_property
    def shares(self) -> tuple[float, ...]:
        """The share of each stage: the steps of the ramp, then the plan's share."""
        return (*(step.share for step in self.plan.ramp), self.plan.share)

    @cached_property
    def _thresholds(self) -> tuple[int, ...]:
        return tuple(math.ceil(share * 2**64) for share in self.shares)

    def stage(self, now: float) -> int:
        """Return the number of the stage (index of `shares`) at a time, from 0."""
        passed = now - self.started_at
        for number, step in enumerate(self.plan.ramp):
            passed -= step.seconds
            if passed < 0:
                return number
        return len(self.plan.ramp)

    def position(self, unit: str) -> int:
        """Return where a unit stands, uniform in 0..2**64-1 and independent between rollouts."""
        digest = blake2b(unit.encode(errors="surrogatepass"), digest_size=8, key=self.salt.encode())
        return int.from_bytes(digest.digest(), "big")

    def takes(self, unit: str, stage: int) -> bool:
        """Return whether the challenger takes this unit (its mirrored or interleaved requests).

        Sticky: the same unit gets the same answer at every worker, and a unit that was taken stays
        taken when a later stage takes more.
        """
        return self.position(unit) < self._thresholds[stage]

    def over(self, now: float) -> bool:
        """Return whether its time is up."""
        return now >= self.ends_at


def unit_of(entity: str | None, instances: Sequence[Mapping[str, object]]) -> str:
    """Return the unit of a request that names none: whoever asks the same is treated the same.

    `entity` is the request column that says on whose behalf the question is asked (a customer, a
    product); without it (or where it is empty, which names nobody) the first instance itself is the
    unit. Pass the instances as they are logged: the same function finds the unit again when
    feedback comes.
    """
    if not instances:
        return ""
    first = instances[0]
    known = first.get(entity) if entity else None
    if known is not None and known != "":
        return str(known)
    options = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY
    return blake2b(orjson.dumps(first, option=options), digest_size=16).hexdigest()


def time_of(stamp: str) -> float:
    """Return an ISO time of the decision log in seconds since the epoch."""
    return datetime.fromisoformat(stamp).timestamp()


def _refusals(plan: Plan) -> list[str]:
    rules = _words(plan) | _lengths(plan) | _limits(plan)
    return [rule for rule, holds in rules.items() if not holds]


def _words(plan: Plan) -> dict[str, bool]:
    """Return the rules of what is named, and whether each holds."""
    names = (plan.model, plan.challenger, plan.actor, plan.reason)
    return {
        "a rollout names model and version, and who starts it and why": all(
            isinstance(word, str) and bool(word.strip()) for word in names
        ),
        "target and entity are names of columns": (
            isinstance(plan.target, str) and isinstance(plan.entity, str | None)
        ),
        f"no name and no reason has more than {LONGEST_TEXT} characters": (
            max(len(str(word)) for word in names) <= LONGEST_TEXT
        ),
        f"mode is one of {', '.join(get_args(Mode))}": plan.mode in get_args(Mode),
        f"metric is one of {', '.join(get_args(MetricName))}": (
            plan.metric is None or plan.metric in get_args(MetricName)
        ),
        "choices are the metric of interleaving, and its only one": (
            (plan.metric == "choices") == (plan.mode == "interleaving")
        ),
        "a metric other than choices needs the target of the answers": (
            plan.metric in (None, "choices") or bool(plan.target)
        ),
        "an A/B test needs a metric: this model's feedback cannot be compared": (
            plan.mode != "ab" or plan.metric is not None
        ),
        "on_success is report or promote": plan.on_success in get_args(OnSuccess),
        "only an A/B test or an interleaving with a metric can promote": (
            plan.on_success == "report" or (plan.mode in JUDGED and plan.metric is not None)
        ),
    }


def _lengths(plan: Plan) -> dict[str, bool]:
    """Return the rules of shares and times, and whether each holds."""
    shares = [*(step.share for step in plan.ramp), plan.share]
    lengths = [step.seconds for step in plan.ramp]
    return {
        f"a rollout lasts more than 0 and at most {LONGEST_SECONDS:.0f} seconds": (
            _within(plan.seconds, 0, LONGEST_SECONDS)
        ),
        "a share is above 0 and at most 1 (below 1 where the champion answers the others)": (
            all(_within(share, 0, 1) for share in shares)
            and (plan.mode in PAIRED or plan.share < 1)
        ),
        "a ramp never shrinks: whoever was in stays in": shares == sorted(shares),
        "each step lasts, and all of them less than the rollout": (
            all(_within(length, 0, LONGEST_SECONDS) for length in lengths)
            and math.fsum(lengths) < plan.seconds
        ),
    }


def _limits(plan: Plan) -> dict[str, bool]:
    """Return the rules of alphas and guardrails, and whether each holds."""
    rails = plan.guardrails
    floor = 0.5 if rails.agreement_floor is None else rails.agreement_floor
    return {
        "alpha is above 0 and below 0.5": _within(plan.alpha, 0, 0.499)
        and _within(rails.alpha, 0, 0.499),
        "tolerated shares are between 0 and 1": all(
            _within(share, 0, 0.99) for share in (rails.error_share, rails.latency_share, floor)
        ),
        "errors, latency and metric are on (true) or off (false)": all(
            isinstance(switch, bool) for switch in (rails.errors, rails.latency, rails.metric)
        ),
        "latency is compared by a ratio above 0 and a grace of at least 0": (
            _within(rails.latency_ratio, 0, 1e6) and rails.latency_grace_ms >= 0
        ),
        "a margin is at least 0": rails.metric_margin >= 0,
    }


def _within(value: float, above: float, most: float) -> bool:
    return above < value <= most
