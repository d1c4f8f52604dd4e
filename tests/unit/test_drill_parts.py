"""What drills measure with, held against what is known to be missing, wrong or late."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from cli.drills import goods, page, runner
from cli.drills.books import account
from cli.drills.catalogue import UnknownDrill, chosen
from cli.drills.database_locked import locked
from cli.drills.drill import Check, Drill, NotPossibleHere, Outcome
from cli.drills.ground import NeverHappened, forget_surroundings, until
from cli.drills.load import Answer, Load, Refusal
from cli.drills.moments import EVERY, Moment, arm, moment_named, resolve
from cli.drills.packages import spoiled
from cli.drills.relay import Relay
from cli.drills.small_disk import Limited, small_disk
from pipelines.decisions.log import DecisionLog, NewDecision
from pipelines.prediction_log import PredictionLog, Provenance


def test_a_prediction_that_the_store_does_not_hold_is_missing(settings, store):
    log = PredictionLog(store, settings.var / "spool")
    told = Provenance("stub", "1", "d000001-aaaaaa", 1, "r1")
    ids = log.append(told, [{"text": "a"}, {"text": "b"}], [[{"topic": "x"}], [{"topic": "y"}]])
    log.drain()
    log.close()

    everything = account(settings, ids, set(), patience_seconds=0)
    one_more = account(settings, [*ids, "never-logged"], set(), patience_seconds=0)

    assert (everything.answered, everything.missing) == (2, 0)
    assert (one_more.answered, one_more.missing) == (3, 1)


def test_a_decision_that_made_no_champion_of_the_model_is_a_stranger(settings, store):
    log = DecisionLog(store, settings.var / "predictions")
    admitted = log.append(NewDecision("admitted", "stub", version="1", artifact_digest="a" * 64))
    made = log.append(
        NewDecision("verdict", "stub", version="1", artifact_digest="a" * 64, becomes_champion=True)
    )

    known = {("stub", made.decision_id)}
    others = {("stub", admitted.decision_id), ("stub", "d9-ffffff"), ("other", made.decision_id)}

    assert account(settings, [], known).strangers == 0
    assert account(settings, [], known | others).strangers == len(others)


def answer(asked_at: float, at: float, decision: str = "d1") -> Answer:
    return Answer(0, asked_at, at, "1", decision, (f"p{asked_at}",))


def test_recovery_lasts_from_the_fault_to_the_answer_after_the_last_refusal():
    load = Load("http://127.0.0.1:1")
    load.answers = [answer(0.0, 0.1), answer(2.0, 2.5), answer(5.0, 5.5)]
    load.refusals = [Refusal(1.0, 1.2, None, "cut"), Refusal(2.2, 3.0, 503, "busy")]

    assert load.recovery(1.0) == pytest.approx(4.5)
    assert load.recovery(4.0) == 0.0
    assert load.refused() == "1 x 503, 1 x cut"
    assert load.answered_since(2.0) == 2


def test_the_fault_of_a_moment_comes_just_before_or_just_after_the_call_that_is_meant(monkeypatch):
    happened: list[str] = []

    class Log:
        def append(self, kind: str) -> None:
            happened.append(kind)

    module = SimpleNamespace(Log=Log)
    monkeypatch.setitem(sys.modules, "a_log", module)
    arm(Moment("it", "before", "a_log:Log.append", "verdict"), lambda: happened.append("before"))
    arm(Moment("it", "after", "a_log:Log.append", "verdict"), lambda: happened.append("after"))

    for kind in ("admitted", "verdict"):
        module.Log().append(kind)

    assert happened == ["admitted", "before", "verdict", "after"]


@pytest.mark.slow
@pytest.mark.parametrize("moment", EVERY, ids=lambda moment: moment.name)
def test_every_moment_of_a_training_is_a_call_that_there_is(moment):
    owner, attribute = resolve(moment.target)

    assert callable(getattr(owner, attribute))
    assert moment_named(moment.name) == moment


def test_spoiled_bytes_are_put_back(tmp_path):
    file = tmp_path / "compiled" / "weights.npz"
    file.parent.mkdir()
    file.write_bytes(b"weights")

    with spoiled(tmp_path) as count:
        assert file.read_bytes() != b"weights"

    assert (count, file.read_bytes()) == (1, b"weights")
    with pytest.raises(FileNotFoundError), spoiled(tmp_path / "elsewhere"):
        pass


def test_a_locked_database_takes_no_write(settings, store, tmp_path):
    database = settings.var / "contender.db"
    with locked(database):
        other = sqlite3.connect(database, timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()
    with store.write():
        pass


WRITER = """
import pathlib, sys
for line in sys.stdin:
    try:
        with pathlib.Path(sys.argv[1], "file").open("ab") as stream:
            stream.write(b"x" * 4096)
        print("written", flush=True)
    except OSError as error:
        print(error.errno, flush=True)
"""


@pytest.mark.parametrize("mounted", [True, False])
def test_a_full_disk_takes_no_byte_until_it_is_freed(tmp_path, mounted):
    if mounted:
        room = small_disk(tmp_path / "small", 1)
    else:
        room = contextmanager(lambda: iter([Limited(tmp_path)]))()
    with room as disk:
        command = [sys.executable, "-c", WRITER, str(disk.folder)]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as writer:

            def tried() -> str:
                writer.stdin.write("\n")
                writer.stdin.flush()
                return writer.stdout.readline().strip()

            before = tried()
            disk.fill(writer.pid)
            meanwhile = tried()
            disk.free(writer.pid)
            after = tried()
            writer.stdin.close()

    assert (before, after) == ("written", "written")
    assert meanwhile.isdigit()


def test_a_skewed_process_has_another_time_and_the_same_durations(tmp_path, monkeypatch):
    (tmp_path / "clocks.py").write_text(
        "import time\nfrom pipelines.decisions.log import datetime\n"
        "from datetime import UTC\n"
        "print(time.time(), datetime.now(UTC).timestamp(), time.monotonic())\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    command = [sys.executable, "-m", "cli.drills.skewed", "-3600", "clocks"]

    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    wall, stamped, monotonic = map(float, said)
    assert wall == pytest.approx(time.time() - 3600, abs=60)
    assert stamped == pytest.approx(time.time() - 3600, abs=60)
    assert monotonic == pytest.approx(time.monotonic(), abs=60)


def test_what_never_happens_is_said_and_not_waited_for():
    with pytest.raises(NeverHappened, match="not within 0 s: pigs fly"):
        until(lambda: False, 0, "pigs fly")


def test_a_drill_never_meets_the_operators_own_store(monkeypatch):
    monkeypatch.setattr(os, "environ", {"CONTENDER_STORE_URL": "postgresql://shop", "PATH": "/bin"})

    forget_surroundings()

    assert os.environ == {"PATH": "/bin"}


def test_the_shop_is_the_same_every_time(tmp_path):
    for name in ("one", "two"):
        goods.write_shop(tmp_path / name)

    assert (tmp_path / "one" / "codes.csv").read_bytes() == (
        tmp_path / "two" / "codes.csv"
    ).read_bytes()
    assert goods.question(3) == goods.question(3)


class FakeGround:
    """A ground on which nothing happens; `sound` says whether it survives a drill."""

    opened = 0

    def __init__(self, home: Path, *, sound: bool = True) -> None:
        self.home = home
        FakeGround.opened += 1
        self._sound = sound

    def __enter__(self) -> FakeGround:
        return self

    def __exit__(self, *raised: object) -> None:
        pass

    def wait_until_healthy(self) -> None:
        if not self._sound:
            raise NeverHappened("a service is gone")

    def wait_until_served(self) -> None:
        pass


def fake_drill(name: str, *, kept: bool = True, raises: Exception | None = None) -> Drill[bool]:
    def cause(ground: object) -> bool:
        if raises:
            raise raises
        return kept

    def judge(seen: bool) -> Outcome:
        return Outcome("it happened", (Check("it holds", seen),), recovery_seconds=1.0)

    return Drill(name, "a fault", "a promise", cause, judge)


def test_a_drill_that_does_not_go_to_its_end_is_red_and_the_next_has_a_new_ground():
    FakeGround.opened = 0
    drills = [
        fake_drill("a"),
        fake_drill("b", raises=ValueError("the drill fell over")),
        fake_drill("c"),
    ]

    results = runner.run(drills, FakeGround)

    assert [result.outcome.verdict for result in results] == ["kept", "broken", "kept"]
    assert "the drill fell over" in results[1].outcome.broken[0]
    assert FakeGround.opened == 2


def test_what_needs_a_program_that_is_not_here_is_not_run_and_says_so():
    results = runner.run([fake_drill("a", raises=NotPossibleHere("no redis-server"))], FakeGround)

    assert results[0].outcome.verdict == "not run"
    assert results[0].outcome.happened == "not run: no redis-server"


def test_a_stack_that_is_not_whole_afterwards_is_a_broken_promise():
    results = runner.run([fake_drill("a")], lambda home: FakeGround(home, sound=False))

    assert results[0].outcome.broken == ["the stack is whole afterwards: a service is gone"]


def test_only_what_stands_between_the_marks_is_written_anew(tmp_path):
    sheet = tmp_path / "page.md"
    sheet.write_text(f"before\n{page.BEGIN}\nold\n{page.END}\nafter\n", encoding="utf-8")
    results = runner.run([fake_drill("a"), fake_drill("b", kept=False)], FakeGround)
    text = page.table(results, datetime(2026, 11, 22, tzinfo=UTC), long=False)

    for _ in range(2):
        page.write(sheet, text)

    written = sheet.read_text(encoding="utf-8")
    assert written.startswith(f"before\n{page.BEGIN}\n\n| drill |")
    assert written.endswith(f"{page.END}\nafter\n")
    assert "| `a` | a fault | a promise | kept | it happened | 1.0 | 0 |" in written
    assert "**broken**: it holds" in written
    sheet.write_text("no marks", encoding="utf-8")
    with pytest.raises(page.NoPlace):
        page.write(sheet, text)


def test_an_unknown_drill_is_refused_with_those_that_there_are():
    with pytest.raises(UnknownDrill, match="nonsense; there are: trainer-killed"):
        chosen(["api-killed", "nonsense"])
    assert [drill.name for drill in chosen(["mlflow-down", "api-killed"])] == [
        "api-killed",
        "mlflow-down",
    ]


def test_a_cut_relay_keeps_bytes_back_and_gives_them_once_it_is_mended():
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        Relay(server.getsockname()[1]) as relay,
        socket.create_connection(("127.0.0.1", relay.port)) as near,
    ):
        far, _ = server.accept()
        with far:
            near.sendall(b"one")
            assert far.recv(3) == b"one"
            relay.cut()
            near.sendall(b"two")
            far.settimeout(0.2)
            with pytest.raises(TimeoutError):
                far.recv(3)
            relay.mend()
            far.settimeout(60)
            assert far.recv(3) == b"two"
