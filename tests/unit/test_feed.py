"""The feed, from each kind of place: everything good is kept once, everything bad is named."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from imap_server import imap_server

from pipelines import changes
from pipelines.decisions.log import DecisionLog, NewDecision
from pipelines.orders import feed
from pipelines.orders.feed import FeedReport, PredictionRefused, PredictionUnavailable
from pipelines.orders.order_lines import OrderLines
from pipelines.orders.recordings import find
from pipelines.settings import FeedSettings, Settings
from pipelines.store import Store

pytestmark = pytest.mark.both_databases

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def crown(store: Store, directory: Path, version: str) -> None:
    """Let the decision log name a champion."""
    DecisionLog(store, directory).append(
        NewDecision(
            kind="verdict",
            model="product_codes",
            version=version,
            verdict="promoted",
            artifact_digest="0" * 64,
            becomes_champion=True,
        )
    )


def answers(instances: Sequence[Mapping[str, object]]) -> Mapping[str, object]:
    rows = [{"code": "27", "confidence": 0.5, "alternatives": []} for _ in instances]
    ids = [f"p{number}" for number in range(len(rows))]
    model = {"name": "product_codes", "version": "1", "decision_id": "d1"}
    return {"predictions": rows, "prediction_ids": ids, "model": model}


def silent(instances: Sequence[Mapping[str, object]]) -> Mapping[str, object]:
    raise PredictionUnavailable("nobody is there")


def take_in(
    home: Path, store: Store, url: str, predict: feed.Predict = answers, **environment: str
) -> FeedReport:
    settings = Settings(home=home, store_url="sqlite://", feed=FeedSettings(url=url))
    return feed.refresh(
        settings, store, predict=predict, clock=lambda: NOW, environment=environment
    )


def descriptions(store: Store) -> list[str]:
    return [line.description for line in OrderLines(store).latest(100)]


def line(description: str, message_id: str = "m1", quantity: float = 1, **more: object) -> str:
    record = {"message_id": message_id, "description": description, "quantity": quantity, **more}
    return json.dumps(record, ensure_ascii=False)


def test_a_file_is_taken_in_once_and_what_is_added_later_follows(
    tmp_path: Path, store: Store
) -> None:
    file = tmp_path / "orders.jsonl"
    file.write_text(f"{line('Tornillo')}\n{line('Tuerca')}\n{{half")
    first = take_in(tmp_path, store, str(file))
    again = take_in(tmp_path, store, str(file))
    file.write_text(f"{line('Tornillo')}\n{line('Tuerca')}\n{line('Llave', 'm2')}\n")
    third = take_in(tmp_path, store, str(file))
    assert (first.added, again.added, third.added) == (2, 0, 1)
    assert [d.where for d in first.damaged] == ["orders.jsonl, line 3"]
    assert third.damaged == []
    assert descriptions(store) == ["Llave", "Tornillo", "Tuerca"]


def test_an_order_may_name_a_product_twice_but_a_copy_of_the_file_adds_nothing(
    tmp_path: Path, store: Store
) -> None:
    folder = tmp_path / "orders"
    folder.mkdir()
    content = f"{line('Tornillo')}\n{line('Tornillo')}\n"
    (folder / "a.jsonl").write_text(content)
    (folder / "b.jsonl").write_text(content)
    assert take_in(tmp_path, store, str(folder)).added == 2


def test_a_folder_gives_every_kind_of_file_and_leaves_unfinished_ones(
    tmp_path: Path, store: Store
) -> None:
    folder = tmp_path / "orders"
    folder.mkdir()
    (folder / "a.csv").write_text("descripcion;cantidad\nTubo;2\nCodo;x\n")
    (folder / "b.json").write_text(f"[{line('Llave')}]")
    (folder / "c.jsonl").write_text(line("Foco", "m3"))
    (folder / "d.jsonl.part").write_text(line("Half", "m4"))
    (folder / ".e.jsonl").write_text(line("Hidden", "m5"))
    report = take_in(tmp_path, store, str(folder))
    assert sorted(descriptions(store)) == ["Foco", "Llave", "Tubo"]
    assert [d.where for d in report.damaged] == ["a.csv, line 3"]
    assert OrderLines(store).message("a.csv")[0].description == "Tubo"


def test_a_missing_feed_is_a_problem_of_the_report_and_harms_nothing(
    tmp_path: Path, store: Store
) -> None:
    report = take_in(tmp_path, store, str(tmp_path / "nowhere.jsonl"))
    assert "nowhere.jsonl is neither a file nor a folder" in report.problems[0]
    assert "not 'ftp'" in take_in(tmp_path, store, "ftp://host/x").problems[0]


def test_recordings_are_kept_by_content_and_nothing_outside_the_folder_is_read(
    tmp_path: Path, store: Store
) -> None:
    folder = tmp_path / "orders"
    (folder / "audio").mkdir(parents=True)
    (folder / "audio" / "one.mp3").write_bytes(b"ID3 sound")
    (tmp_path / "secret.mp3").write_bytes(b"secret")
    (folder / "link.mp3").symlink_to(tmp_path / "secret.mp3")
    references = [
        "audio/one.mp3",
        "../secret.mp3",
        "link.mp3",
        str(tmp_path / "secret.mp3"),
        "missing.mp3",
        "../contender.db",
    ]
    file = folder / "orders.jsonl"
    file.write_text(
        "\n".join(line(f"Tornillo {n}", audio=name) for n, name in enumerate(references))
    )
    report = take_in(tmp_path, store, str(file))
    kept = [entry.audio for entry in OrderLines(store).latest(100)]
    assert report.added == 6
    assert kept[1:] == [None] * 5
    assert len(report.damaged) == 5
    path = find(tmp_path / "var" / "audio", kept[0] or "")
    assert path is not None
    assert path.read_bytes() == b"ID3 sound"
    assert [p.name for p in (tmp_path / "var" / "audio").iterdir()] == [path.name]


class _Address(BaseHTTPRequestHandler):
    content = b""

    def do_GET(self) -> None:
        found = {"/orders": self.content, "/one.mp3": b"ID3 sound"}.get(self.path.split("?")[0])
        self.send_response(200 if found is not None else 404)
        self.end_headers()
        self.wfile.write(found or b"")

    def log_message(self, *_: object) -> None:
        """Keep the test's output quiet."""


@pytest.fixture
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Address) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_an_address_gives_its_lines_and_recordings_but_only_its_own(
    tmp_path: Path, store: Store, address: str
) -> None:
    rows = [
        line("Tornillo", audio="one.mp3"),
        line("Tuerca", audio="http://127.0.0.1:9/other.mp3"),
        '{"description": "no id", "quantity": 1}',
    ]
    _Address.content = f"[{','.join(rows)}]".encode()
    report = take_in(tmp_path, store, f"{address}/orders?token=secret")
    assert take_in(tmp_path, store, f"{address}/orders?token=secret").added == 0
    assert report.added == 2
    assert len(report.damaged) == 2
    assert "secret" not in str(report)
    stored = OrderLines(store).message("m1")
    assert [entry.audio is not None for entry in stored] == [True, False]


def test_an_address_that_fails_is_a_problem_without_its_secrets(
    tmp_path: Path, store: Store, address: str
) -> None:
    report = take_in(tmp_path, store, f"{address}/gone?token=secret")
    assert "answered 404" in report.problems[0]
    refused = take_in(tmp_path, store, "http://ana:secret@127.0.0.1:9/orders")
    assert refused.problems
    assert "secret" not in str([report, refused])


@pytest.mark.parametrize(
    "url", ["imaps://ana:pa/ss@host/INBOX", "http://host:port/orders", "http://[::1/orders"]
)
def test_an_address_that_cannot_be_understood_is_a_problem_that_quotes_nothing(
    tmp_path: Path, store: Store, url: str
) -> None:
    report = take_in(tmp_path, store, url)
    assert "address is not valid" in report.problems[0]
    assert "pa" not in report.problems[0].replace("password", "")


def mail(text: str, message_id: str | None, *, sound: bytes = b"", table: str = "") -> bytes:
    message = EmailMessage()
    message["From"] = "cliente@example.com"
    message["Subject"] = "Pedido"
    if message_id:
        message["Message-ID"] = f"<{message_id}>"
    message.set_content(text)
    if sound:
        message.add_attachment(sound, maintype="audio", subtype="mpeg", filename="audio.mp3")
    if table:
        message.add_attachment(
            table.encode(), maintype="text", subtype="csv", filename="pedido.csv"
        )
    return message.as_bytes()


def test_a_mailbox_gives_words_tables_and_recordings_once(tmp_path: Path, store: Store) -> None:
    mails = [
        mail("Hola:\n10 pzas Tornillo\n3 Tubería de cobre\nGracias", "uno@x", sound=b"ID3 voice"),
        mail("Adjunto", "dos@x", table="descripcion,cantidad\nCodo,4\nCople,nada\n"),
        mail("Solo saludos", "tres@x"),
        mail("2 cubetas de pintura", None),
    ]
    with imap_server(mails) as server:
        url = f"imap://ana@127.0.0.1:{server.port}/INBOX"
        report = take_in(tmp_path, store, url, CONTENDER_FEED_PASSWORD="secreto")
        again = take_in(tmp_path, store, url, CONTENDER_FEED_PASSWORD="secreto")
        asked = list(server.commands)
    assert (report.added, again.added) == (4, 0)
    assert [d.reason for d in report.damaged] == ["the quantity 'nada' is no number"]
    first = OrderLines(store).message("uno@x")
    assert [(entry.description, entry.quantity) for entry in first] == [
        ("Tornillo", 10.0),
        ("Tubería de cobre", 3.0),
    ]
    kept = find(tmp_path / "var" / "audio", first[0].audio or "")
    assert kept is not None
    assert kept.read_bytes() == b"ID3 voice"
    # Known mails are not fetched again, and nothing in the mailbox is changed.
    assert sum("BODY.PEEK[]" in command and " 1 " in command for command in asked) == 1
    assert not [c for c in asked if c.startswith(("SELECT", "UID STORE", "EXPUNGE"))]


@pytest.mark.parametrize(
    ("malformed", "reason"),
    [
        # What Python's parsers of HTML and of mail cannot take.
        (b"Content-Type: text/html\r\n\r\n<li>2 tornillo</li><![foo[", "the text cannot be"),
        (
            b"Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n"
            b"Content-Disposition: attachment; filename*=\0''a.csv\r\n\r\nx\r\n--B--\r\n",
            "the mail cannot be",
        ),
    ],
)
def test_a_malformed_mail_does_not_keep_those_behind_it_out(
    tmp_path: Path, store: Store, malformed: bytes, reason: str
) -> None:
    mails = [b"Message-ID: <bad@x>\r\n" + malformed, mail("10 pzas Tornillo", "good@x")]
    with imap_server(mails) as server:
        url = f"imap://ana@127.0.0.1:{server.port}/INBOX"
        report = take_in(tmp_path, store, url, CONTENDER_FEED_PASSWORD="secreto")
    assert descriptions(store) == ["Tornillo"]
    assert [d.reason[: len(reason)] for d in report.damaged] == [reason]


def test_a_mailbox_that_refuses_says_so_without_the_password(tmp_path: Path, store: Store) -> None:
    with imap_server([]) as server:
        wrong = take_in(tmp_path, store, f"imap://ana:falso@127.0.0.1:{server.port}/INBOX")
        folder = take_in(tmp_path, store, f"imap://ana:secreto@127.0.0.1:{server.port}/Nada")
        nothing = take_in(tmp_path, store, f"imap://ana@127.0.0.1:{server.port}/INBOX")
        empty = take_in(tmp_path, store, f"imap://ana:secreto@127.0.0.1:{server.port}/Pedidos")
    assert "wrong user" in wrong.problems[0]
    assert "no such folder" in folder.problems[0]
    assert "CONTENDER_FEED_PASSWORD" in nothing.problems[0]
    assert "falso" not in str([wrong, folder])
    assert "secreto" not in str([folder, empty])
    assert empty.problems == []


def test_new_lines_are_predicted_and_the_change_is_signalled(tmp_path: Path, store: Store) -> None:
    crown(store, tmp_path, "1")
    file = tmp_path / "orders.jsonl"
    file.write_text(line("Tornillo"))
    report = take_in(tmp_path, store, str(file))
    moved = changes.counts(store, ["feed"])
    take_in(tmp_path, store, str(file))
    stored = OrderLines(store).latest(1)[0].prediction
    assert report.predicted == 1
    assert stored == {
        "code": "27",
        "confidence": 0.5,
        "alternatives": [],
        "model": {"name": "product_codes", "version": "1", "decision_id": "d1"},
        "prediction_id": "p0",
    }
    assert changes.counts(store, ["feed"]) == moved


def test_lines_wait_while_nobody_can_predict_and_are_predicted_later(
    tmp_path: Path, store: Store
) -> None:
    crown(store, tmp_path, "1")
    file = tmp_path / "orders.jsonl"
    file.write_text(line("Tornillo"))
    report = take_in(tmp_path, store, str(file), silent)
    assert (report.added, report.waiting, report.predicted) == (1, 1, 0)
    assert take_in(tmp_path, store, str(file)).predicted == 1


def test_without_a_champion_lines_wait_and_nothing_is_wrong(tmp_path: Path, store: Store) -> None:
    file = tmp_path / "orders.jsonl"
    file.write_text(line("Tornillo"))
    report = take_in(tmp_path, store, str(file), silent)
    assert (report.added, report.waiting, report.problems) == (1, 1, [])


def test_a_new_champion_predicts_the_unread_lines_again_and_once(
    tmp_path: Path, store: Store
) -> None:
    def second(instances: Sequence[Mapping[str, object]]) -> Mapping[str, object]:
        return {**answers(instances), "model": {"name": "product_codes", "version": "2"}}

    crown(store, tmp_path, "1")
    file = tmp_path / "orders.jsonl"
    file.write_text(f"{line('Tornillo')}\n{line('Llave', 'm2')}")
    take_in(tmp_path, store, str(file))
    OrderLines(store).mark_read("m2")
    crown(store, tmp_path, "2")
    assert take_in(tmp_path, store, str(file), second).predicted == 1
    assert take_in(tmp_path, store, str(file), second).predicted == 0


def test_what_a_challenger_predicted_is_predicted_again_when_its_rollout_has_ended(
    tmp_path: Path, store: Store
) -> None:
    def tried(instances: Sequence[Mapping[str, object]]) -> Mapping[str, object]:
        model = {"name": "product_codes", "version": "2", "decision_id": "rollout"}
        return {**answers(instances), "model": model}

    crown(store, tmp_path, "1")
    file = tmp_path / "orders.jsonl"
    file.write_text(line("Tornillo"))
    settings = Settings(home=tmp_path, store_url="sqlite://", feed=FeedSettings(url=str(file)))

    def predicted(predict: feed.Predict, *trials: str) -> int:
        found = feed.refresh(settings, store, predict=predict, trials=lambda: trials)
        return found.predicted

    assert predicted(tried, "rollout") == 1
    assert predicted(tried, "rollout") == 0
    assert predicted(answers) == 1
    assert predicted(answers) == 0


def test_one_refused_line_does_not_take_its_neighbours_with_it(
    tmp_path: Path, store: Store
) -> None:
    def picky(instances: Sequence[Mapping[str, object]]) -> Mapping[str, object]:
        if any(instance["description"] == "???" for instance in instances):
            raise PredictionRefused("nothing to go by")
        return answers(instances)

    crown(store, tmp_path, "1")
    file = tmp_path / "orders.jsonl"
    file.write_text("\n".join(line(text) for text in ("a", "b", "???", "d", "e")))
    report = take_in(tmp_path, store, str(file), picky)
    assert (report.predicted, report.refused) == (4, 1)
    assert take_in(tmp_path, store, str(file), picky).predicted == 0


def test_thousands_of_lines_arrive_in_the_order_of_their_message(
    tmp_path: Path, store: Store
) -> None:
    file = tmp_path / "orders.jsonl"
    file.write_text("\n".join(line(f"Pieza {n}", f"m{n // 700}") for n in range(2_100)))
    report = take_in(tmp_path, store, str(file))
    assert report.added == 2_100
    stored = OrderLines(store).latest(700)
    assert [entry.description for entry in stored] == [f"Pieza {n}" for n in range(1_400, 2_100)]


def test_a_line_without_an_end_is_one_damaged_line(tmp_path: Path, store: Store) -> None:
    file = tmp_path / "orders.jsonl"
    file.write_bytes(b'{"description": "' + b"x" * 3_500_000 + b'"}\n' + line("Llave").encode())
    report = take_in(tmp_path, store, str(file))
    assert [d.where for d in report.damaged] == ["orders.jsonl, line 1"]
    assert descriptions(store) == ["Llave"]


def test_marking_a_message_as_read_hides_its_lines_for_good(tmp_path: Path, store: Store) -> None:
    file = tmp_path / "orders.jsonl"
    file.write_text(f"{line('Tornillo')}\n{line('Llave', 'm2')}")
    take_in(tmp_path, store, str(file))
    lines = OrderLines(store)
    assert lines.mark_read("m1") == 1
    assert lines.mark_read("m1") == 1
    assert lines.mark_read("unknown") == 0
    take_in(tmp_path, store, str(file))
    assert descriptions(store) == ["Llave"]


def _api(status: int, body: object) -> httpx.MockTransport:
    return httpx.MockTransport(lambda _: httpx.Response(status, json=body))


def test_the_api_is_asked_over_http_and_its_refusals_are_told_apart() -> None:
    asked: list[object] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((str(request.url), json.loads(request.content)))
        return httpx.Response(200, json={"predictions": [1]})

    predict = feed.over_http("http://api", transport=httpx.MockTransport(answer))
    assert predict([{"description": "x"}]) == {"predictions": [1]}
    assert asked == [
        ("http://api/v1/models/product_codes/predict", {"instances": [{"description": "x"}]})
    ]
    with pytest.raises(PredictionRefused):
        feed.over_http("http://api", transport=_api(422, {}))([])
    with pytest.raises(PredictionUnavailable):
        feed.over_http("http://api", transport=_api(503, {}))([])
