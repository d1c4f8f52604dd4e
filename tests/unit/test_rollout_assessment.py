"""What the counts of a rollout decide, and what they only show."""

from __future__ import annotations

import math
from dataclasses import replace

import orjson
import pytest

from pipelines.rollouts.assessment import Seen, assess, guards
from pipelines.rollouts.evidence import SCALING, Evidence, nothing_yet
from pipelines.rollouts.observations import Totals
from pipelines.rollouts.plan import Guardrails, Plan, Rollout, Step
from pipelines.rollouts.tally import Counts, Tally, bucket_of


def rollout(**changes):
    usual = {
        "model": "codes",
        "challenger": "2",
        "mode": "ab",
        "metric": "zero_one",
        "target": "code",
        "share": 0.5,
        "seconds": 3600.0,
        "actor": "ana",
        "reason": "try it",
    }
    plan = Plan(**(usual | changes))
    return Rollout("d1", plan, "1", "a1", 1, "a2", "salt", 0.0, 3600.0)


SHADOW = {"mode": "shadow", "metric": None, "share": 1.0}
CANARY = {"mode": "canary", "metric": None, "share": 0.1}
DRAFT = {"mode": "interleaving", "metric": "choices"}


def counts(units=0, errors=0, ms=None, **more):
    found = Counts(requests=units, errors=errors, units=units, unit_errors=errors, **more)
    for each, number in (ms or {}).items():
        found.unit_latency[bucket_of(each / 1_000)] += number
    return found


def seen(asked, champion, challenger, *, stage=0, limit_ms=None, evidence=None):
    totals = Totals({(stage, "champion"): champion, (stage, "challenger"): challenger})
    return Seen(totals, evidence or nothing_yet(asked), limit_ms)


def named(assessment, name):
    return next(check for check in assessment.checks if check.name == name)


def test_nothing_seen_decides_nothing():
    for changes in ({}, SHADOW, CANARY, DRAFT):
        asked = rollout(**changes)
        found = assess(asked, Seen(Totals(), nothing_yet(asked)))
        assert found.decides is None
        assert found.finding == "the challenger was asked nothing"
        assert not any(check.passed is False for check in found.checks)


@pytest.mark.parametrize(
    ("changes", "on"),
    [
        ({}, ("errors", "latency", "metric")),
        (CANARY, ("errors", "latency")),
        (SHADOW, ("errors",)),
        (SHADOW | {"guardrails": Guardrails(agreement_floor=0.9)}, ("errors", "agreement")),
        (DRAFT, ("errors", "latency", "metric")),
        ({"guardrails": Guardrails(errors=False, latency=False)}, ("metric",)),
    ],
)
def test_alpha_is_split_over_the_guardrails_that_are_on(changes, on):
    asked = rollout(**changes)
    assert guards(asked) == on
    found = assess(asked, seen(asked, counts(100), counts(100)))
    assert named(found, "errors").limit in (None, pytest.approx(len(on) / 0.05))


def test_failures_of_the_challenger_alone_roll_back():
    asked = rollout(**CANARY)
    found = assess(asked, seen(asked, counts(900, 0), counts(100, 4)))
    assert found.decides == "rolled_back"
    assert "failed 4 of 100" in found.finding


def test_failures_that_both_have_do_not():
    asked = rollout(**CANARY)
    found = assess(asked, seen(asked, counts(900, 90), counts(100, 10)))
    assert found.decides is None


def test_failures_are_held_against_the_share_of_their_stage():
    asked = rollout(**(CANARY | {"share": 0.5, "ramp": (Step(0.01, 60),)}))
    even = seen(asked, counts(500, 10), counts(500, 10), stage=1)
    assert assess(asked, even).decides is None
    early = seen(asked, counts(500, 10), counts(500, 10), stage=0)
    assert assess(asked, early).decides == "rolled_back"


def test_in_shadow_failures_are_held_against_what_is_tolerated():
    asked = rollout(**SHADOW)
    assert assess(asked, seen(asked, counts(1_000), counts(1_000, 5))).decides is None
    assert assess(asked, seen(asked, counts(1_000), counts(1_000, 30))).decides == "rolled_back"


def test_a_slow_challenger_is_rolled_back_beside_a_quick_champion_only():
    asked = rollout(**CANARY)
    slow = counts(100, ms={100: 60, 1: 40})
    quick, busy = counts(900, ms={1: 900}), counts(900, ms={100: 540, 1: 360})
    assert assess(asked, seen(asked, quick, slow, limit_ms=50.0)).decides == "rolled_back"
    assert assess(asked, seen(asked, busy, slow, limit_ms=50.0)).decides is None


def test_a_challenger_that_is_slower_but_quick_enough_stays():
    asked = rollout(**CANARY)
    slower = counts(1_000, ms={100: 50, 1: 950})
    quick = counts(9_000, ms={1: 9_000})
    assert assess(asked, seen(asked, quick, slower, limit_ms=50.0)).decides is None


def test_latency_waits_for_its_limit_and_decides_nothing_in_shadow():
    asked = rollout(**SHADOW)
    slow, quick = counts(500, ms={100: 500}), counts(500, ms={1: 500})
    waiting = named(assess(asked, seen(asked, quick, slow)), "latency")
    assert (waiting.value, waiting.passed) == (None, None)
    found = assess(asked, seen(asked, quick, slow, limit_ms=50.0))
    assert found.decides is None
    assert "decides nothing" in named(found, "latency").note


def test_agreement_is_shown_and_decides_only_below_a_floor():
    agreed = counts(400, compared=400, agreed=300)
    asked = rollout(**SHADOW)
    found = assess(asked, seen(asked, counts(400), agreed))
    assert (named(found, "agreement").value, found.decides) == (0.75, None)
    assert "300 of 400" in found.finding
    floored = rollout(**SHADOW, guardrails=Guardrails(agreement_floor=0.9))
    assert assess(floored, seen(floored, counts(400), agreed)).decides == "rolled_back"
    enough = counts(400, compared=400, agreed=380)
    assert assess(floored, seen(floored, counts(400), enough)).decides is None


def told(asked, champion, challenger):
    """Evidence of (right, wrong) units of each side, which come in turn, evenly mixed."""
    evidence = nothing_yet(asked)
    sides = {"champion": champion, "challenger": challenger}
    for number in range(sum(champion)):
        for side, (right, wrong) in sides.items():
            before, after = (each * wrong // (right + wrong) for each in (number, number + 1))
            evidence.lost(side, 0.5, float(after > before))
    return evidence


def test_a_better_challenger_is_superior_and_a_worse_one_rolled_back():
    asked = rollout()
    better = told(asked, (350, 150), (450, 50))
    found = assess(asked, seen(asked, counts(500), counts(500), evidence=better))
    assert (found.decides, named(found, "superiority").passed) == ("superior", True)
    worse = told(asked, (450, 50), (350, 150))
    found = assess(asked, seen(asked, counts(500), counts(500), evidence=worse))
    assert (found.decides, named(found, "metric").passed) == ("rolled_back", False)
    assert "mean loss 0.3 of 500 units" in found.finding


def test_equal_challengers_go_on_and_the_finding_says_so():
    asked = rollout()
    same = told(asked, (400, 100), (400, 100))
    found = assess(asked, seen(asked, counts(500), counts(500), evidence=same))
    assert found.decides is None
    assert found.finding.startswith("no difference was shown: mean loss 0.2")


def test_a_difference_of_shares_is_never_shown_as_more_than_all():
    evidence = told(rollout(), (5, 0), (0, 5))
    low, high = evidence.interval()
    assert -1 <= low < high == 1


def test_the_interval_of_a_difference_holds_it():
    low, high = told(rollout(), (900, 100), (700, 300)).interval()
    assert low < 0.2 < high
    assert high - low < 0.3


def test_a_tolerated_margin_of_harm_is_tolerated():
    asked = rollout(guardrails=Guardrails(metric_margin=0.3))
    worse = told(asked, (450, 50), (350, 150))
    assert assess(asked, seen(asked, counts(1), counts(1), evidence=worse)).decides is None


def test_a_guardrail_outweighs_a_victory():
    asked = rollout()
    better = told(asked, (350, 150), (450, 50))
    failing = seen(asked, counts(500, 0), counts(500, 40), evidence=better)
    assert assess(asked, failing).decides == "rolled_back"


def test_a_canary_never_wins():
    asked = rollout(mode="canary")
    better = told(asked, (350, 150), (450, 50))
    found = assess(asked, seen(asked, counts(500), counts(500), evidence=better))
    assert found.decides is None
    assert [check.name for check in found.checks] == ["errors", "latency", "metric"]


@pytest.mark.parametrize(("wins", "decides"), [((40, 80), "superior"), ((80, 40), "rolled_back")])
def test_choices_decide_an_interleaving(wins, decides):
    asked = rollout(**DRAFT)
    evidence = replace(nothing_yet(asked), champion_wins=wins[0], challenger_wins=wins[1])
    found = assess(asked, seen(asked, counts(300), counts(300), evidence=evidence))
    assert found.decides == decides
    assert f"{wins[1]} of 120 units chose" in found.finding


def test_squared_errors_wait_for_their_scale_and_are_cut_at_it():
    asked = rollout(metric="squared_error")
    evidence = nothing_yet(asked)
    for number in range(SCALING):
        evidence.lost("champion" if number % 2 else "challenger", 0.5, float(number))
    found = assess(asked, seen(asked, counts(50), counts(50), evidence=evidence))
    assert evidence.scale == 95.0
    assert (evidence.tested, found.decides) == (0, None)
    assert "sets the scale" in named(found, "metric").note
    evidence.lost("challenger", 0.5, 1e9)
    assert evidence.scaled_total == 1.0
    low, high = evidence.interval()
    assert -200 <= low < high <= 200


def test_errors_that_are_mostly_zero_still_have_a_scale():
    evidence = nothing_yet(rollout(metric="squared_error"))
    for _ in range(SCALING):
        evidence.lost("champion", 0.5, 0.0)
    evidence.lost("challenger", 0.5, 4.0)
    evidence.lost("champion", 0.5, 0.0)
    assert (evidence.scale, evidence.scaled_total) == (0.0, 1.0)
    assert all(math.isfinite(wealth) for wealth in evidence.worse + evidence.better)


def test_evidence_and_totals_survive_their_record():
    asked = rollout()
    before = seen(
        asked,
        counts(500, 3, ms={1: 497}),
        counts(500, 4, ms={2: 496}, compared=9, agreed=8),
        limit_ms=50.0,
        evidence=told(asked, (400, 100), (390, 110)),
    )
    record = orjson.loads(orjson.dumps([before.totals.as_json(), before.evidence_as_json()]))
    after = Seen.from_json(*record)
    assert after == before
    assert assess(asked, after) == assess(asked, before)
    assert isinstance(after.evidence, Evidence)


def test_endless_evidence_is_written_as_a_number():
    asked = rollout(**CANARY)
    found = assess(asked, seen(asked, counts(9), counts(10**7, 10**7)))
    assert named(found, "errors").value == pytest.approx(1e12)


def customers_who_always_fail(number):
    """Return a ramp's assessment where each of some customers asks in every stage, and fails."""
    asked = replace(
        rollout(**(CANARY | {"share": 0.5, "ramp": (Step(0.01, 60),)})), salt=str(number)
    )
    tally = Tally()
    for stage in (0, 1):
        for customer in range(60):
            side = "challenger" if asked.takes(str(customer), stage) else "champion"
            tally.failed(side, stage, 0.1, str(customer))
            tally.answered(side, stage, 9.0, str(customer))
    cells = {place: Counts.from_json(found) for place, found in tally.counts().items()}
    return assess(asked, Seen(Totals(cells), nothing_yet(asked), 100.0))


def test_a_ramp_blames_no_challenger_for_customers_who_fail_and_wait_everywhere():
    found = [customers_who_always_fail(number).decides for number in range(100)]
    assert sum(each is not None for each in found) <= 5
