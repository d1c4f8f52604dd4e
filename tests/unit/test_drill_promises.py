"""A drill that cannot fail proves nothing: each promise is broken here, and has to turn red."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cli.drills import (
    api_killed,
    artifact_poisoned,
    cache_corrupted,
    champion_deleted,
    clock_skewed,
    database_locked,
    disk_full,
    events,
    mlflow_down,
    model_worker_killed,
    promotions_at_once,
    redis_cut,
    redis_worker_killed,
    trainer_killed,
)
from cli.drills.books import Account
from cli.drills.catalogue import DRILLS
from cli.drills.load import Refusal

ALL_THERE = Account(answered=200, missing=0, strangers=0)
TWO_GONE = {"logged": Account(answered=200, missing=2, strangers=0)}
NONE_ASKED = {"logged": Account(answered=0, missing=0, strangers=0)}
UNDECIDED = {"logged": Account(answered=200, missing=0, strangers=1)}
EDITED = {"chain": ("entry 3: its record was changed",)}
REFUSED = (Refusal(0.0, 0.1, 503, "busy", retry_after=True),)
REFUSED_BADLY = [
    {"refused": ()},
    {"refused": (*REFUSED, replace(REFUSED[0], status=500))},
    {"refused": (*REFUSED, replace(REFUSED[0], status=None))},
    {"refused": (*REFUSED, replace(REFUSED[0], retry_after=False))},
]

KEPT = {
    "trainer-killed": trainer_killed.Seen(
        kills=13,
        moved_undecided=(),
        not_carried_out=(),
        versions_left=3,
        versions_judged=3,
        decisions_lost=0,
        chain=(),
        last_verdict="promoted",
        scratch_left=(),
        logged=ALL_THERE,
        refused="",
        recovery_seconds=4.0,
    ),
    "promotions-at-once": promotions_at_once.Seen(
        verdicts=(1, 1),
        judged_against_todays=True,
        generations=(1, 2, 3),
        served_is_newest=True,
        chain=(),
        refused="",
        logged=ALL_THERE,
        recovery_seconds=3.0,
    ),
    "clock-skewed": clock_skewed.Seen(
        verdicts=(1, 1),
        overtaken="Busy: judge:product_codes was taken over during the judgement",
        generations=(1, 2, 3),
        all_follow=True,
        chain=(),
        refused="",
        logged=ALL_THERE,
        recovery_seconds=1.0,
    ),
    "database-locked": database_locked.Seen(
        locked_seconds=6.0,
        answered_meanwhile=500,
        slowest_seconds=0.02,
        refused="",
        feedback=201,
        feedback_kept=True,
        logged=ALL_THERE,
        chain=(),
        recovery_seconds=0.5,
    ),
    "disk-full": disk_full.Seen(
        kind="a tmpfs without a free byte",
        refused=REFUSED,
        watched=True,
        answered_after=100,
        ended=None,
        logged=ALL_THERE,
        recovery_seconds=0.1,
    ),
    "redis-worker-killed": redis_worker_killed.Seen(
        interrupted=3,
        handed_on=3,
        refused="",
        answered_after=200,
        unheard=0,
        logged=ALL_THERE,
        recovery_seconds=4.0,
    ),
    "redis-cut": redis_cut.Seen(
        cut_seconds=8.0,
        refused=REFUSED,
        slowest_seconds=4.0,
        answered_after=200,
        unheard=0,
        logged=ALL_THERE,
        recovery_seconds=0.5,
    ),
    "artifact-poisoned": artifact_poisoned.Seen(
        files_spoiled=2,
        served_poisoned=0,
        answered_meanwhile=300,
        refused="",
        said_why=True,
        logged=ALL_THERE,
        recovery_seconds=2.0,
    ),
    "champion-deleted": champion_deleted.Seen(
        recorded=True,
        same_bytes=True,
        alias_follows=True,
        refused="",
        chain=(),
        logged=ALL_THERE,
        recovery_seconds=5.0,
    ),
    "events-forged": events.Seen(
        followed_untold=True,
        forged_version_served=False,
        alias_put_back=True,
        edit_recorded=True,
        runs_started=1,
        champions_without_verdict=0,
        refused="",
        logged=ALL_THERE,
        recovery_seconds=4.0,
    ),
    "model-worker-killed": model_worker_killed.Seen(
        killed=2,
        status=502,
        retry_after=True,
        wrong_answers=0,
        others_refused="",
        logged=ALL_THERE,
        recovery_seconds=3.0,
    ),
    "api-killed": api_killed.Seen(
        logged=ALL_THERE,
        refused="4 x cut",
        answered_by_the_others=90,
        recovery_seconds=2.0,
    ),
    "cache-corrupted": cache_corrupted.Seen(
        files_spoiled=2,
        mended_first=True,
        whole_again=True,
        same_answers=True,
        logged=ALL_THERE,
        recovery_seconds=3.0,
    ),
    "mlflow-down": mlflow_down.Seen(
        silent_seconds=20.0,
        answered_meanwhile=900,
        refused_before_restart="",
        decided_and_served=True,
        restarted_and_served=True,
        alias_followed=True,
        logged=ALL_THERE,
        recovery_seconds=9.0,
    ),
}
BROKEN = {
    "trainer-killed": [
        {"moved_undecided": ("before packaging",)},
        {"not_carried_out": ("after moving the alias",)},
        {"versions_judged": 2},
        {"versions_left": 2, "versions_judged": 2},
        {"decisions_lost": 1},
        {"last_verdict": "error"},
        {"scratch_left": ("tmp1",)},
        {"refused": "1 x 503"},
        EDITED,
    ],
    "promotions-at-once": [
        {"verdicts": (2, 1)},
        {"verdicts": (1, 0)},
        {"judged_against_todays": False},
        {"generations": (1, 2, 2)},
        {"generations": (1, 3)},
        {"served_is_newest": False},
        {"refused": "1 x cut"},
        EDITED,
    ],
    "clock-skewed": [
        {"verdicts": (0, 1)},
        {"overtaken": "KeyError: 'x'"},
        {"generations": (1, 2, 2)},
        {"all_follow": False},
        {"refused": "1 x 503"},
        EDITED,
    ],
    "database-locked": [
        {"answered_meanwhile": 0},
        {"slowest_seconds": 5.9},
        {"refused": "3 x 503"},
        {"feedback_kept": False},
        {"feedback": 500},
        EDITED,
    ],
    "disk-full": [
        *REFUSED_BADLY,
        {"ended": -7},
        {"watched": False},
        {"answered_after": 0},
    ],
    "redis-worker-killed": [
        {"interrupted": 0},
        {"handed_on": 2},
        {"refused": "1 x 502"},
        {"answered_after": 0},
        {"unheard": 1},
    ],
    "redis-cut": [
        *REFUSED_BADLY,
        {"slowest_seconds": 30.0},
        {"answered_after": 0},
        {"unheard": 1},
    ],
    "artifact-poisoned": [
        {"served_poisoned": 1},
        {"files_spoiled": 0},
        {"answered_meanwhile": 0},
        {"refused": "1 x 503"},
        {"said_why": False},
    ],
    "champion-deleted": [
        {"recorded": False},
        {"same_bytes": False},
        {"alias_follows": False},
        {"refused": "1 x 503"},
        EDITED,
    ],
    "events-forged": [
        {"followed_untold": False},
        {"forged_version_served": True},
        {"alias_put_back": False},
        {"edit_recorded": False},
        {"champions_without_verdict": 1},
        {"runs_started": 2},
        {"refused": "1 x 503"},
    ],
    "model-worker-killed": [
        {"killed": 0},
        {"status": 500},
        {"status": 200},
        {"retry_after": False},
        {"wrong_answers": 1},
        {"others_refused": "1 x 503"},
    ],
    "api-killed": [{"answered_by_the_others": 0}],
    "cache-corrupted": [
        {"files_spoiled": 0},
        {"mended_first": False},
        {"whole_again": False},
        {"same_answers": False},
    ],
    "mlflow-down": [
        {"answered_meanwhile": 0},
        {"refused_before_restart": "1 x 503"},
        {"decided_and_served": False},
        {"restarted_and_served": False},
        {"alias_followed": False},
    ],
}
BREAKS = [
    pytest.param(drill, change, id=f"{drill.name}: {' '.join(change)}")
    for drill in DRILLS
    for change in [*BROKEN[drill.name], TWO_GONE, NONE_ASKED, UNDECIDED]
]


@pytest.mark.parametrize("drill", DRILLS, ids=lambda drill: drill.name)
def test_a_promise_that_was_kept_is_green(drill):
    outcome = drill.judge(KEPT[drill.name])

    assert outcome.verdict == "kept", outcome.broken
    assert outcome.lost == 0
    assert outcome.recovery_seconds is not None


@pytest.mark.parametrize(("drill", "change"), BREAKS)
def test_a_promise_that_was_broken_is_red(drill, change):
    outcome = drill.judge(replace(KEPT[drill.name], **change))

    assert outcome.verdict == "broken"
    assert outcome.broken


@pytest.mark.parametrize("drill", DRILLS, ids=lambda drill: drill.name)
def test_each_answered_prediction_that_is_gone_counts_as_lost(drill):
    assert drill.judge(replace(KEPT[drill.name], **TWO_GONE)).lost == 2
