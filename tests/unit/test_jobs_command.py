"""`contender jobs`: from a file to its result without leaving the shell."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable, Iterator

import pytest
from job_scene import in_thread
from served_app import ServedApp
from serving_stage import MODEL, Stage
from typer.testing import CliRunner

from cli import stack
from cli.main import app
from cli.stack import StackView
from pipelines.jobs.folder import JobFolders
from pipelines.jobs.queue import JobQueue
from pipelines.jobs.worker import JobWorker
from pipelines.settings import Settings
from serving.job_scoring import loaded
from serving.job_worker import decided_champion
from serving.slots.cache import PackageCache
from serving.slots.loading import ChampionLoader

RESTING_SECONDS = 0.05


@pytest.fixture
def stage(
    make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stage]:
    """A stack that is ready, as far as a command can tell, with an API but nobody who works."""
    stage = Stage(make_settings(models={MODEL: {"source": {"url": "texts.csv"}}}))
    stage.promote("1", "uno")
    monkeypatch.setenv("CONTENDER_HOME", str(stage.settings.home))
    with ServedApp(stage.app()) as served, stack.hold_lock(stage.settings):
        ports = stage.settings.ports.model_copy(update={"api": served.port})
        view = StackView(phase="ready", supervisor_pid=1, started_at=0.0, ports=ports)
        stack.write_view(stage.settings, view)
        yield stage
    stage.close()


def run(*arguments: str):
    return CliRunner().invoke(app, ["jobs", *arguments])


def work(stage: Stage) -> None:
    """Do one job, as soon as there is one."""
    cache = PackageCache(stage.settings.var / "cache", stage.registry)
    load = ChampionLoader(cache, stage.log, text_limit=20_000)
    worker = JobWorker(
        JobQueue(stage.store),
        JobFolders(stage.settings.var / "jobs"),
        lambda model: decided_champion(stage.log, model),
        lambda champion: loaded(load, champion),
    )
    for _ in range(1_000):
        if worker.step():
            return
        time.sleep(RESTING_SECONDS)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("shelf;texto\nA1;pintura roja\nA2;\n", encoding="utf-8")
    return path


def test_a_file_is_scored_in_one_command(stage, file, tmp_path):
    scored = tmp_path / "scored.csv"
    worker = in_thread(lambda: work(stage))

    done = run(
        *("submit", MODEL, str(file), "--columns", "text=texto"),
        *("--output", str(scored), "--json"),
    )
    worker.join()

    assert done.exit_code == 0, done.output
    job = json.loads(done.stdout)
    assert (job["state"], job["rows_done"], job["rows_refused"]) == ("done", 2, 1)
    first, second = csv.DictReader(scored.read_text(encoding="utf-8").splitlines())
    assert (first["shelf"], first["topic"], first["error"]) == ("A1", "uno", "")
    assert (second["topic"], bool(second["error"])) == ("", True)


def test_a_job_is_watched_fetched_and_forgotten(stage, file, tmp_path):
    scored = tmp_path / "scored.jsonl"
    job = json.loads(
        run(
            *("submit", MODEL, str(file), "--columns", "text=texto"),
            *("--format", "jsonl", "--json"),
        ).stdout
    )
    early = run("result", job["job_id"], "--output", str(scored))
    work(stage)

    assert early.exit_code == 1
    assert "is queued: 0 rows are done" in early.stderr
    assert job["job_id"] in run("status").stdout
    assert json.loads(run("status", job["job_id"], "--json").stdout)["state"] == "done"
    assert run("result", job["job_id"], "--output", str(scored)).exit_code == 0
    assert len(scored.read_text().splitlines()) == 2
    assert run("cancel", job["job_id"]).exit_code == 0
    assert json.loads(run("status", "--json").stdout) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("submit", MODEL, "list.xlsx"), "must end in one of .csv"),
        (("submit", MODEL, "nowhere.csv"), "nowhere.csv is no file"),
        (("submit", MODEL, "catalogue", "--columns", "text"), "field=column"),
        (("submit", MODEL, "catalogue", "--columns", "name=description"), "has no field name"),
        (("submit", "nobody", "catalogue"), "no model is called 'nobody'"),
        (("status", "j404"), "no job is called 'j404'"),
        (("result", "j404", "--output", "x.csv"), "no job is called 'j404'"),
        (("cancel", "j404"), "no job is called 'j404'"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_1(stage, arguments, said):
    done = run(*arguments)

    assert done.exit_code == 1
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_result_that_cannot_be_written_is_one_line_and_leaves_nothing_behind(
    stage, file, tmp_path
):
    given = run("submit", MODEL, str(file), "--columns", "text=texto", "--json")
    work(stage)
    folder = tmp_path / "taken"
    folder.mkdir()
    job_id = json.loads(given.stdout)["job_id"]
    for output in (folder, tmp_path / "not there" / "scored.csv"):
        outcome = run("result", job_id, "--output", str(output))
        assert (outcome.exit_code, "cannot be written" in outcome.output) == (1, True)
    assert not (tmp_path / "taken.part").exists()


def test_every_command_has_help_with_an_example():
    for command in ("submit", "status", "result", "cancel"):
        assert "contender jobs" in run(command, "--help").output.split("Example:")[1]
