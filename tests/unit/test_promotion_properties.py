from __future__ import annotations

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from rivals import case, exactly, policy

from features.statistics import alpha_at
from pipelines.gate.promotion import decide

REPEATABLE = settings(max_examples=60, deadline=None, derandomize=True)
COUNTS = st.tuples(st.integers(200, 900), st.integers(0, 80), st.integers(0, 80))
LOOK = st.integers(1, 5)
RULE = st.sampled_from(["superiority", "non_inferiority", "better_figure"])


def judged(counts, look=1, **changes):
    both, lost, won = counts
    return decide(case(*exactly(both, lost, won, 100), look=look, policy=policy(**changes)))


@REPEATABLE
@given(COUNTS, LOOK, RULE)
def test_nothing_is_promoted_past_a_failed_check(counts, look, rule):
    ruling = judged(counts, look, rule=rule)
    if ruling.verdict == "promoted":
        assert all(line.passed is not False for line in ruling.checks)
    else:
        assert any(line.passed is False for line in ruling.checks)


@REPEATABLE
@given(COUNTS, LOOK, st.sampled_from(["superiority", "non_inferiority"]))
def test_what_a_test_promotes_has_a_p_within_the_alpha_of_its_look(counts, look, rule):
    ruling = judged(counts, look, rule=rule)
    if ruling.verdict == "promoted":
        assert ruling.p is not None
        assert ruling.p <= alpha_at(0.05, look)


@REPEATABLE
@given(COUNTS, LOOK)
def test_of_two_models_at_most_one_is_superior_to_the_other(counts, look):
    both, lost, won = counts
    verdicts = {judged((both, lost, won), look).verdict, judged((both, won, lost), look).verdict}
    assert verdicts != {"promoted"}


@REPEATABLE
@given(COUNTS, st.integers(1, 40))
def test_turning_losses_into_wins_never_costs_a_promotion(counts, more):
    both, lost, won = counts
    assume(lost >= more)
    before = judged((both, lost, won), rule="superiority")
    after = judged((both, lost - more, won + more), rule="superiority")
    assert not (before.verdict == "promoted" and after.verdict != "promoted")


@REPEATABLE
@given(COUNTS, LOOK)
def test_what_is_superior_is_also_not_inferior(counts, look):
    if judged(counts, look, rule="superiority").verdict == "promoted":
        assert judged(counts, look, rule="non_inferiority").verdict == "promoted"


@REPEATABLE
@given(COUNTS, LOOK)
def test_a_verdict_never_gets_easier_at_a_later_look(counts, look):
    early, late = judged(counts, look), judged(counts, look + 1)
    assert not (late.verdict == "promoted" and early.verdict != "promoted")


@REPEATABLE
@given(COUNTS, LOOK)
def test_an_undecided_verdict_always_asks_for_more_than_there_is(counts, look):
    ruling = judged(counts, look)
    if ruling.verdict == "undecided":
        assert ruling.shortfall is not None
        assert ruling.shortfall.labels > 0
        assert ruling.shortfall.requests > ruling.shortfall.have
