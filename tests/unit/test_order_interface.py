"""The order interface, asked through the whole application in the words of its clients."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from asgi_client import AppClient
from domain_stage import DomainStage
from waiting import wait_for

from pipelines.labels import Labels, exact
from pipelines.orders.product_catalogue import Product
from pipelines.orders.recordings import keep
from pipelines.settings import Settings
from serving.review import order_desk
from serving.review.order_board import OrderBoard

SHAPE = {
    "descripcion",
    "codigo_prediccion",
    "descripcion_csv",
    "cantidad",
    "imagen",
    "exactitud",
    "id_article",
    "correo_id",
}


@pytest.fixture
def stage(
    make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> Iterator[DomainStage]:
    # What the board does while the store is slow is told by tests of its own.
    monkeypatch.setattr(order_desk, "OrderBoard", partial(OrderBoard, patience_seconds=60.0))
    stage = DomainStage(make_settings(models={"product_codes": {"source": {"url": "codes.csv"}}}))
    yield stage
    stage.close()


@pytest.fixture
def client(stage: DomainStage) -> Iterator[AppClient]:
    stage.write_catalogue()
    with AppClient(stage.app()) as client:
        wait_for(lambda: client.app.state.order_desk.shelf.assortment is not None)
        yield client


def predicciones(client: AppClient) -> list[dict]:
    response = client.get("/api/predicciones")
    assert response.status_code == 200, response.text
    body = response.json()
    return body if isinstance(body, list) else body["predicciones"]


def choose(client: AppClient, code: str, description: str) -> list[dict]:
    response = client.post(
        "/api/send-seleccion", json={"seleccion": code, "descripcion": description}
    )
    assert response.status_code == 200, response.text
    return response.json()


def test_predictions_have_the_shape_that_clients_read(stage, client):
    stage.order("m1", "martillo de uña", "cable")
    stage.predict()

    first, second = predicciones(client)

    assert set(first) >= SHAPE
    assert {name: first[name] for name in SHAPE} == {
        "descripcion": "martillo de uña",
        "codigo_prediccion": "27110001",
        "descripcion_csv": "Martillo de uña 16 oz",
        "cantidad": 1,
        "imagen": base64.b64encode(b"PNG").decode(),
        "exactitud": 87.65,
        "id_article": "A-1",
        "correo_id": "m1",
    }
    assert first["alternativas"] == [
        {"codigo": "27110001", "descripcion": "Martillo de uña 16 oz", "exactitud": 87.65}
    ]
    assert first["modelo"]["version"] == "3"
    assert second["cantidad"] == 2


def test_of_several_products_of_a_code_the_most_similar_one_is_shown(stage, client):
    stage.order("m1", "martiyo bola")
    stage.predict()

    (entry,) = predicciones(client)

    assert entry["descripcion_csv"] == "Martillo de bola 8 oz"
    assert entry["imagen"] is None  # its image names a file outside the catalogue's folder


def test_without_lines_there_is_a_message_and_an_empty_list(client):
    body = client.get("/api/predicciones").json()
    assert body["predicciones"] == []
    assert body["message"]


def test_lines_without_an_answer_yet_are_not_shown_as_predictions(stage, client):
    stage.order("m1", "martillo")
    assert predicciones(client) == []


def test_new_lines_appear_without_a_restart_the_newest_message_first(stage, client):
    stage.order("m1", "martillo")
    stage.predict()
    assert [entry["correo_id"] for entry in predicciones(client)] == ["m1"]
    stage.order("m2", "cable")
    stage.predict()
    assert [entry["correo_id"] for entry in predicciones(client)] == ["m2", "m1"]


def test_without_a_catalogue_lines_are_shown_all_the_same(stage):
    stage.order("m1", "martillo")
    stage.predict()
    with AppClient(stage.app()) as client:
        (entry,) = predicciones(client)
    assert entry["descripcion_csv"] is None
    assert entry["id_article"] == "27110001"


def test_a_new_catalogue_is_shown_without_a_restart(stage, client):
    stage.order("m1", "martillo")
    stage.predict()
    predicciones(client)
    stage.write_catalogue([Product("27110001", "Martillo nuevo")])
    wait_for(lambda: predicciones(client)[0]["descripcion_csv"] == "Martillo nuevo")


def test_a_damaged_catalogue_leaves_the_one_before(stage, client):
    file = stage.write_catalogue()
    file.write_text("{not json")
    assert client.app.state.order_desk.shelf.look() is False
    assert client.post("/api/buscar", json={"busqueda": "martillo"}).status_code == 200


def test_a_choice_answers_that_description_with_100_at_once(stage, client):
    stage.order("m1", "martillo", "otro martillo")
    stage.predict()

    before = predicciones(client)[0]
    first, second = choose(client, "39120003", "  MARTILLO ")

    assert before["confirmado"] is False
    assert (first["codigo_prediccion"], first["exactitud"]) == ("39120003", 100)
    assert first["confirmado"] is True
    assert first["prediccion_modelo"] == "27110001"
    assert first["descripcion_csv"] == "Cable eléctrico calibre 12"
    assert (second["codigo_prediccion"], second["confirmado"]) == ("27110001", False)
    assert predicciones(client) == [first, second]


def test_the_last_choice_counts(stage, client):
    stage.order("m1", "martillo")
    stage.predict()
    choose(client, "A", "martillo")
    (entry,) = choose(client, "B", "martillo")
    assert entry["codigo_prediccion"] == "B"


def test_a_choice_is_kept_with_what_was_shown(stage, client):
    stage.order("m1", "martillo")
    stage.predict()
    choose(client, "A", "martillo")
    choose(client, "B", "martillo")

    kept = Labels(stage.store)
    label = kept.confirmed("product_codes")[exact("martillo")]

    assert label.value == "B"
    assert label.shown["code"] == "A"
    assert label.shown["confirmed"] is True  # so it says nothing about the model
    assert label.shown["model_code"] == "27110001"
    assert len(kept.training_rows("product_codes") + kept.test_rows("product_codes")) == 1


def test_a_second_click_on_the_same_choice_keeps_the_first_label(stage, client):
    stage.order("m1", "martillo")
    stage.predict()
    assert choose(client, "A", "martillo") == choose(client, "A", "Martillo")
    label = Labels(stage.store).confirmed("product_codes")[exact("martillo")]
    assert (label.shown["code"], label.shown["confirmed"]) == ("27110001", False)


def test_a_choice_needs_neither_a_champion_nor_a_feed_nor_a_catalogue(stage):
    with AppClient(stage.app()) as client:
        assert choose(client, "27110001", "martillo")["predicciones"] == []
        stage.order("m1", "martillo")
        (entry,) = predicciones(client)
    assert (entry["codigo_prediccion"], entry["exactitud"]) == ("27110001", 100)


def test_another_worker_sees_a_choice_with_its_next_answer(stage, client):
    stage.order("m1", "martillo")
    stage.predict()
    with AppClient(stage.app()) as other:
        assert predicciones(other)[0]["confirmado"] is False
        choose(client, "B", "martillo")
        assert predicciones(other)[0]["confirmado"] is True


def test_a_read_message_is_hidden_for_good(stage, client):
    stage.order("m1", "martillo")
    stage.order("m2", "cable")
    stage.predict()

    response = client.post("/api/marcar_leido", json={"correo_id": "m1"})

    assert response.json()["lineas"] == 1
    assert [entry["correo_id"] for entry in predicciones(client)] == ["m2"]
    with AppClient(stage.app()) as restarted:
        assert [entry["correo_id"] for entry in predicciones(restarted)] == ["m2"]


def test_search_answers_the_shape_that_clients_read(client):
    response = client.post("/api/buscar", json={"busqueda": "tornilo exagonal"})
    first = response.json()["rango_descripciones"][0]
    assert first["CodArticle"] == "31160002"
    assert first["Combined"] == "31160002 - Tornillo hexagonal galvanizado 1/2"
    assert client.get("/api/buscar?q=tornilo exagonal").json() == response.json()


def test_a_search_without_matches_is_an_empty_list(client):
    assert client.get("/api/buscar?q=zzqqxx").json() == {"rango_descripciones": []}


def test_a_search_before_there_is_a_catalogue_asks_to_wait(stage):
    with AppClient(stage.app()) as client:
        response = client.get("/api/buscar?q=martillo")
    assert response.status_code == 503
    assert "catálogo" in response.json()["error"]
    assert "Retry-After" in response.headers


def test_a_messages_own_recording_is_returned(stage, client):
    name = keep(stage.settings.var / "audio", b"ID3 sound", ".mp3")
    stage.order("m1", "martillo", audio=name)
    stage.order("m2", "cable")

    response = client.get("/api/getAudio?correo_id=m1")

    assert response.content == b"ID3 sound"
    assert response.headers["content-type"] == "audio/mpeg"
    assert "audio.mp3" in response.headers["content-disposition"]


def test_a_prediction_is_spoken_where_there_is_no_recording(stage, client):
    stage.order("m1", "martillo de uña")
    stage.predict()
    for path in ("/api/getAudio", "/api/getAudio?correo_id=m1"):
        response = client.get(path)
        assert response.status_code == 200, response.text
        assert response.headers["content-type"] == "audio/wav"
        assert response.content[:4] == b"RIFF"
        assert len(response.content) > 20_000


@pytest.mark.parametrize(
    "name", ["../../contender.db", "/etc/passwd", "x.mp3", "..%2f..", "a" * 64 + ".mp3"]
)
def test_no_audio_name_reads_another_file(stage, client, name):
    stage.order("m1", "martillo", audio=name)
    response = client.get("/api/getAudio?correo_id=m1")
    assert response.status_code == 404
    assert response.json()["error"]


@pytest.mark.parametrize("query", ["", "?correo_id=nadie", "?correo_id=..%2F..%2Fetc%2Fpasswd"])
def test_without_anything_to_hear_there_is_a_json_error(client, query):
    response = client.get(f"/api/getAudio{query}")
    assert response.status_code == 404
    assert response.json()["error"] == "No hay audio para ese mensaje."


def test_without_the_speech_program_there_is_a_json_error(stage, client, monkeypatch):
    stage.order("m1", "martillo")
    stage.predict()
    monkeypatch.setenv("PATH", "")
    response = client.get("/api/getAudio")
    assert response.status_code == 404
    assert "voz" in response.json()["error"]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("send-seleccion", {"descripcion": "x"}, "seleccion"),
        ("send-seleccion", {"seleccion": "x"}, "descripcion"),
        ("send-seleccion", {"seleccion": "x", "descripcion": "   "}, "descripcion"),
        ("send-seleccion", {"seleccion": ["x"], "descripcion": "y"}, "seleccion"),
        ("send-seleccion", {"seleccion": "x" * 257, "descripcion": "y"}, "seleccion"),
        ("send-seleccion", {"seleccion": "x", "descripcion": "y" * 20_001}, "descripcion"),
        ("send-seleccion", {"seleccion": "x", "descripcion": "y\u0000z"}, "descripcion"),
        ("buscar", {}, "busqueda"),
        ("buscar", {"busqueda": None}, "busqueda"),
        ("buscar", {"busqueda": "x" * 100_000}, "busqueda"),
        ("marcar_leido", {}, "correo_id"),
        ("marcar_leido", {"correo_id": {}}, "correo_id"),
    ],
)
def test_a_missing_or_wrong_field_is_named_in_spanish(stage, client, path, body, field):
    response = client.post(f"/api/{path}", json=body)
    assert response.status_code == 422
    assert f"«{field}»" in response.json()["error"]
    assert Labels(stage.store).confirmed("product_codes") == {}


@pytest.mark.parametrize("path", ["send-seleccion", "buscar", "marcar_leido"])
@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'"x"', b"\xff"])
def test_a_malformed_body_is_refused_in_spanish(client, path, body):
    response = client.post(
        f"/api/{path}", content=body, headers={"Content-Type": "application/json"}
    )
    assert response.status_code in {400, 422}
    assert "cuerpo" in response.json()["error"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "predicciones", "GET"),
        ("GET", "send-seleccion", "POST"),
        ("DELETE", "buscar", "GET, POST"),
        ("POST", "getAudio", "GET"),
        ("GET", "marcar_leido", "POST"),
    ],
)
def test_the_wrong_method_is_refused_in_spanish(client, method, path, allowed):
    response = client.request(method, f"/api/{path}")
    assert response.status_code == 405
    assert "Método" in response.json()["error"]
    assert response.headers["allow"] == allowed


@pytest.mark.parametrize("path", ["/api/prediccionesX", "/trainingX", "/api/otra"])
def test_a_path_that_only_begins_like_one_of_theirs_is_no_domain_path(client, path):
    response = client.get(path)
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


def test_an_unknown_message_cannot_be_marked_as_read(client):
    response = client.post("/api/marcar_leido", json={"correo_id": "nadie"})
    assert response.status_code == 404
    assert response.json()["error"]


def test_get_search_without_words_is_refused_in_spanish(client):
    for path in ("/api/buscar", "/api/buscar?q="):
        response = client.get(path)
        assert response.status_code == 422
        assert "«q»" in response.json()["error"]


def test_the_document_shows_answers_by_example_and_refusals_as_clients_read_them(client):
    paths = client.get("/openapi.json").json()["paths"]
    listed = paths["/api/predicciones"]["get"]["responses"]
    assert set(listed["200"]["content"]["application/json"]["example"][0]) >= SHAPE
    assert "error" in listed["default"]["content"]["application/json"]["example"]
    generic = paths["/v1/models/{name}/predict"]["post"]["responses"]["default"]
    assert list(generic["content"]) == ["application/problem+json"]
