"""Log lines: text for people, JSON for programs, the same fields, and no secret in either."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
import threading
from contextvars import copy_context
from datetime import date

import pytest
from pydantic import ValidationError

from cli.services import stack_services
from pipelines.observability import logs
from pipelines.observability.context import bound
from pipelines.observability.masking import masked
from pipelines.observability.prefect_lines import environment
from pipelines.observability_settings import LoggingSettings
from pipelines.settings import SettingsError, load_settings


class Written:
    """A logger of its own, and what it wrote."""

    def __init__(self, form: str) -> None:
        self._stream = io.StringIO()
        handler = logging.StreamHandler(self._stream)
        handler.setFormatter(logs.formatter("api", form))
        self.logger = logging.Logger("serving.slots.keeper", logging.DEBUG)
        self.logger.addHandler(handler)

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    @property
    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def written() -> Written:
    return Written("json")


def test_a_line_of_json_names_when_where_and_what_and_everything_that_is_told_beside(written):
    written.logger.warning("version %s answers", "3", extra={"model": "stub", "generation": 2})

    (line,) = written.lines
    assert list(line)[:6] == ["timestamp", "level", "service", "pid", "logger", "event"]
    assert str(line["timestamp"]).endswith("Z")
    assert {key: line[key] for key in ("level", "service", "logger", "event")} == {
        "level": "warning",
        "service": "api",
        "logger": "serving.slots.keeper",
        "event": "version 3 answers",
    }
    assert (line["model"], line["generation"]) == ("stub", 2)


def test_text_has_the_same_fields_behind_the_sentence():
    written = Written("text")
    written.logger.info("version 3 answers", extra={"model": "stub", "why": "it was better"})

    assert "INFO" in written.text
    assert written.text.endswith(
        'serving.slots.keeper: version 3 answers model=stub why="it was better"\n'
    )


def test_half_a_character_does_not_keep_a_line_of_text_from_being_written():
    written = Written("text")
    written.logger.info("half \ud800 a character")

    assert written.text.encode().rstrip().endswith(b"half \\ud800 a character")


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_a_client_sends_begins_no_line_of_its_own(form):
    written = Written(form)
    written.logger.error(
        "refused: %s", "a\n2026 ERROR forged\r\x1b[2J\u2028\u202eb", extra={"k": "\n"}
    )

    assert len(written.text.split("\n")) == 2
    assert "\x1b" not in written.text
    assert "\r" not in written.text


@pytest.mark.parametrize(
    "text", ["a\u202eb", "two words \u202e turned", "next\u2028line", "a\u200fb"]
)
def test_text_shows_characters_that_turn_or_break_it_as_escapes(text):
    written = Written("text")
    written.logger.error("refused: %s", text, extra={"k": text})

    assert written.text.rstrip("\n").isprintable()


def test_what_an_error_says_begins_no_line_of_its_own_in_text():
    written = Written("text")
    try:
        raise ValueError("a\n2026-11-22T00:00:00.000Z INFO 1 forged: \x1b[2J\u202e")
    except ValueError:
        written.logger.exception("it failed")

    first, *rest = written.text.rstrip("\n").split("\n")
    assert first.endswith("it failed")
    assert all(line.startswith("  ") and line.isprintable() for line in rest)
    assert rest[-1].startswith("  2026-11-22")


def test_an_error_brings_its_trace_along(written):
    try:
        raise ValueError("broken")
    except ValueError:
        written.logger.exception("it failed")

    (line,) = written.lines
    assert str(line["exception"]).startswith("Traceback")
    assert str(line["exception"]).endswith("ValueError: broken")


def test_a_line_is_written_whatever_is_in_it(written):
    written.logger.info("half \ud800 a character", extra={"number": 2**70, "odd": {1: object}})

    (line,) = written.lines
    assert line["number"] == 2**70
    assert line["event"] == "half \ud800 a character"


def test_what_is_bound_to_a_piece_of_work_is_in_its_lines_and_in_no_other(written):
    with bound(model="stub", flow_run_id=None), bound(job_id="j1", model="other"):
        written.logger.info("within")
        context = copy_context()
        thread = threading.Thread(target=context.run, args=(written.logger.info, "in a thread"))
        thread.start()
        thread.join()
    written.logger.info("after")

    within, threaded, after = written.lines
    assert (within["model"], within["job_id"]) == ("other", "j1")
    assert "flow_run_id" not in within
    assert threaded["job_id"] == "j1"
    assert "model" not in after


def test_what_a_line_says_itself_counts_more_than_what_is_bound(written):
    with bound(model="stub"):
        written.logger.info("seen", extra={"model": "other"})

    assert written.lines[0]["model"] == "other"


SECRETS = [
    "postgresql+psycopg://ana:{}@db.example:5432/shop",
    "Authorization: Bearer {}",
    "{{'authorization': 'Basic {}'}}",
    "(b'authorization', b'Bearer {}')",
    "(b'x-api-key', b'{}')",
    "X-API-Key: {}",
    "ck_ab12cd_{}",
    'sent {{"api_key": "{}", "user": "ana"}}',
    "imaps login failed: password={}",
    "GET /feed?token={}&page=2",
    "Set-Cookie: {}; HttpOnly",
    "CONTENDER_FEED_PASSWORD={}",
    "Cookie: theme=dark; contender_session={}",
    "Proxy-Authorization: Token {}",
    'password="with blanks {}"',
    r"{{\"password\": \"quoted twice {}\"}}",
    r'"password": "a \"quote\" {}", "user": "ana"',
    "{{'password': b'{}'}}",
    "password=a,b;{}",
    "AWS_SECRET_ACCESS_KEY={}",
    "postgresql://ana:with/slash{}@db/shop",
    "https://{}@host/feed",
]


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("pattern", SECRETS)
def test_a_secret_in_a_message_is_not_written(form, pattern):
    written = Written(form)
    said = pattern.format("hunter2SECRETxyz")
    written.logger.error("it says %s", said, extra={"beside": said, "more": [{"deep": said}]})
    try:
        raise OSError(said)
    except OSError:
        written.logger.exception("cannot connect")

    assert "hunter2" not in written.text
    assert "***" in written.text


def test_a_field_that_is_named_as_a_secret_is_not_written_whatever_it_holds(written):
    names = ("password", "api_key", "X_Token", "client_secret", "Authorization")
    written.logger.info("seen", extra=dict.fromkeys(names, "abc") | {"user": "ana"})

    (line,) = written.lines
    assert {line[name] for name in names} == {"***"}
    assert line["user"] == "ana"


def test_a_password_with_an_at_sign_leaves_nothing_behind():
    assert (
        masked("to postgresql://ana:p@ss:rd@db/shop now") == "to postgresql://ana:***@db/shop now"
    )
    assert masked("redis://:p@ssword@host:6379/0") == "redis://:***@host:6379/0"


class Told:
    """What a logger may be handed beside text."""

    def __str__(self) -> str:
        return "password=hunter2"


@pytest.mark.parametrize(
    "value",
    [
        Told(),
        OSError("password=hunter2"),
        b"password=hunter2",
        {"password=hunter2"},
        [(b"x-api-key", b"hunter2"), (b"host", b"here")],
        {"x-api-key": "hunter2"},
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_secret_is_not_written_whatever_it_is_wrapped_in(form, value):
    written = Written(form)
    written.logger.info("seen", extra={"value": value})

    assert "hunter2" not in written.text
    assert "***" in written.text


def test_numbers_and_dates_stay_what_they_are(written):
    written.logger.info("seen", extra={"n": 3, "share": 0.5, "is": True, "at": date(2026, 11, 22)})

    (line,) = written.lines
    assert [line[name] for name in ("n", "share", "is", "at")] == [3, 0.5, True, "2026-11-22"]


@pytest.mark.parametrize(
    "text",
    [
        "3 tokens, the secret of paint; https://db.example:5432/x and 10:30 is basic",
        "http://host:80/page?mail=a@b postgresql://ana@host/db",
        "access: authorization, hosts; the password is wrong",
    ],
)
def test_ordinary_words_stay_readable(text):
    assert masked(text) == text


@pytest.mark.parametrize("begun", ["://", "a://b:", "token=", "secret_", "cookie:", "password='"])
def test_a_long_text_of_what_might_be_secrets_is_gone_through_once(begun):
    # Tried anew from each of its places it would take minutes.
    assert len(masked(begun * 20_000)) <= 20_000 * (len(begun) + 3)


def test_logs_are_set_by_the_file_and_by_the_environment(tmp_path):
    (tmp_path / "contender.toml").write_text('[logging]\nformat = "text"\naccess = 0.25\n')
    stated = {"CONTENDER_HOME": str(tmp_path), "CONTENDER_LOG_FORMAT": "json"}

    assert load_settings(stated).logging == LoggingSettings(format="json", access=0.25)
    with pytest.raises(SettingsError, match="logging"):
        load_settings(stated | {"CONTENDER_LOG_LEVEL": "LOUD"})
    with pytest.raises(ValidationError):
        LoggingSettings(access=2)


def test_a_collector_with_a_password_in_its_address_is_refused(tmp_path):
    stated = {"CONTENDER_HOME": str(tmp_path), "CONTENDER_TRACES_URL": "http://a:b@host/v1/traces"}

    with pytest.raises(SettingsError, match="url"):
        load_settings(stated)


def test_the_runner_of_flows_is_told_how_to_write(make_settings):
    json_lines = stack_services(make_settings(logging={"format": "json"}), {})
    text = stack_services(make_settings(), {})
    name = "PREFECT_LOGGING_HANDLERS_CONSOLE_FORMATTER"

    assert {each.name for each in json_lines if name in each.environment} == {"flows"}
    assert not [each for each in text if name in each.environment]


def test_prefects_runs_write_the_same_lines():
    """Prefect reads its own configuration, changed by the environment, in a process of its own."""
    script = (
        "import logging, os; os.environ.update({!r});"
        "from prefect.logging.configuration import setup_logging; setup_logging();"
        "from prefect.logging import get_logger;"
        "told = dict(flow_run_id='f1', version='3', decision_id='d1');"
        "get_logger('runner').info('judged :smile: password=abc', extra=told)"
    ).format(environment(LoggingSettings(format="json")))

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    (line,) = (json.loads(each) for each in done.stderr.splitlines() if "judged" in each)
    assert line["service"] == "flows"
    assert line["event"] == "judged :smile: password=***"
    assert (line["flow_run_id"], line["version"], line["decision_id"]) == ("f1", "3", "d1")
