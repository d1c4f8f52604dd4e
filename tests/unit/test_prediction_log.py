"""What was answered is kept exactly once, whatever dies on the way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from pipelines.prediction_log import PredictionLog, Provenance, UnknownPrediction, count
from pipelines.settings import Settings
from pipelines.spool import Spool, SpoolUnavailable, orphans
from pipelines.store import Store, feedback, predictions

pytestmark = pytest.mark.both_databases

FROM = Provenance("stub", "3", "d000007-abcdef", 2, "request-1")
ROWS = [[{"topic": "uno", "confidence": 0.5}]]


@pytest.fixture
def folder(settings: Settings) -> Path:
    return settings.var / "spool"


@pytest.fixture
def log(store: Store, folder: Path) -> PredictionLog:
    return PredictionLog(store, folder)


def append(log: PredictionLog, text: str) -> str:
    return log.append(FROM, [{"text": text}], ROWS)[0]


def test_a_drained_prediction_holds_question_answer_and_provenance(log, store):
    (prediction_id,) = log.append(FROM, [{"text": "ñandú"}], ROWS)

    log.drain()

    found = log.find("stub", prediction_id)
    assert found.instance == {"text": "ñandú"}
    assert list(found.answer) == ROWS[0]
    assert (found.version, found.decision_id, found.generation) == ("3", "d000007-abcdef", 2)
    assert log.waiting_bytes() == 0


def test_each_instance_of_a_large_request_gets_its_own_row(log, store):
    ids = log.append(FROM, [{"text": str(n)} for n in range(2500)], ROWS * 2500)

    log.drain()

    assert len(set(ids)) == 2500
    assert count(store, "stub") == 2500
    assert log.find("stub", ids[2499]).instance == {"text": "2499"}


def test_a_prediction_is_found_before_it_is_drained_also_by_another_process(log, store, folder):
    prediction_id = append(log, "a")

    assert PredictionLog(store, folder).find("stub", prediction_id).instance == {"text": "a"}


def test_an_unknown_prediction_or_one_of_another_model_is_not_found(log):
    prediction_id = append(log, "a")

    for model, name in (("stub", "nobody"), ("other", prediction_id)):
        with pytest.raises(UnknownPrediction, match=model):
            log.find(model, name)


def test_feedback_is_kept_beside_the_prediction(log, store):
    log.give_feedback(log.find("stub", append(log, "a")), "dos", "ana")

    with store.read() as connection:
        row = connection.execute(select(feedback)).mappings().one()
    assert (row["actual"], row["reviewer"], row["model"]) == ('"dos"', "ana", "stub")


def test_what_a_killed_process_left_is_rescued_once(store, folder):
    script = (
        "import os, signal, sys; from pathlib import Path\n"
        "from pipelines.spool import Spool; from pipelines.store import open_store\n"
        "from pipelines.prediction_log import PredictionLog, Provenance\n"
        "log = PredictionLog(open_store(sys.argv[1]), Path(sys.argv[2]))\n"
        "p = Provenance('stub', '3', 'd000007-abcdef', 2, 'r')\n"
        "for n in range(50): log.append(p, [{'text': str(n)}], [[{'topic': 'uno'}]])\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    url = str(store.engine.url)
    killed = subprocess.run([sys.executable, "-c", script, url, str(folder)], check=False)
    assert killed.returncode == -9
    log = PredictionLog(store, folder)

    assert log.rescue() == 1
    assert log.rescue() == 0

    assert count(store) == 50


def test_a_process_killed_between_keeping_and_deleting_is_not_counted_twice(log, store, folder):
    append(log, "a")
    spooled = next(path for path in folder.iterdir() if path.stat().st_size)
    copy = spooled.read_bytes()
    log.drain()
    (folder / "1-dead.jsonl").write_bytes(copy)

    log.rescue()

    assert count(store) == 1


def test_a_line_cut_off_by_a_kill_is_left_out_and_the_rest_kept(log, store, folder):
    append(log, "a")
    spooled = next(path for path in folder.iterdir() if path.stat().st_size)
    (folder / "1-dead.jsonl").write_bytes(spooled.read_bytes()[:-1])

    log.rescue()
    assert count(store) == 0
    log.drain()
    assert count(store) == 1


def test_a_segment_with_a_damaged_line_is_kept_aside_and_its_other_lines_stored(log, store, folder):
    append(log, "a")
    spooled = next(path for path in folder.iterdir() if path.stat().st_size)
    (folder / "1-dead.jsonl").write_bytes(b"\0\0\0\n" + spooled.read_bytes())

    log.rescue()

    assert count(store) == 1
    assert (folder / "1-dead.damaged").is_file()
    assert log.rescue() == 0


def test_what_a_killed_process_of_an_earlier_release_left_is_rescued(log, store, folder):
    line = (
        b'{"model":"stub","version":"3","decision_id":"d000007-abcdef","generation":2,'
        b'"request_id":"request-1","base":"0123abcd","created_at":"2026-11-20T10:00:00+00:00",'
        b'"instances":[{"text":"a"},{"text":"b"}],"answers":[[{"topic":"uno"}],[{"topic":"dos"}]]}'
    )
    (folder / "1-dead.jsonl").write_bytes(line + b"\n" + line[:-9])
    before = log.find("stub", "0123abcd-1")

    log.rescue()

    assert count(store, "stub") == 2
    assert log.find("stub", "0123abcd-1") == before
    assert (before.instance, before.answer) == ({"text": "b"}, [{"topic": "dos"}])


def test_no_text_breaks_a_line_and_none_is_changed(log, store):
    text = "tab\t line\n return\r nothing\0 \x1f \x85 \u2028 {}[] ñ 🧦"
    rows = [[{"topic": text, "confidence": np.float32(0.5)}]]
    (first,) = log.append(FROM, [{"text": text, text: None}], rows)
    spooled = log.find("stub", first)

    log.drain()

    stored = log.find("stub", first)
    assert stored == spooled
    assert stored.instance == {"text": text, text: None}
    assert stored.answer == [{"topic": text, "confidence": 0.5}]


@pytest.mark.parametrize(
    "damage",
    [(b"uno", b"u\0o"), (b"uno", b"u\xffo"), (b"\t2\t", b"\ttwo\t"), (b"\t", b" "), (b"}]", b"")],
)
def test_a_row_that_a_broken_disk_has_changed_reaches_no_store(log, store, folder, damage):
    append(log, "a")
    spooled = next(path for path in folder.iterdir() if path.stat().st_size)
    line = spooled.read_bytes()
    (folder / "1-dead.jsonl").write_bytes(line.replace(*damage))

    log.rescue()

    assert count(store) == 0
    assert (folder / "1-dead.damaged").read_bytes() == line.replace(*damage)


def test_what_cannot_be_read_again_is_not_written(log):
    for odd in ("with\ta tab", "with\nan end"):
        with pytest.raises(ValueError, match="cannot be told apart"):
            log.append(FROM._replace(request_id=odd), [{"text": "a"}], ROWS)
    with pytest.raises(ValueError, match="zip"):
        log.append(FROM, [{"text": "a"}, {"text": "b"}], ROWS)

    assert log.waiting_bytes() == 0


def test_a_living_process_is_no_orphan(log, folder):
    append(log, "a")

    assert list(orphans(folder)) == []


def test_while_the_store_is_away_lines_wait_in_few_files(folder, tmp_path):
    spool = Spool(folder)
    for number in range(20):
        spool.append(b"%d\n" % number)
        waiting = spool.filled()  # and nobody can keep them

    assert len(waiting) == 1
    assert spool.waiting_bytes() == sum(len(b"%d\n" % number) for number in range(20))


def test_nobody_else_on_the_machine_can_read_what_is_asked(folder):
    Spool(folder).append(b"first\n")

    (path,) = folder.iterdir()
    assert path.stat().st_mode & 0o077 == 0


def test_a_full_disk_leaves_no_half_line(folder, monkeypatch):
    spool = Spool(folder)
    spool.append(b"first\n")
    write = os.write

    def half(descriptor, data):
        if len(data) > 3:
            return write(descriptor, bytes(data)[:3])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pipelines.spool.os.write", half)
    with pytest.raises(SpoolUnavailable, match="No space left"):
        spool.append(b"second\n")
    monkeypatch.undo()
    spool.append(b"third\n")

    (segment,) = spool.filled()
    assert segment.path.read_bytes() == b"first\nthird\n"


def test_where_no_next_file_can_be_made_lines_go_on_into_the_one_there_is(folder, monkeypatch):
    spool = Spool(folder)
    spool.append(b"first\n")

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pipelines.spool.fcntl.flock", refuse)
    for _ in range(2):  # a segment that is still written to may not be handed out either time
        with pytest.raises(OSError, match="No space left"):
            spool.filled()
    monkeypatch.undo()
    spool.append(b"second\n")

    (segment,) = spool.filled()
    assert segment.path.read_bytes() == b"first\nsecond\n"
    assert not list(folder.glob("*.new"))


def test_a_damaged_line_hides_no_other_prediction(log, folder):
    prediction_id = append(log, "a")
    base = prediction_id.partition("-")[0]
    (folder / "1-dead.jsonl").write_bytes(f"{base} is no JSON\n".encode())

    assert log.find("stub", prediction_id).instance == {"text": "a"}


def test_closing_drains_and_a_started_log_drains_by_itself(store, folder):
    log = PredictionLog(store, folder)
    log.start()
    append(log, "a")
    log.close()

    assert count(store) == 1
    assert not list(folder.glob("*.jsonl"))


def test_identical_ids_in_one_batch_are_stored_once(log, store):
    append(log, "a")
    log.drain()
    with store.read() as connection:
        assert len(connection.execute(select(predictions)).all()) == 1
