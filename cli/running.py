"""Running a flow for an operator: in this process, or by the stack's own worker."""

from __future__ import annotations

import getpass
import os
import time
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout

from cli import screen
from cli.bars import Bars
from cli.services import service_environment
from cli.stack import logs_folder
from pipelines.contract import Progress
from pipelines.orchestration import FlowRun, OrchestrationClient
from pipelines.settings import Settings

ALL = "all"
POLL_SECONDS = 0.5


def operator() -> str:
    """Return the name that stands in the decision record for who typed the command."""
    return getpass.getuser()


def run_flow(
    settings: Settings,
    flow: str,
    model: str,
    parameters: Mapping[str, object],
    *,
    detach: bool,
    as_json: bool,
) -> None:
    """Run a flow for a model, or hand it to the worker, and print what became of it."""
    with Bars(screen.progress_console()) as bars:
        result = (
            start_and_follow(settings, flow, model, parameters, bars, wait=not detach)
            if detach or model == ALL
            else run_here(settings, flow, model, parameters, bars.progress(model))
        )
    screen.print_result(result, as_json=as_json)


def run_here(
    settings: Settings, flow: str, model: str, parameters: Mapping[str, object], show: Progress
) -> dict[str, object]:
    """Run a flow in this process against the running stack, and return what it says.

    Raises what it raised where that speaks for itself, otherwise `CommandFailed`.
    """
    os.environ.update(service_environment(settings, os.environ))
    logs = logs_folder(settings)
    logs.mkdir(parents=True, exist_ok=True)
    show(0.0, "starting")
    # What libraries print belongs into a log: the terminal shows progress, then the result.
    with (
        (logs / f"{flow}.log").open("a", encoding="utf-8") as log,
        redirect_stdout(log),
        redirect_stderr(log),
    ):
        from flows.deployments import flow_named
        from flows.progress import listening

        try:
            with listening(show):
                # Its value and not its state: one that comes back from a busy server has none.
                result = flow_named(flow, model)(**parameters)
        except screen.expected_errors():
            raise
        except Exception as error:  # a border: whatever a flow raises is told with its log
            where = logs / f"{flow}.log"
            raise screen.CommandFailed(f"{type(error).__name__}: {error}; see {where}") from error
    show(1.0, "done")
    return dict(result) if isinstance(result, Mapping) else {}


def orchestration(settings: Settings) -> OrchestrationClient:
    """Return a connection to this stack's Prefect."""
    return OrchestrationClient(
        settings.prefect_url, login=settings.prefect_login, pages=settings.prefect_pages
    )


def start_and_follow(
    settings: Settings,
    flow: str,
    model: str,
    parameters: Mapping[str, object],
    bars: Bars,
    *,
    wait: bool,
) -> dict[str, object]:
    """Start a deployed flow, and with `wait` follow it to its end; return where to look."""
    rest = {k: v for k, v in parameters.items() if k not in ("requested_by", "reason")}
    with orchestration(settings) as client:
        run = client.start(
            model,
            rest,
            actor=str(parameters["requested_by"]),
            reason=str(parameters["reason"]),
            flow=flow,
        )
        if wait:
            follow(client, {model: run}, bars)
    return {"model": model, "flow_run": run.name, "flow_run_url": run.url}


def follow(
    client: OrchestrationClient,
    runs: dict[str, FlowRun],
    bars: Bars,
    meanwhile: Callable[[], None] = lambda: None,
) -> None:
    """Show the progress of runs until all have ended, and do something `meanwhile` at each look.

    Raises `CommandFailed` on a failure.
    """
    shown: dict[str, Progress] = {name: bars.progress(name) for name in runs}
    pending = dict(runs)
    failures = []
    while pending:
        for name, run in list(pending.items()):
            current = client.get(run.id)
            progress = client.progress(run.id)
            if progress is not None:
                shown[name](progress.share, progress.step)
            else:
                shown[name](0.0, "waiting for the runner")
            if current.ended:
                del pending[name]
                if current.state != "COMPLETED":
                    failures.append(f"{name}: {current.state.lower()}: {current.message}")
        meanwhile()
        time.sleep(POLL_SECONDS)
    if failures:
        raise screen.CommandFailed("; ".join(failures))
