"""What a model worker answers in one call, and which versions it has."""

from __future__ import annotations

from types import SimpleNamespace

import orjson
import pytest

from cli.services import stack_services
from pipelines.confirmations import Confirmation
from pipelines.contract import RequestRefused
from pipelines.decisions.log import Champion, UnknownDecision
from pipelines.settings import SettingsError, load_settings
from pipelines.versions.flavour_runtime import WorkerLost
from serving.live.costs import Cost
from serving.live.loaded import BrokenRuntime
from serving.live.validation import SchemaCheck
from serving.model_worker.answering import calls, replies
from serving.model_worker.wanted import wanted
from serving.remote import roll, wire
from serving.remote.roll import Held, WorkerWord
from serving.remote.wire import Question

SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}


class Model:
    """A loaded version that refuses "no", breaks at "roto" and counts its calls."""

    def __init__(self, cost: Cost) -> None:
        self.cost = cost
        self.check = SchemaCheck(SCHEMA)
        self.asked: list[list[str]] = []

    def answer(self, instances):
        texts = [instance["text"] for instance in instances]
        self.asked.append(texts)
        if "no" in texts:
            raise RequestRefused(f"instance {texts.index('no')}: refused")
        if "roto" in texts:
            raise ZeroDivisionError("a secret of the model")
        if "muerto" in texts:
            raise WorkerLost("it died")
        if "raro" in texts:
            return [[{"topic": {text}}] for text in texts]
        return [[{"topic": text}] for text in texts]


TOGETHER = Cost(10.0, 11.0, elsewhere=True)
APART = Cost(10.0, None, elsewhere=True)


def questions(*asked: list[str]) -> list[Question]:
    return [
        Question(f"{n}-0", f"q{n}", "api", 1000, orjson.dumps([{"text": text} for text in texts]))
        for n, texts in enumerate(asked)
    ]


def told(model: Model, *asked: list[str]) -> dict[str, object]:
    found = {}
    for some in replies(model, questions(*asked)):
        for question, body in some:
            try:
                found[question.question_id] = [row["topic"] for (row,) in wire.rows_of(body)]
            except (RequestRefused, wire.ModelWorkerFailed, BrokenRuntime) as error:
                found[question.question_id] = error
    return found


def test_questions_share_a_call_where_that_is_cheaper():
    model = Model(TOGETHER)

    assert told(model, ["a", "b"], ["c"]) == {"q0": ["a", "b"], "q1": ["c"]}
    assert model.asked == [["a", "b", "c"]]


def test_questions_are_answered_one_by_one_where_it_is_not():
    model = Model(APART)

    assert told(model, ["a", "b"], ["c"]) == {"q0": ["a", "b"], "q1": ["c"]}
    assert model.asked == [["a", "b"], ["c"]]


def test_a_refused_question_spoils_no_other_of_its_call():
    answers = told(Model(TOGETHER), ["a"], ["b", "no"], ["c"], ["d"])

    assert [answers[name] for name in ("q0", "q2", "q3")] == [["a"], ["c"], ["d"]]
    assert isinstance(answers["q1"], RequestRefused)
    assert str(answers["q1"]) == "instance 1: refused"


def test_a_model_that_breaks_says_nothing_of_its_inside():
    answers = told(Model(TOGETHER), ["a"], ["roto"])

    assert answers["q0"] == ["a"]
    assert isinstance(answers["q1"], wire.ModelWorkerFailed)
    assert "secret" not in str(answers["q1"])


def test_an_answer_that_is_no_json_breaks_the_contract_and_nothing_else():
    answers = told(Model(APART), ["raro"], ["a"])

    assert isinstance(answers["q0"], BrokenRuntime)
    assert answers["q1"] == ["a"]


def test_what_killed_a_process_is_not_asked_again():
    model = Model(TOGETHER)

    answers = told(model, ["a"], ["muerto"])

    assert len(model.asked) == 1
    assert all(isinstance(error, wire.ModelWorkerFailed) for error in answers.values())


@pytest.mark.parametrize("body", [b"[{}]", b'{"text": "a"}', b"[", b'[{"text": 3}]'])
def test_what_does_not_fit_the_contract_is_refused_here_too(body):
    model = Model(TOGETHER)
    (some,) = replies(model, [Question("1-0", "q", "api", 1000, body)])

    with pytest.raises(RequestRefused):
        wire.rows_of(some[0][1])
    assert model.asked == []


def test_a_call_takes_what_there_is_room_for_and_one_question_in_any_case():
    fit = [
        (question, [{}] * size)
        for question, size in zip(questions(*["a"] * 4), (2, 9, 1, 1), strict=True)
    ]

    assert [[len(rows) for _, rows in some] for some in calls(fit, 4)] == [[2], [9], [1, 1]]


def champion(version: str, decision: str) -> Champion:
    return Champion("stub", version, int(version), decision, f"digest{version}", None)


class Log:
    """A decision log whose champion is version 2, once version 1."""

    def head(self, model):
        return champion("2", "d2") if model == "stub" else None

    def get(self, decision_id):
        if decision_id != "d1":
            raise UnknownDecision(decision_id)
        return SimpleNamespace(
            model="stub", version="1", generation=1, decision_id="d1", artifact_digest="digest1"
        )


def confirmation(decision: str) -> Confirmation:
    return Confirmation("w", "stub", "1", 1, decision, "now", 0.0)


def test_a_worker_has_the_champion_and_what_the_api_still_serves():
    found = wanted(
        "stub", Log(), {}, [confirmation("d1"), confirmation("d2"), confirmation("gone")]
    )

    assert {digest: each.version for digest, each in found.items()} == {
        "digest2": "2",
        "digest1": "1",
    }
    assert found["digest2"].decision_id == "d2"


def test_a_worker_has_the_challenger_of_a_running_rollout_under_the_decision_that_started_it():
    rollout = SimpleNamespace(
        model="stub", challenger="3", generation=2, rollout_id="r1", challenger_digest="digest3"
    )

    found = wanted("stub", Log(), {"stub": rollout}, [])

    assert sorted(found) == ["digest2", "digest3"]
    assert (found["digest3"].version, found["digest3"].decision_id) == ("3", "r1")


def test_a_worker_has_nothing_of_a_model_without_a_champion():
    assert wanted("other", Log(), {}, []) == {}


def test_the_api_waits_for_workers_that_are_still_loading():
    has = WorkerWord("a", ("stub",), (Held("stub", "2", "digest2", 1.0, None),))
    loads = WorkerWord("b", ("stub",))
    failed = WorkerWord("c", ("stub",), failed={"digest2": "no disk"})
    other = WorkerWord("d", ("other",))

    words = [roll.word_of(word.as_bytes()) for word in (has, loads, failed, other)]

    assert [held.version for held in roll.holders(words, "digest2")] == ["2"]
    assert roll.awaited(words, "stub", "digest2") == ["b"]


def test_the_address_of_redis_comes_from_the_environment_or_a_file(tmp_path):
    file = tmp_path / "url"
    file.write_text("redis://:geheim@redis:6379/1\n")
    home = {"CONTENDER_HOME": str(tmp_path)}

    plain = load_settings({**home, "CONTENDER_REDIS_URL": "rediss://redis/0"}).workers.redis_url
    secret = load_settings({**home, "CONTENDER_REDIS_URL_FILE": str(file)}).workers.redis_url

    assert plain.get_secret_value() == "rediss://redis/0"
    assert secret.get_secret_value() == "redis://:geheim@redis:6379/1"
    assert "geheim" not in repr(secret)


def test_a_password_in_the_settings_file_is_refused_without_showing_it(tmp_path):
    (tmp_path / "contender.toml").write_text('[workers]\nredis_url = "redis://:geheim@redis/0"\n')

    with pytest.raises(SettingsError, match="set CONTENDER_REDIS_URL, or") as refused:
        load_settings({"CONTENDER_HOME": str(tmp_path)})
    assert "geheim" not in str(refused.value)


def test_a_password_that_the_settings_file_only_names_is_filled_in(tmp_path):
    (tmp_path / "contender.toml").write_text('[workers]\nredis_url = "redis://:${SAID}@redis/0"\n')

    found = load_settings({"CONTENDER_HOME": str(tmp_path), "SAID": "ge/heim"}).workers.redis_url

    assert found.get_secret_value() == "redis://:ge%2Fheim@redis/0"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("geheim", "redis://"),
        ("redis://:ge/heim@redis:6379/0", "%2F"),
        ("redis://:geheim@redis/zero", "number of the database"),
        ("redis://:geheim@redis/0?socket_timeout=60", "options"),
    ],
)
def test_an_address_that_is_none_of_redis_is_refused_without_showing_it(tmp_path, url, why):
    with pytest.raises(SettingsError, match=why) as refused:
        load_settings({"CONTENDER_HOME": str(tmp_path), "CONTENDER_REDIS_URL": url})
    assert "heim" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "redis://redis",
        "rediss://user:geheim@redis:6380/3?ssl_ca_certs=/etc/ca.pem",
        "unix:///run/redis.sock?db=2",
    ],
)
def test_every_way_to_write_an_address_is_taken(tmp_path, url):
    home = {"CONTENDER_HOME": str(tmp_path), "CONTENDER_REDIS_URL": url}

    assert load_settings(home).workers.redis_url.get_secret_value() == url


@pytest.mark.parametrize(
    ("workers", "expected"),
    [
        ({}, []),
        ({"models": ["stub"], "processes": 0}, []),
        ({"models": ["stub"], "processes": 2}, ["model-worker-1", "model-worker-2"]),
    ],
)
def test_a_stack_has_as_many_workers_as_the_settings_say(make_settings, workers, expected):
    names = [service.name for service in stack_services(make_settings(workers=workers), {})]

    assert [name for name in names if name.startswith("model-worker")] == expected
