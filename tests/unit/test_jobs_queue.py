"""A job is handed in once, taken by one worker at a time, and kept only by whoever holds it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from job_scene import CHAMPION, Scene

from pipelines.jobs.queue import JobQueue
from pipelines.jobs.record import ATTEMPTS, Asked, NoLongerOurs, Part, TooManyJobs, UnknownJob
from pipelines.store import Store

pytestmark = pytest.mark.both_databases

PART = Part(first_row=0, rows=500, refused=3, file="000-a")


@pytest.fixture
def scene(store: Store, tmp_path) -> Scene:
    return Scene(store, tmp_path)


def taken(scene: Scene, holder: str = "first") -> str:
    job_id = scene.hand_in(b"text\na\n", columns={"text": "texto"}, format="parquet")
    scene.queue.take(job_id, holder)
    scene.queue.begin(job_id, holder, CHAMPION, 1_000)
    return job_id


def test_a_job_is_what_was_asked_and_by_whom_it_is_answered(scene):
    job = scene.job(taken(scene))

    assert job.state == "running"
    assert (job.asked.kind, job.asked.format, job.asked.columns) == (
        "csv",
        "parquet",
        {"text": "texto"},
    )
    assert job.champion == CHAMPION
    assert (job.rows_done, job.rows_total, job.rows_per_second, job.eta_seconds) == (
        *(0, 1_000),
        *(None, None),
    )


def test_progress_says_how_fast_it_goes_and_how_long_it_takes(scene):
    job_id = taken(scene)

    scene.queue.add(job_id, "first", PART, 2.0)
    scene.queue.add(job_id, "first", replace(PART, first_row=500, rows=250), 1.0)

    job = scene.job(job_id)
    assert (job.rows_done, job.rows_refused) == (750, 6)
    assert job.rows_per_second == pytest.approx(250)
    assert job.eta_seconds == pytest.approx(1.0)


def test_who_lost_a_job_to_another_worker_can_add_nothing(scene):
    job_id = taken(scene)
    scene.queue.take(job_id, "second")

    with pytest.raises(NoLongerOurs):
        scene.queue.add(job_id, "first", PART, 1.0)
    with pytest.raises(NoLongerOurs):
        scene.queue.finish(job_id, "first")
    with pytest.raises(NoLongerOurs):
        scene.queue.fail(job_id, "first", "no")

    assert scene.queue.parts(job_id) == []
    assert scene.job(job_id).state == "running"


def test_a_cancelled_job_takes_nothing_more_and_is_taken_by_nobody(scene):
    job_id = taken(scene)

    before = scene.queue.cancel(job_id)

    assert (before.state, scene.job(job_id).state) == ("running", "cancelled")
    with pytest.raises(NoLongerOurs):
        scene.queue.add(job_id, "first", PART, 1.0)
    assert scene.queue.take(job_id, "second") is None
    assert scene.queue.unfinished() == []


def test_cancelling_what_is_done_changes_nothing(scene):
    job_id = taken(scene)
    scene.queue.finish(job_id, "first")

    assert scene.queue.cancel(job_id).state == "done"
    assert scene.job(job_id).state == "done"


def test_a_job_whose_workers_die_without_a_row_more_is_given_up(scene):
    job_id = taken(scene)
    for attempt in range(1, ATTEMPTS):
        assert scene.queue.take(job_id, f"again {attempt}")

    assert scene.queue.take(job_id, "once more") is None

    job = scene.job(job_id)
    assert job.state == "failed"
    assert "given up after 3 attempts at row 0" in str(job.error)


def test_a_row_more_is_worth_as_many_attempts_again(scene):
    job_id = taken(scene)
    for attempt in range(2 * ATTEMPTS):
        holder = f"again {attempt}"
        assert scene.queue.take(job_id, holder)
        scene.queue.add(job_id, holder, replace(PART, first_row=500 * attempt), 1.0)

    assert scene.job(job_id).rows_done == 500 * 2 * ATTEMPTS


def test_only_so_many_jobs_may_wait(store):
    queue = JobQueue(store, waiting=2)
    asked = Asked("stub", "csv", "csv")
    queue.submit("j1", asked)
    queue.submit("j2", asked)

    with pytest.raises(TooManyJobs, match="2 jobs wait or run already; the limit is 2"):
        queue.submit("j3", asked)
    with pytest.raises(TooManyJobs):
        queue.require_room()

    queue.cancel("j1")
    queue.submit("j3", asked)


def test_jobs_are_listed_newest_first_and_worked_on_oldest_first(store):
    times = iter(range(10))
    queue = JobQueue(store, clock=lambda: datetime(2026, 11, 21, 12, next(times), tzinfo=UTC))
    for job_id, model in (("j1", "stub"), ("j2", "other"), ("j3", "stub")):
        queue.submit(job_id, Asked(model, "csv", "csv"))
    queue.cancel("j3")

    assert [job.job_id for job in queue.list()] == ["j3", "j2", "j1"]
    assert [job.job_id for job in queue.list("stub")] == ["j3", "j1"]
    assert [job.job_id for job in queue.list("stub", "queued")] == ["j1"]
    assert [job.job_id for job in queue.list(limit=1)] == ["j3"]
    assert [job.job_id for job in queue.unfinished()] == ["j1", "j2"]


def test_only_what_is_finished_is_forgotten(scene):
    job_id = taken(scene)

    scene.queue.forget(job_id)
    assert scene.job(job_id).state == "running"

    scene.queue.fail(job_id, "first", "its reason, with a NUL \0 from a file")
    assert scene.job(job_id).error == "its reason, with a NUL � from a file"
    scene.queue.forget(job_id)
    with pytest.raises(UnknownJob, match="no job is called"):
        scene.job(job_id)
