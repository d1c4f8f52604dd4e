"""Whatever happens to a worker, a job's rows are in its result once each, in their order."""

from __future__ import annotations

import csv
import io
import os

import pytest
from job_scene import CHAMPION, LengthScorer, Scene, Stopping, in_thread, texts
from sqlalchemy import delete

from pipelines.decisions.log import Champion
from pipelines.jobs.record import JobFailed, UnknownJob
from pipelines.jobs.work import Pace
from pipelines.jobs.worker import AGAIN_SECONDS, ScorerFailed, Unavailable
from pipelines.store import Store, leases

pytestmark = pytest.mark.both_databases

ROWS = 2_100
REFUSED = 210


class KilledHere(BaseException):
    """Ends a worker as a signal would: nothing that it could still do is done."""


@pytest.fixture
def scene(store: Store, tmp_path) -> Scene:
    return Scene(store, tmp_path)


def assert_whole(scene: Scene, job_id: str) -> None:
    rows = list(csv.DictReader(io.StringIO(scene.result(job_id).decode())))
    assert [row["number"] for row in rows] == [str(number) for number in range(ROWS)]
    assert [row["number"] for row in rows if row["error"]] == [
        str(number) for number in range(9, ROWS, 10)
    ]
    assert all(row["topic"] == row["text"].upper() for row in rows if not row["error"])
    job = scene.job(job_id)
    assert (job.rows_total, job.rows_done, job.rows_refused) == (ROWS, ROWS, REFUSED)


def test_a_job_is_done_and_only_its_result_is_kept(scene):
    job_id = scene.hand_in(texts(ROWS))

    assert scene.worker().step() is True

    assert_whole(scene, job_id)
    assert [path.name for path in scene.folders.of(job_id).path.iterdir()] == ["result.csv"]
    assert scene.scorer.closed == 1
    assert scene.worker().step() is False


@pytest.mark.parametrize("batches", range(6))
def test_a_worker_told_to_stop_leaves_a_job_that_goes_on_where_it_was(scene, batches):
    job_id = scene.hand_in(texts(ROWS))

    scene.worker(stopping=Stopping(after=batches)).step()
    job = scene.job(job_id)
    assert job.state == ("queued" if batches < 5 else "done")
    assert job.rows_done == min(ROWS, 500 * (batches + 1))

    scene.work()
    assert_whole(scene, job_id)


@pytest.mark.parametrize("kept", [0, 500, 1_000, 2_000])
def test_a_worker_that_dies_between_two_parts_costs_no_row_and_doubles_none(scene, kept):
    job_id = scene.hand_in(texts(ROWS))

    def die_in_time() -> None:
        if scene.job(job_id).rows_done == kept:
            raise KilledHere

    scene.scorer.before = die_in_time
    with pytest.raises(KilledHere):
        scene.worker().step()
    assert (scene.job(job_id).state, scene.job(job_id).rows_done) == ("running", kept)

    scene.scorer.before = lambda: None
    scene.work()
    assert_whole(scene, job_id)


@pytest.mark.parametrize("step", ["part written", "result joined", "said done"])
def test_a_worker_that_dies_while_it_keeps_what_is_done_is_no_loss(scene, monkeypatch, step):
    job_id = scene.hand_in(texts(ROWS))
    times = {"left": 2 if step == "part written" else 1}
    method = {"part written": "add", "result joined": "finish", "said done": "finish"}[step]
    real = getattr(scene.queue, method)

    def die(*given: object) -> None:
        times["left"] -= 1
        if times["left"] or step == "said done":
            real(*given)
        if not times["left"]:
            raise KilledHere

    monkeypatch.setattr(scene.queue, method, die)
    with pytest.raises(KilledHere):
        scene.worker().step()
    monkeypatch.undo()

    scene.work()
    assert_whole(scene, job_id)
    scene.worker().tidy()
    assert [path.name for path in scene.folders.of(job_id).path.iterdir()] == ["result.csv"]


def test_two_workers_share_the_jobs_and_never_one_job(scene):
    ids = [scene.hand_in(texts(ROWS)) for _ in range(6)]
    second = Scene(scene.store, scene.folders.directory.parent)

    threads = [in_thread(scene.work), in_thread(second.work)]
    for thread in threads:
        thread.join()
    scene.work()  # what the other held when one looked last

    for job_id in ids:
        assert_whole(scene, job_id)
    assert scene.scorer.closed + second.scorer.closed == len(ids)


def test_another_workers_job_is_left_alone(scene):
    job_id = scene.hand_in(texts(ROWS))
    other = scene.worker()
    seen: list[bool] = []
    scene.scorer.before = lambda: seen.append(other.step()) if not seen else None

    scene.worker().step()

    assert seen == [False]
    assert_whole(scene, job_id)


def test_a_job_cancelled_while_it_runs_leaves_nothing_behind(scene):
    job_id = scene.hand_in(texts(ROWS))
    scene.scorer.before = lambda: scene.queue.cancel(job_id) and None

    scene.worker().step()

    assert scene.job(job_id).state == "cancelled"
    assert not scene.folders.of(job_id).path.exists()


def test_a_worker_whose_job_was_taken_over_stops_and_touches_nothing(scene):
    job_id = scene.hand_in(texts(ROWS))
    stolen: list[object] = []
    scene.scorer.before = lambda: stolen or stolen.append(scene.queue.take(job_id, "another"))

    scene.worker().step()

    assert scene.job(job_id).state == "running"
    assert scene.folders.of(job_id).input.exists()


def test_a_worker_that_slept_through_its_lease_harms_no_result_of_who_did_its_job(scene):
    job_id = scene.hand_in(texts(ROWS))
    other = Scene(scene.store, scene.folders.directory.parent)
    overtaken: list[bool] = []

    def sleep_too_long() -> None:
        if not overtaken:
            overtaken.append(True)
            with scene.store.write() as connection:
                connection.execute(delete(leases))
            other.work()

    scene.scorer.before = sleep_too_long
    scene.worker().step()

    assert_whole(scene, job_id)
    scene.worker().tidy()
    assert [path.name for path in scene.folders.of(job_id).path.iterdir()] == ["result.csv"]


def test_the_version_that_began_a_job_answers_all_of_it(scene):
    job_id = scene.hand_in(texts(ROWS))
    asked: list[Champion] = []
    newer = Champion("stub", "4", 3, "d000009-abcdef", "e" * 64, "3")

    def load(champion: Champion) -> LengthScorer:
        asked.append(champion)
        return scene.scorer

    scene.worker(stopping=Stopping(after=0), load=load).step()
    scene.worker(champion=lambda _model: newer, load=load).step()

    assert asked == [CHAMPION, CHAMPION]
    assert scene.job(job_id).champion == CHAMPION
    assert_whole(scene, job_id)


def test_a_job_that_cannot_be_done_fails_with_the_reason_and_the_next_is_done(scene):
    bad = scene.hand_in(b"texto\nuno\n")
    good = scene.hand_in(texts(ROWS))

    scene.work()

    assert scene.job(bad).state == "failed"
    assert "no column for text; it has: texto" in str(scene.job(bad).error)
    assert not scene.folders.of(bad).path.exists()
    assert_whole(scene, good)


def test_a_file_that_breaks_half_way_fails_its_job(scene):
    job_id = scene.hand_in(b"text\n" + b"uno\n" * 1_200 + b"u\xf1a\n")

    scene.work()

    assert scene.job(job_id).state == "failed"
    assert "not UTF-8" in str(scene.job(job_id).error)


def test_a_version_that_is_refused_fails_the_job(scene):
    job_id = scene.hand_in(texts(ROWS))

    def refuse(_champion: Champion) -> LengthScorer:
        raise JobFailed("never admitted")

    scene.worker(load=refuse).step()

    assert (scene.job(job_id).state, scene.job(job_id).error) == ("failed", "never admitted")


def test_what_is_away_is_waited_for_as_long_as_it_takes_and_others_go_first(scene):
    job_id = scene.hand_in(texts(ROWS))
    away = [True]

    def load(_champion: Champion) -> LengthScorer:
        if away:
            raise Unavailable("MLflow is away")
        return scene.scorer

    worker = scene.worker(load=load)
    for _ in range(10):
        assert worker.step() is True
        assert worker.step() is False  # it rests
        assert (scene.job(job_id).state, scene.job(job_id).error) == ("queued", "MLflow is away")
        scene.now += AGAIN_SECONDS + 1
    away.clear()

    worker.step()
    assert_whole(scene, job_id)
    assert scene.job(job_id).error is None


def test_a_model_that_fails_again_and_again_fails_its_job_with_what_it_said(scene):
    job_id = scene.hand_in(texts(ROWS))

    def fail() -> None:
        raise ScorerFailed("the worker process did not answer")

    scene.scorer.before = fail
    worker = scene.worker()
    for _ in range(4):
        worker.step()
        scene.now += AGAIN_SECONDS + 1

    job = scene.job(job_id)
    assert job.state == "failed"
    assert "attempts at row 0: the worker process did not answer" in str(job.error)
    assert scene.scorer.closed == 3


def test_an_input_that_is_gone_fails_its_job(scene):
    job_id = scene.hand_in(texts(ROWS))
    scene.folders.of(job_id).input.unlink()

    scene.work()

    assert "must share the folder" in str(scene.job(job_id).error)


def test_what_was_kept_long_enough_is_forgotten_and_unfinished_uploads_too(scene):
    old = scene.hand_in(texts(20))
    scene.work()
    scene.now += 8 * 86_400
    fresh = scene.hand_in(texts(20))
    scene.work()
    broken_off, under_way = scene.folders.new()[1], scene.folders.new()[1]
    for path in (under_way.path, under_way.input):
        path.touch()
        os.utime(path, (scene.now, scene.now))

    scene.worker(keep_days=9).tidy()
    assert scene.result(old)
    scene.worker(keep_days=7).tidy()

    with pytest.raises(UnknownJob):
        scene.job(old)
    assert not scene.folders.of(old).path.exists()
    assert not broken_off.path.exists()
    assert under_way.input.exists()
    assert scene.result(fresh)


def test_a_slow_model_is_kept_by_time_and_a_fast_one_by_rows(scene):
    job_id = scene.hand_in(texts(ROWS))
    done: set[int] = set()
    scene.scorer.before = lambda: done.add(scene.job(job_id).rows_done)

    scene.worker(pace=Pace(seconds=3_600, rows=1_000)).step()

    assert done == {0, 1_000, 2_000}
    assert_whole(scene, job_id)
