"""Who did what: names in the records, and the audit log of changes and denials."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from access_stage import Guarded, guarded
from sqlalchemy.exc import OperationalError

from pipelines.access import audit
from pipelines.access.audit import AuditLog, Entry
from pipelines.settings import Settings
from serving.access import trail
from serving.access.caller import Caller
from serving.access.rates import Rate
from serving.access.refusals import SomebodyElse

ROLLBACK = "/v1/models/stub/rollback"
BOARD = "/v1/board"


@pytest.fixture
def house(make_settings: Callable[..., Settings]) -> Iterator[Guarded]:
    with guarded(make_settings) as house:
        house.stage.promote("2", "otra")
        house.app.state.services.follower.look()
        house.app.state.services.follower.settle(120)
        yield house


def entries(house: Guarded) -> list[Entry]:
    return list(AuditLog(house.stage.store).list())


def test_the_owner_of_the_key_stands_in_the_record_and_nobody_else_can(house):
    operator = house.bearer("operator")
    lie = {"actor": "somebody", "reason": "because"}
    refused = house.client.post(ROLLBACK, json=lie, headers=operator)
    assert refused.status_code == 403
    assert refused.json()["type"].endswith("somebody-else")
    assert house.stage.log.head("stub").version == "2"

    mine = {"actor": "Operator-Ana", "reason": "because"}
    done = house.client.post(ROLLBACK, json=mine, headers=operator)
    assert done.status_code == 200, done.text
    assert done.json()["record"]["actor"] == "operator-ana"


def test_a_retraining_is_asked_in_the_name_of_the_key_also_by_clients_that_say_no_name(house):
    house.client.post("/v1/models/stub/retrain", headers=house.bearer("operator"))
    assert house.stage.orchestration.asked[-1][2] == "operator-ana"


@pytest.mark.parametrize("claimed", ["ana", " ANA ", "Ana", "ａｎａ", "аna", "an\u200da"])
def test_who_has_no_key_acts_in_nobodys_name_who_has_one(claimed):
    nobody = Caller("anonymous", role=0, reserved={"ana"})
    with pytest.raises(SomebodyElse):
        nobody.named(claimed)
    assert nobody.named("bob") == "bob"


def test_names_of_keys_are_reserved_where_some_may_do_things_without_one(make_settings):
    with guarded(make_settings, host="127.0.0.1") as house:
        body = {"actor": "viewer-ana", "reason": "because"}
        assert house.client.post(ROLLBACK, json=body).status_code == 403
        body["actor"] = "carla"
        assert house.client.post(ROLLBACK, json=body).status_code == 409, "nothing to go back to"


def test_what_changes_something_is_in_the_log_before_its_answer_is_read(house):
    body = {"actor": "operator-ana", "reason": "because"}
    headers = {**house.bearer("operator"), "X-Request-Id": "r-17"}
    house.client.post(ROLLBACK, json=body, headers=headers)
    (done,) = entries(house)

    assert (done.who, done.role, done.outcome, done.status) == (
        *("operator-ana", "operator", "done", 200),
    )
    assert (done.action, done.path) == ("POST /v1/models/{name}/rollback", ROLLBACK)
    assert (done.request_id, done.key_id) == ("r-17", house.keys["operator"].key.key_id)
    assert done.address == "127.0.0.1"


def test_reading_and_predicting_are_not_in_the_log(house):
    for _ in range(2):
        assert house.status("GET", BOARD, house.bearer("viewer")) == 200
    assert entries(house) == []


def test_who_is_turned_away_is_in_the_log_with_the_reason_and_without_his_key(house):
    wrong = "ck_0123456789_" + "7" * 64
    house.status("GET", BOARD, {})
    house.status("GET", BOARD, {"X-API-Key": wrong})
    house.status("POST", ROLLBACK, house.bearer("viewer"))
    body = {"actor": "eve", "reason": "x"}
    house.client.post(ROLLBACK, json=body, headers=house.bearer("operator"))

    found = entries(house)[::-1]
    assert [(one.who, one.status, one.outcome) for one in found] == [
        ("anonymous", 401, "denied"),
        ("anonymous", 401, "denied"),
        ("viewer-ana", 403, "denied"),
        ("operator-ana", 403, "denied"),
    ]
    assert "takes the role operator" in found[2].note
    assert wrong not in str(found)


def test_a_flood_of_denials_fills_no_disk_and_is_counted(make_settings, monkeypatch):
    monkeypatch.setattr(trail, "DENIED", Rate(2, 3600.0))
    with guarded(make_settings) as house:
        for _ in range(5):
            assert house.status("GET", BOARD, {}) == 401
        house.status("POST", "/v1/models/stub/retrain", house.bearer("operator"))
        found = entries(house)
        assert [one.outcome for one in found] == ["done", "denied", "denied"]
        assert "3 more denials untold" in found[0].note


def test_signing_in_is_in_the_log_under_the_name_that_signed_in(house):
    house.client.post("/v1/session", json={"key": house.keys["viewer"].text})
    house.client.forget_cookies()
    house.client.post("/v1/session", json={"key": "ck_wrong"})
    found = entries(house)
    assert [(one.who, one.outcome) for one in found] == [
        ("anonymous", "denied"),
        ("viewer-ana", "done"),
    ]
    assert house.keys["viewer"].text not in str(found)


def test_operators_read_the_log_in_parts(house):
    for _ in range(3):
        house.status("GET", BOARD, {})
    operator = house.bearer("operator")
    first = house.client.get("/v1/audit", params={"limit": 2}, headers=operator).json()["entries"]
    query = {"before": first[-1]["number"], "outcome": "denied", "who": "anonymous"}
    rest = house.client.get("/v1/audit", params=query, headers=operator).json()["entries"]
    assert [one["number"] for one in [*first, *rest]] == [3, 2, 1]
    assert house.client.get("/v1/audit", params={"who": "x"}, headers=operator).json() == {
        "entries": []
    }


def test_what_was_done_is_answered_although_the_log_is_away(house, monkeypatch, caplog):
    def away(*_: object) -> None:
        raise OperationalError("INSERT", {}, OSError("full"))

    monkeypatch.setattr(audit.AuditLog, "add", away)
    body = {"actor": "operator-ana", "reason": "because"}
    done = house.client.post(ROLLBACK, json=body, headers=house.bearer("operator"))
    assert done.status_code == 200
    assert "POST /v1/models/{name}/rollback" in caplog.text, "the server's own log has the row"


def test_no_key_and_no_session_stands_in_any_log(house, caplog):
    caplog.set_level("DEBUG")
    wrong = "ck_0123456789_" + "7" * 64
    key = house.keys["reviewer"].text
    for headers in ({"X-API-Key": wrong}, {"Authorization": f"Bearer {wrong}"}, {"X-API-Key": key}):
        house.status("GET", BOARD, headers)
    token = house.client.post("/v1/session", json={"key": key}).headers["set-cookie"]
    house.client.post("/v1/session", json={"key": f"{key} and more"})

    kept = caplog.text + str(entries(house))
    secrets = (
        wrong.rpartition("_")[2],
        key.rpartition("_")[2],
        token.split(";")[0].partition("=")[2],
    )
    assert [secret for secret in secrets if secret in kept] == []
