"""Trainings that may be killed: what `contender train` and `contender promote` run, in forks of a
process that has loaded everything already.

`python -m cli.drills.trainer` reads one task a line and forks twice for each: one process does it,
the other waits for its end and reports that in a file, however it came.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from types import TracebackType

import orjson

from cli import processes
from cli.drills.moments import Moment, arm, moment_named

LOADED_BEFORE = (
    "cli.running",
    "flows.deployments",
    "pipelines.arena.gate",
    "pipelines.tracking",
    "pipelines.families.product_codes.model",
)
READY = b"ready\n"
TASK_SECONDS = 300.0
LOOK_SECONDS = 0.02
SERVICE = "drill-trainer"


class TrainerFailed(RuntimeError):
    """A training ended otherwise than it was meant to; the message says how."""


@dataclass(frozen=True)
class Task:
    """One run of a flow; `moment` names when it is to be killed, if at all.

    With `held` it is not killed then, but waits for a file of that name.
    """

    flow: str
    model: str
    parameters: Mapping[str, object]
    moment: str | None = None
    held: str | None = None


@dataclass(frozen=True)
class Ended:
    """How a task ended: what it answered or raised, or the signal that killed it."""

    signal: int
    answer: Mapping[str, object]
    error: str = ""

    @property
    def was_killed(self) -> bool:
        """Whether it was ended as by `kill -9`."""
        return self.signal == signal.SIGKILL


class Running:
    """A task under way."""

    def __init__(self, report: Path) -> None:
        self.report = report

    def wait(self, seconds: float = TASK_SECONDS) -> Ended:
        """Return how it ended. Raises `TrainerFailed` where it does not in time."""
        deadline = time.monotonic() + seconds
        while not self.report.exists():
            if time.monotonic() >= deadline:
                raise TrainerFailed(f"a run did not end within {seconds:.0f} s")
            time.sleep(LOOK_SECONDS)
        return Ended(**orjson.loads(self.report.read_bytes()))


class Held(Running):
    """A task that waits at its moment until it is let go on."""

    def __init__(self, running: Running, gate: Path) -> None:
        super().__init__(running.report)
        self._gate = gate

    def wait_until_reached(self, seconds: float = TASK_SECONDS) -> None:
        """Return when it waits. Raises `TrainerFailed` where it never comes to its moment."""
        deadline = time.monotonic() + seconds
        while not _reached(self._gate).exists():
            if time.monotonic() >= deadline or self.report.exists():
                raise TrainerFailed("a run did not come to the moment at which it was to wait")
            time.sleep(LOOK_SECONDS)

    def go_on(self) -> None:
        """Let it go on."""
        self._gate.touch()


class Trainer:
    """The process that is forked; ends with everything that it has forked on `close`."""

    def __init__(self, environment: Mapping[str, str], stack: str, folder: Path) -> None:
        self._folder = folder
        self._stack = stack
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "trainer.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "cli.drills.trainer"],
                env={**environment, **processes.mark(stack, SERVICE)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )

    def __enter__(self) -> Trainer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def wait_until_ready(self) -> None:
        """Return once everything is loaded. Raises `TrainerFailed`."""
        assert self._process.stdout is not None
        if self._process.stdout.readline() != READY:
            raise TrainerFailed(f"the trainer does not start; see {self._folder / 'trainer.log'}")

    def start(self, task: Task) -> Running:
        """Begin a task beside those that are under way."""
        report = self._folder / f"{uuid.uuid4().hex}.json"
        assert self._process.stdin is not None
        self._process.stdin.write(orjson.dumps({**asdict(task), "report": str(report)}) + b"\n")
        self._process.stdin.flush()
        return Running(report)

    def begin(self, flow: str, model: str, **parameters: object) -> Running:
        """Begin a run of a flow beside those that are under way."""
        return self.start(Task(flow, model, _asked(parameters)))

    def run(self, flow: str, model: str, **parameters: object) -> Mapping[str, object]:
        """Return what a whole run answers. Raises `TrainerFailed` where it fails."""
        ended = self.begin(flow, model, **parameters).wait()
        if ended.signal or ended.error:
            raise TrainerFailed(f"{flow} of {model}: {ended.error or f'signal {ended.signal}'}")
        return ended.answer

    def kill_at(self, moment: Moment, flow: str, model: str, **parameters: object) -> None:
        """Run a flow until the moment at which it is killed. Raises `TrainerFailed` otherwise."""
        ended = self.start(Task(flow, model, _asked(parameters), moment.name)).wait()
        if not ended.was_killed:
            raise TrainerFailed(f"{flow} did not come to the moment {moment.name}: {ended.error}")

    def hold_at(self, moment: Moment, flow: str, model: str, **parameters: object) -> Held:
        """Begin a flow that waits at a moment."""
        gate = self._folder / f"{uuid.uuid4().hex}.gate"
        return Held(
            self.start(Task(flow, model, _asked(parameters), moment.name, held=str(gate))), gate
        )

    def close(self) -> None:
        """End it, and what it left running."""
        processes.end(processes.marked(self._stack, SERVICE), grace_seconds=0)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._process.wait()


def _asked(parameters: Mapping[str, object]) -> dict[str, object]:
    return {"requested_by": "contender drill", "reason": "a failure drill", **parameters}


def main() -> None:
    """Load everything, say so, and fork for each line."""
    for name in LOADED_BEFORE:
        import_module(name)
    sys.stdout.buffer.write(READY)
    sys.stdout.flush()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait
    for line in sys.stdin.buffer:
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _report(orjson.loads(line))
            os._exit(0)


def _report(asked: Mapping[str, object]) -> None:
    """Have a task done by a child, and write down how that ended."""
    report = Path(str(asked["report"]))
    said = report.with_suffix(".said")
    child = os.fork()
    if child == 0:
        _write(said, _done(asked))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    told = orjson.loads(said.read_bytes()) if said.exists() else {"answer": {}}
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if not number and not said.exists():
        told["error"] = f"it ended with {os.waitstatus_to_exitcode(status)}"
    _write(report, {"signal": number, **told})


def _done(asked: Mapping[str, object]) -> dict[str, object]:
    from cli.running import run_here
    from pipelines.settings import load_settings

    if asked["moment"] is not None:
        held = asked["held"]
        arm(
            moment_named(str(asked["moment"])),
            partial(_wait_for, Path(str(held))) if held else None,
        )
    parameters = asked["parameters"]
    assert isinstance(parameters, dict)
    try:
        answer = run_here(
            load_settings(), str(asked["flow"]), str(asked["model"]), parameters, _silent
        )
    except Exception as error:  # noqa: BLE001 - a border: the drill is told, whatever it was
        return {"answer": {}, "error": f"{type(error).__name__}: {error}"}
    return {"answer": answer}


def _wait_for(gate: Path) -> None:
    _reached(gate).touch()
    while not gate.exists():
        time.sleep(LOOK_SECONDS)


def _reached(gate: Path) -> Path:
    return gate.with_suffix(".reached")


def _write(path: Path, document: Mapping[str, object]) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_bytes(orjson.dumps(document, default=str))
    fresh.replace(path)


def _silent(share: float, step: str) -> None:
    del share, step


if __name__ == "__main__":
    main()
