"""`contender jobs`: hand a file to the API to be scored, watch it, fetch the result."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from cli import screen, stack

if TYPE_CHECKING:
    import httpx

MEDIA_TYPES = {
    ".csv": "text/csv",
    ".jsonl": "application/x-ndjson",
    ".ndjson": "application/x-ndjson",
    ".parquet": "application/vnd.apache.parquet",
}
CATALOGUE = "catalogue"
COLUMNS = ("job_id", "model", "state", "rows", "refused", "rows_per_second", "left", "version")
BLOCK_BYTES = 1 << 20
LOOK_SECONDS = 0.5
TIMEOUT_SECONDS = 60.0

app = typer.Typer(no_args_is_help=True, help="Score a whole file or the catalogue, as a job.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("submit")
@screen.plain_errors
def submit(
    model: Annotated[str, typer.Argument(help="Name of the model.")],
    source: Annotated[
        str, typer.Argument(help="A .csv, .jsonl or .parquet file, or the word `catalogue`.")
    ],
    columns: Annotated[
        str, typer.Option(help="field=column, comma-separated, where the names differ.")
    ] = "",
    format: Annotated[
        str | None, typer.Option(help="Of the result: csv, jsonl or parquet; as the file's.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Wait for the result and write it to this file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hand in a job.

    Example: `contender jobs submit product_codes list.csv --columns description=texto`
    """
    query = {"columns": orjson.dumps(_mapping(columns)).decode()}
    if format is not None:
        query["format"] = format
    with _api() as client:
        path = f"/v1/models/{model}/jobs"
        if source == CATALOGUE:
            job = _json(_ask(client, "POST", path, params=query, json={"source": CATALOGUE}))
        else:
            job = _upload(client, path, Path(source), query)
        if output is not None:
            job = _wait(client, str(job["job_id"]))
            _fetch(client, job, output)
    _show(job, as_json=as_json)


@app.command("status")
@screen.plain_errors
def status(
    job_id: Annotated[str | None, typer.Argument(help="One job; none lists them.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show how far jobs are.

    Example: `contender jobs status`
    """
    with _api() as client:
        if job_id is not None:
            _show(_job(client, job_id), as_json=as_json)
            return
        listed = _json(_ask(client, "GET", "/v1/jobs"))["jobs"]
    assert isinstance(listed, list)
    if as_json:
        screen.print_json(listed)
    else:
        screen.print_table("Jobs", COLUMNS, [_line(job) for job in listed])


@app.command("result")
@screen.plain_errors
def result(
    job_id: Annotated[str, typer.Argument(help="The job.")],
    output: Annotated[Path, typer.Option(help="Where to write it.")],
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the job is done.")] = False,
) -> None:
    """Fetch the result of a job.

    Example: `contender jobs result j54901b85ea77 --output scored.csv`
    """
    with _api() as client:
        job = _wait(client, job_id) if wait else _job(client, job_id)
        _fetch(client, job, output)
    typer.echo(str(output))


@app.command("cancel")
@screen.plain_errors
def cancel(job_id: Annotated[str, typer.Argument(help="The job.")]) -> None:
    """Cancel a job, or forget a finished one; its files are deleted.

    Example: `contender jobs cancel j54901b85ea77`
    """
    with _api() as client:
        _ask(client, "DELETE", f"/v1/jobs/{job_id}")
    typer.echo(f"{job_id} is cancelled")


def _api() -> httpx.Client:
    import httpx

    settings = stack.running_settings()
    return httpx.Client(
        base_url=settings.api_url,
        headers=settings.logins.api_headers,
        timeout=TIMEOUT_SECONDS,
        trust_env=False,
    )


def _upload(
    client: httpx.Client, path: str, file: Path, query: dict[str, str]
) -> dict[str, object]:
    media_type = MEDIA_TYPES.get(file.suffix.lower())
    if media_type is None:
        known = ", ".join(MEDIA_TYPES)
        raise screen.CommandFailed(f"{file}: its name must end in one of {known}")
    if not file.is_file():
        raise screen.CommandFailed(f"{file} is no file")
    headers = {"Content-Type": media_type, "Content-Length": str(file.stat().st_size)}
    with file.open("rb") as stream:
        blocks: Iterator[bytes] = iter(lambda: stream.read(BLOCK_BYTES), b"")
        return _json(_ask(client, "POST", path, params=query, headers=headers, content=blocks))


def _wait(client: httpx.Client, job_id: str) -> dict[str, object]:
    while True:
        job = _job(client, job_id)
        if job["state"] not in ("queued", "running"):
            return job
        time.sleep(LOOK_SECONDS)


def _fetch(client: httpx.Client, job: dict[str, object], output: Path) -> None:
    import httpx

    if job["state"] != "done":
        said = job["error"] or f"{job['rows_done']} rows are done"
        raise screen.CommandFailed(f"{job['job_id']} is {job['state']}: {said}")
    fresh = output.with_name(f"{output.name}.part")
    try:
        with client.stream("GET", f"/v1/jobs/{job['job_id']}/result") as response:
            if response.is_error:
                raise screen.CommandFailed(f"the API answered {response.status_code}")
            with fresh.open("wb") as stream:
                for block in response.iter_bytes(BLOCK_BYTES):
                    stream.write(block)
        fresh.replace(output)
    except (httpx.HTTPError, OSError) as error:
        fresh.unlink(missing_ok=True)
        raise screen.CommandFailed(f"{output} cannot be written: {error}") from error


def _job(client: httpx.Client, job_id: str) -> dict[str, object]:
    return _json(_ask(client, "GET", f"/v1/jobs/{job_id}"))


def _ask(client: httpx.Client, method: str, path: str, **options: object) -> httpx.Response:
    import httpx

    try:
        response = client.request(method, path, **options)  # type: ignore[arg-type]
    except httpx.HTTPError as error:
        raise screen.CommandFailed(f"the API does not answer: {error}") from error
    if response.is_error:
        answer = _json(response)
        raise screen.CommandFailed(str(answer.get("detail") or answer.get("title") or answer))
    return response


def _json(response: httpx.Response) -> dict[str, object]:
    try:
        answer: object = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise screen.CommandFailed(f"the API answered {response.status_code} without an object")
    return answer


def _mapping(columns: str) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in columns.split(",") if pair]
    if not all(field and column for field, _, column in pairs):
        raise screen.CommandFailed(f"--columns must be field=column,…; it says {columns!r}")
    return {field.strip(): column.strip() for field, _, column in pairs}


def _show(job: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        screen.print_json(job)
        return
    screen.print_table("Job", COLUMNS, [_line(job)])
    if job["error"]:
        typer.echo(str(job["error"]))


def _line(job: dict[str, object]) -> dict[str, object]:
    total = job["rows_total"]
    rows = f"{job['rows_done']} of {'?' if total is None else total}"
    left = job["eta_seconds"]
    seconds = None if left is None else f"{left} s"
    return {**job, "rows": rows, "refused": job["rows_refused"], "left": seconds}
