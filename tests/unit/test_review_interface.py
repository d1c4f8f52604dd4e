"""What the review desk shows, asked through the whole application as the console does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from asgi_client import AppClient
from domain_stage import DomainStage, contract_of, serve_model
from review_stage import CODES, MODELS, Coder, choose, desk, lines, reviewed
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError
from told_rollouts import Stage as RolloutStage
from waiting import wait_for

from pipelines.label_requests import queue
from pipelines.label_requests.queue import LabelRequest
from pipelines.labels import Labels
from pipelines.orders.order_lines import OrderLines
from pipelines.rollouts import disagreements, steward
from pipelines.rollouts.disagreements import Disagreement
from pipelines.settings import Settings
from pipelines.store import Store
from serving.rollouts.desk import RolloutDesk


@pytest.fixture
def stage(make_settings: Callable[..., Settings]) -> Iterator[DomainStage]:
    stage = DomainStage(make_settings(models=MODELS))
    stage.write_catalogue()
    yield stage
    stage.close()


@pytest.fixture
def client(stage: DomainStage) -> Iterator[AppClient]:
    with reviewed(stage) as client:
        yield client


def test_lines_stand_by_message_with_all_that_is_known_of_them(stage, client):
    stage.order("m1", "martillo de uña", "cable")
    stage.predict()

    (message,) = desk(client)["messages"]
    first, second = message["lines"]

    assert (message["message_id"], message["audio"], message["read"]) == ("m1", False, False)
    assert first["code"] == {
        "value": "27110001",
        "description": "Martillo de uña 16 oz",
        "confidence": 0.87654,
        "image_url": "/v1/review/images/martillo.png",
        "product_id": "A-1",
        "confirmed": False,
    }
    assert first["category"]["value"] == "Herramienta"
    assert first["category"]["model"]["version"] == "5"
    assert (first["doubts"], first["uncertain"], first["disagrees"]) == ([], False, False)
    assert (second["quantity"], second["model"]["version"]) == (2.0, "3")


def test_an_empty_desk_says_what_there_must_be_before_a_line_comes(stage):
    with AppClient(stage.app()) as client:
        assert desk(client)["awaits"] == "champion"
        serve_model(client.app, contract_of(CODES, "description", "code"), Coder(), "3")
        assert desk(client)["awaits"] == "feed"
        stage.order("m1", "martillo de uña")
        assert desk(client)["awaits"] is None
        OrderLines(stage.store).mark_read("m1")
        assert (desk(client)["messages"], desk(client)["awaits"]) == ([], None)


def test_the_category_that_a_person_is_shown_is_in_the_prediction_log(stage, client):
    stage.order("m1", "martillo de uña")
    stage.predict()
    category = lines(client)["martillo de uña"]["category"]

    logged = client.app.state.services.predictions.find(
        "product_categories", category["prediction_id"]
    )

    assert logged.instance == {"name": "martillo de uña"}
    assert logged.answer[0]["category"] == category["value"]
    assert lines(client)["martillo de uña"]["category"] == category  # asked once


def test_a_line_whose_category_contradicts_its_code_disagrees_and_comes_first(stage, client):
    stage.order("m1", "martillo de uña", "cable")
    stage.predict()  # both are said to be hammers

    found = lines(client)

    assert found["cable"]["doubts"] == ["category"]
    assert found["cable"]["disagrees"]
    assert found["cable"]["priority"] > found["martillo de uña"]["priority"]


def test_what_the_gate_asks_for_is_marked_and_comes_first(stage, client):
    stage.order("m1", "martillo de uña", "cable")
    stage.predict()
    lines(client)
    asked = LabelRequest("campaign", 0, CODES, "Martillo  de uña", "disagree", 1.0, {})
    queue.publish(stage.store, "campaign", [asked])

    found = lines(client)

    assert [line["requested"] for line in found.values()] == [True, False]
    assert found["martillo de uña"]["priority"] > found["cable"]["priority"]
    assert desk(client)["progress"]["requested_open"] == 1


def test_a_line_that_a_shadow_answers_otherwise_disagrees(stage, client):
    stage.order("m1", "martillo de uña", "martillo")
    stage.predict()
    other = {"code": "31160002", "confidence": 0.7}
    differing = [
        Disagreement("p1", {"description": "Martillo de uña"}, [{"code": "27110001"}], [other])
    ]
    client.app.state.services.rollout_desk.differing = {CODES: differing}.__getitem__

    found = lines(client)

    assert found["martillo de uña"]["doubts"] == ["challenger"]
    assert found["martillo de uña"]["disagrees"]
    assert found["martillo"]["doubts"] == []


def test_only_a_rollout_that_runs_differs(store, tmp_path):
    rollouts = RolloutStage.open(store, tmp_path)
    offices = RolloutDesk(rollouts.log, rollouts=None, clock=rollouts.clock)
    differing = Disagreement("p1", {"description": "x"}, [{"code": "A"}], [{"code": "B"}])
    running = rollouts.start(mode="shadow", metric=None, share=1.0)
    disagreements.keep(store, running.rollout_id, [differing], rollouts.now)

    assert list(offices.differing("codes")) == [differing]
    steward.stop(rollouts.log, running.rollout_id, actor="ana", reason="seen enough")
    assert list(offices.differing("codes")) == []


def test_a_low_confidence_is_uncertain(stage, client):
    stage.order("m1", "martillo de uña")
    stage.predict(confidence=0.3)
    line = lines(client)["martillo de uña"]
    assert (line["doubts"], line["uncertain"]) == (["unsure"], True)


def test_the_words_that_drove_a_code_are_found_where_they_stand(stage, client):
    stage.order("m1", "😀 dos martillo")
    stage.predict()
    line = lines(client)["😀 dos martillo"]

    response = client.get(f"/v1/review/lines/{line['line_id']}/drivers")

    first, second = response.json()["drivers"]
    assert (first["text"], first["weight"]) == ("dos", 0.0)
    assert second["text"] == "martillo"
    assert second["weight"] > 3  # from odds of 9 to 1 to odds of 1 to 4
    units = line["description"].encode("utf-16-le")
    assert units[2 * second["start"] : 2 * second["end"]].decode("utf-16-le") == "martillo"


def test_words_are_looked_up_behind_the_answers(stage, client):
    stage.order("m1", "martillo de uña")
    stage.predict()
    lines(client)
    insights = client.app.state.review_desk._insights
    wait_for(lambda: insights.found == 1)
    stage.order("m2", "martillo")
    assert lines(client)["martillo de uña"]["drivers"]


def test_a_confirmed_description_is_shown_as_such_and_needs_no_look(stage, client):
    Labels(stage.store).add(
        "product_codes", "cable", "39120003", shown={}, reviewer="POST /api/send-seleccion"
    )
    stage.order("m1", "cable")
    stage.predict()
    line = lines(client)["cable"]
    assert (line["code"]["value"], line["code"]["confidence"]) == ("39120003", 1.0)
    assert line["code"]["confirmed"]
    assert line["doubts"] == []


def test_what_has_not_changed_is_not_sent_again(stage, client):
    stage.order("m1", "martillo")
    stage.predict()
    first = client.get("/v1/review/lines")
    again = client.get("/v1/review/lines", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")

    choose(client, lines(client)["martillo"], "skip")

    later = client.get("/v1/review/lines", headers={"If-None-Match": first.headers["etag"]})
    assert later.status_code == 200


def test_a_day_that_began_long_ago_is_told_of_its_latest_hours_alone(stage, client):
    stage.order("m1", "martillo")
    stage.predict()
    choose(client, lines(client)["martillo"], "skip")

    answer = client.get("/v1/review/lines", params={"since": "1970-01-01T00:00:00Z"}).json()

    since = datetime.fromisoformat(answer["progress"]["since"])
    assert timedelta(days=1) < datetime.now(UTC) - since < timedelta(days=3)
    assert answer["progress"]["done"] == 1


def test_while_the_store_is_away_nobody_is_told_that_nothing_has_changed(
    stage, client, monkeypatch
):
    stage.order("m1", "martillo")
    stage.predict()
    tag = {"If-None-Match": client.get("/v1/review/lines").headers["etag"]}
    assert client.get("/v1/review/lines", headers=tag).status_code == 304

    @contextmanager
    def away(_store: Store) -> Iterator[Connection]:
        raise OperationalError("select", {}, ConnectionError("gone"))
        yield

    monkeypatch.setattr(Store, "read", away)
    answer = client.get("/v1/review/lines", headers=tag)
    assert (answer.status_code, answer.json()["type"]) == (
        503,
        "urn:contender:problem:store-unavailable",
    )


def test_the_lines_are_sent_compressed_to_who_takes_that_and_stay_the_same_answer(stage, client):
    stage.order("m1", *(f"martillo {number}" for number in range(40)))
    stage.predict()
    whole = {"since": "2026-11-21T00:00:00Z"}

    def asked(encoding: str, **more: str) -> httpx.Response:
        headers = {"Accept-Encoding": encoding, **more}
        return client.get("/v1/review/lines", params=whole, headers=headers)

    asked("identity")
    # With its words a line is another one: these have them before they are compared.
    wait_for(lambda: client.app.state.review_desk._insights.found == 40)
    plain, packed = asked("identity"), asked("br, gzip;q=0.5")
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.content) / 4
    assert packed.json()["messages"] == plain.json()["messages"]
    assert packed.headers["etag"] == plain.headers["etag"]
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"
    again = asked("gzip", **{"If-None-Match": plain.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "content-encoding" not in asked("gzip;q=0").headers


def test_the_catalogue_is_searched_with_images(client):
    found = client.get("/v1/review/search", params={"q": "martilo"}).json()["products"]
    assert {product["description"] for product in found} >= {"Martillo de uña 16 oz"}
    by_name = {product["description"]: product for product in found}
    assert by_name["Martillo de uña 16 oz"]["image_url"] == "/v1/review/images/martillo.png"
    assert client.get("/v1/review/search").status_code == 422


def test_images_are_kept_by_browsers_and_nothing_else_is_handed_out(stage, client):
    first = client.get("/v1/review/images/martillo.png")
    assert (first.status_code, first.content) == (200, b"PNG")
    assert first.headers["content-type"] == "image/png"
    tag = {"If-None-Match": first.headers["etag"]}
    assert client.get("/v1/review/images/martillo.png", headers=tag).status_code == 304
    for name in ("../secret.png", "..%2Fsecret.png", "/etc/passwd", "nothing.png", "a%00.png"):
        assert client.get(f"/v1/review/images/{name}").status_code == 404


def test_without_any_champion_the_lines_are_there_all_the_same(stage):
    stage.order("m1", "martillo")
    with AppClient(stage.app()) as client:
        line = lines(client)["martillo"]
    assert (line["code"], line["category"], line["drivers"]) == (None, None, [])
