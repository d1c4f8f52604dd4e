"""The jobs' interface: files in, progress and result out, and a reason for every refusal."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterator

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from asgi_client import AppClient
from serving_stage import MODEL, Stage

from pipelines.decisions.log import Champion
from pipelines.jobs.folder import JobFolders
from pipelines.jobs.queue import JobQueue
from pipelines.jobs.worker import JobWorker
from pipelines.orders import product_catalogue
from pipelines.orders.product_catalogue import Catalogue, Product
from pipelines.settings import Settings
from serving.job_scoring import loaded
from serving.job_worker import decided_champion
from serving.slots.cache import PackageCache
from serving.slots.loading import ChampionLoader

JOBS = f"/v1/models/{MODEL}/jobs"
CSV = {"Content-Type": "text/csv"}
FILE = b"shelf,text\nA1,pintura roja\nA2,\nA3,verde\n"


@pytest.fixture
def stage(make_settings: Callable[..., Settings]) -> Iterator[Stage]:
    stage = Stage(
        make_settings(
            models={MODEL: {"source": {"url": "texts.csv"}}},
            serving={"poll_seconds": 0.05},
            jobs={"limit_bytes": 2_000, "waiting": 3},
        )
    )
    stage.promote("1", "uno")
    yield stage
    stage.close()


@pytest.fixture
def client(stage: Stage) -> Iterator[AppClient]:
    with AppClient(stage.app()) as client:
        yield client


def work(stage: Stage) -> None:
    """Do the jobs as `python -m serving.job_worker` does."""
    cache = PackageCache(stage.settings.var / "cache", stage.registry)
    load = ChampionLoader(cache, stage.log, text_limit=20_000)

    def champion(model: str) -> Champion:
        return decided_champion(stage.log, model)

    worker = JobWorker(
        JobQueue(stage.store),
        JobFolders(stage.settings.var / "jobs"),
        champion,
        lambda champion: loaded(load, champion),
    )
    while worker.step():
        pass


def submitted(client: AppClient, content: bytes = FILE, **query: str) -> str:
    response = client.post(JOBS, content=content, headers=CSV, params=query)
    assert response.status_code == 202, response.text
    return response.json()["job_id"]


def problem(response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["type"].rpartition(":")[2]


def test_a_file_comes_back_with_an_answer_or_an_error_in_every_row(client, stage):
    response = client.post(JOBS, content=FILE, headers=CSV)

    assert response.status_code == 202
    job = response.json()
    assert (job["state"], job["rows_done"], job["result"]) == ("queued", 0, None)
    assert response.headers["location"] == job["location"] == f"/v1/jobs/{job['job_id']}"
    work(stage)
    done = client.get(job["location"]).json()
    assert (done["state"], done["version"], done["decision_id"]) == (
        "done",
        "1",
        stage.log.list(MODEL)[0].decision_id,
    )
    assert (done["rows_total"], done["rows_done"], done["rows_refused"]) == (3, 3, 1)
    result = client.get(done["result"])
    assert result.headers["content-type"] == "text/csv; charset=utf-8"
    lines = result.text.splitlines()
    assert lines[0] == "shelf,text,topic,confidence,error"
    assert lines[1].startswith("A1,pintura roja,uno,0.")
    assert lines[2] == 'A2,,,,"text: """" is shorter than 1 character"'
    assert lines[3].startswith("A3,verde,uno,0.")


def test_json_lines_and_parquet_are_taken_and_given(client, stage):
    table = pa.table({"texto": ["pintura", "verde"]})
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    headers = {"Content-Type": "application/vnd.apache.parquet"}
    query = {"columns": '{"text": "texto"}', "format": "jsonl"}
    first = client.post(JOBS, content=buffer.getvalue(), headers=headers, params=query).json()
    headers = {"Content-Type": "application/x-ndjson"}
    lines = b'{"text": "pintura"}\n{"text": 3}\n'
    second = client.post(JOBS, content=lines, headers=headers).json()

    work(stage)

    rows = client.get(f"/v1/jobs/{first['job_id']}/result").text.splitlines()
    assert [orjson.loads(row)["topic"] for row in rows] == ["uno", "uno"]
    rows = client.get(f"/v1/jobs/{second['job_id']}/result").text.splitlines()
    assert orjson.loads(rows[1])["error"] == 'text: 3 is not of type "string"'


def test_the_whole_catalogue_is_scored_as_it_is_at_that_moment(client, stage):
    body = {"source": "catalogue", "columns": {"text": "description"}}
    assert problem(client.post(JOBS, json=body)) == (503, "no-catalogue")
    file = product_catalogue.catalogue_file(stage.settings.var)
    products = tuple(Product(str(n), f"pintura {n}") for n in range(20))
    product_catalogue.write(file, Catalogue(products, None, "a state", "today"))
    refused = client.post(JOBS, json={"source": "catalogue"})
    assert problem(refused) == (422, "job-refused")
    assert "no column for text; it has: code, description" in refused.json()["detail"]

    job = client.post(JOBS, json=body).json()
    product_catalogue.write(file, Catalogue(products[:1], None, "another", "later"))
    work(stage)

    lines = client.get(f"/v1/jobs/{job['job_id']}/result").text.splitlines()
    assert lines[0] == "code,description,product_id,image,price,topic,confidence,error"
    assert len(lines) == 21


def test_a_promotion_in_between_changes_neither_the_version_nor_a_row(client, stage):
    job_id = submitted(client)
    work(stage)
    stage.promote("2", "dos")
    second = submitted(client)
    work(stage)

    versions = [client.get(f"/v1/jobs/{each}").json()["version"] for each in (job_id, second)]
    assert versions == ["1", "2"]


def test_a_result_is_not_there_before_the_job_is_done(client):
    job_id = submitted(client)

    response = client.get(f"/v1/jobs/{job_id}/result")

    assert problem(response) == (409, "job-not-done")
    assert response.headers["retry-after"] == "5"


def test_a_failed_job_says_why_and_has_no_result(client, stage):
    job_id = submitted(client, b"texto\nuno\n")
    work(stage)

    assert "no column for text; it has: texto" in client.get(f"/v1/jobs/{job_id}").json()["error"]
    response = client.get(f"/v1/jobs/{job_id}/result")
    assert problem(response) == (409, "no-result")
    assert "no column for text" in response.json()["detail"]


def test_a_cancelled_job_is_never_worked_on_and_its_files_are_gone(client, stage):
    job_id = submitted(client)

    assert client.request("DELETE", f"/v1/jobs/{job_id}").status_code == 204

    work(stage)
    assert client.get(f"/v1/jobs/{job_id}").json()["state"] == "cancelled"
    assert not JobFolders(stage.settings.var / "jobs").of(job_id).path.exists()


def test_a_finished_job_is_forgotten_with_its_result_when_it_is_deleted(client, stage):
    job_id = submitted(client)
    work(stage)

    assert client.request("DELETE", f"/v1/jobs/{job_id}").status_code == 204

    assert problem(client.get(f"/v1/jobs/{job_id}")) == (404, "unknown-job")
    assert problem(client.request("DELETE", f"/v1/jobs/{job_id}")) == (404, "unknown-job")
    assert JobFolders(stage.settings.var / "jobs").ids() == []


def test_jobs_are_listed_by_model_and_state(client, stage):
    first = submitted(client)
    work(stage)
    second = submitted(client)

    def listed(**query: str) -> list[str]:
        return [job["job_id"] for job in client.get("/v1/jobs", params=query).json()["jobs"]]

    assert listed() == [second, first]
    assert listed(state="done") == [first]
    assert listed(model="other") == []
    assert client.get("/v1/jobs", params={"state": "asleep"}).status_code == 422


def test_enough_jobs_are_enough(client):
    for _ in range(3):
        submitted(client)

    response = client.post(JOBS, content=FILE, headers=CSV)

    assert problem(response) == (429, "too-many-jobs")
    assert "retry-after" in response.headers


@pytest.mark.parametrize(
    ("content", "headers", "query", "expected"),
    [
        (b"text\n" + b"a\n" * 2_000, CSV, {}, (413, "body-too-large")),
        (b"", CSV, {}, (400, "malformed-body")),
        (FILE, {"Content-Type": "text/plain"}, {}, (415, "unsupported-body")),
        (FILE, {}, {}, (415, "unsupported-body")),
        (FILE, {**CSV, "Content-Encoding": "gzip"}, {}, (415, "unsupported-body")),
        (gzip.compress(FILE), CSV, {}, (415, "unsupported-body")),
        (FILE, {"Content-Type": "text/csv; charset=latin-1"}, {}, (415, "unsupported-body")),
        (FILE, CSV, {"columns": "text=shelf"}, (422, "job-refused")),
        (FILE, CSV, {"columns": '{"text": 3}'}, (422, "job-refused")),
        (FILE, CSV, {"columns": '{"topic": "shelf"}'}, (422, "job-refused")),
        (FILE, CSV, {"format": "xlsx"}, (422, "invalid-request")),
        (b'{"source": "moon"}', {"Content-Type": "application/json"}, {}, (422, "job-refused")),
        (b"{", {"Content-Type": "application/json"}, {}, (400, "malformed-body")),
    ],
    ids=[
        *("too large", "empty", "plain text", "no type", "encoded", "gzipped", "another charset"),
        *("columns that are no JSON", "columns that are no names", "no such field"),
        *("no such format", "no such source", "no JSON"),
    ],
)
def test_what_makes_no_job_is_refused_and_leaves_nothing(
    client, stage, content, headers, query, expected
):
    response = client.post(JOBS, content=content, headers=headers, params=query)

    assert problem(response) == expected
    assert JobFolders(stage.settings.var / "jobs").ids() == []
    assert client.get("/v1/jobs").json() == {"jobs": []}


def test_a_body_of_unknown_length_is_stopped_at_the_limit(client, stage):
    async def endless():
        while True:
            yield b"text\n" * 100

    response = client.post(JOBS, content=endless(), headers=CSV)

    assert problem(response) == (413, "body-too-large")
    assert JobFolders(stage.settings.var / "jobs").ids() == []


def test_a_job_for_nobody_is_refused_before_its_file_is_read(client):
    response = client.post("/v1/models/other/jobs", content=FILE, headers=CSV)

    assert problem(response) == (404, "unknown-model")


def test_the_document_shows_what_may_be_sent(client):
    operation = client.get("/openapi.json").json()["paths"]["/v1/models/{name}/jobs"]["post"]

    assert set(operation["requestBody"]["content"]) == {
        "text/csv",
        "application/x-ndjson",
        "application/vnd.apache.parquet",
        "application/json",
    }
    assert "202" in operation["responses"]


def test_prometheus_is_told_of_the_jobs_and_their_rows(client, stage):
    client.post(JOBS, content=FILE, headers=CSV)
    waiting = client.get("/metrics").text
    assert 'contender_jobs{model="stub",state="queued"} 1.0' in waiting
    assert 'contender_oldest_queued_job_seconds{model="stub"}' in waiting
    work(stage)
    done = client.get("/metrics").text
    assert 'contender_jobs{model="stub",state="done"} 1.0' in done
    assert 'contender_job_rows{model="stub",outcome="answered"} 2.0' in done
    assert 'contender_job_rows{model="stub",outcome="refused"} 1.0' in done
    assert "contender_oldest_queued_job_seconds{" not in done


def test_the_other_figures_are_there_while_the_jobs_cannot_be_counted(client, stage):
    with stage.store.write() as connection:
        connection.exec_driver_sql("drop table jobs")
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert "contender_champion_generation" in answer.text
    assert "contender_jobs{" not in answer.text
