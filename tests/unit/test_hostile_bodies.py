"""Bodies that mean harm are refused before they cost what they are meant to cost, on every door."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable, Iterator

import pytest
from asgi_client import AppClient
from serving_stage import MODEL, Stage
from starlette.responses import PlainTextResponse

from pipelines.settings import Settings
from serving.bodies import CONTAINERS, QUICK_BYTES, BodyLimits, Room, TooManyBodies

GOOD = b'{"instances": [{"text": "a"}]}'
JSON = {"Content-Type": "application/json"}
DOORS = (
    f"/v1/models/{MODEL}/predict",
    f"/v1/models/{MODEL}/invocations",
    f"/v1/models/{MODEL}/feedback",
    f"/v2/models/{MODEL}/infer",
    "/invocations",
    "/recommend",
    "/api/v1/predict",
    "/api/send-seleccion",
    "/v1/categorizer/inference",
    "/v1/review/choices",
)
"""A path of each reader of bodies: the fast path, FastAPI's own, the protocols, the dialects."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppClient]:
    home = tmp_path_factory.mktemp("home")
    document = {
        "home": home,
        "store_url": f"sqlite:///{home}/var/contender.db",
        "models": {MODEL: {"source": {"url": "texts.csv"}}},
    }
    stage = Stage(Settings.model_validate(document))
    stage.promote("1", "uno")
    with AppClient(stage.app()) as client:
        yield client
    stage.close()


@pytest.mark.parametrize("path", DOORS)
@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate, gzip", "x" * 500])
def test_a_packed_body_is_refused_and_never_unpacked(
    client: AppClient, path: str, encoding: str
) -> None:
    bomb = gzip.compress(b" " * 5_000_000 + GOOD)
    response = client.post(path, content=bomb, headers={**JSON, "Content-Encoding": encoding})
    assert response.status_code == 415, response.text
    assert len(response.content) < 1_000


def test_a_body_that_says_it_is_not_packed_is_read(client: AppClient) -> None:
    told = {**JSON, "Content-Encoding": "Identity"}
    assert client.post(DOORS[0], content=GOOD, headers=told).status_code == 200


@pytest.mark.parametrize("path", DOORS)
@pytest.mark.parametrize("filling", [b"[],", b"{},", b'{"a":[{}]},'])
def test_a_body_of_millions_of_empty_lists_is_refused_unread(
    client: AppClient, path: str, filling: bytes
) -> None:
    content = b'{"instances": [' + filling * (CONTAINERS + 1) + b"{}]}"
    response = client.post(path, content=content[:7_900_000], headers=JSON)
    assert response.status_code in {400, 413}, response.text
    assert len(response.content) < 2_000


@pytest.mark.parametrize("path", DOORS)
@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"instances": ' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"text": "\\ud800"}',
        b'{"text": "\xed\xa0\x80"}',
        b'{"text": "\xff"}',
        b'{"instances": [{"text": NaN}]}',
        b'{"instances": [{"text": ' + b"9" * 5_000 + b"}]}",
        b'{"instances": [1e400]}',
        b"\xef\xbb\xbf" + GOOD,
        b"\xff\xfe" + GOOD.decode().encode("utf-16-le"),
        b"\0" * 1_000,
        b"",
    ],
)
def test_what_is_no_request_is_refused_in_words(
    client: AppClient, path: str, content: bytes
) -> None:
    response = client.post(path, content=content, headers=JSON)
    assert 400 <= response.status_code < 500 or response.status_code == 503, response.text
    assert "Retry-After" in response.headers or response.status_code != 503
    assert len(response.content) < 5_000


def limited(room: Room) -> tuple[BodyLimits, list[int]]:
    """Return limits around an application that reads its body, and the statuses it refuses by."""
    refused: list[int] = []

    def refuse(_scope: object, error: Exception) -> PlainTextResponse:
        refused.append(429 if isinstance(error, TooManyBodies) else 413)
        return PlainTextResponse("no", 429)

    async def app(scope: object, receive: Callable, send: Callable) -> None:
        while (message := await receive())["type"] == "http.request" and message["more_body"]:
            pass
        await PlainTextResponse("yes")(scope, receive, send)  # type: ignore[arg-type]

    limits = BodyLimits(
        app,  # type: ignore[arg-type]
        limit_bytes=10 * QUICK_BYTES,
        room=room,
        refuse=refuse,
        takes=lambda _: (),
    )
    return limits, refused


def scope_of(size: int | None) -> dict[str, object]:
    told = (b"transfer-encoding", b"chunked") if size is None else (b"content-length", b"%d" % size)
    headers = [(b"content-type", b"application/json"), told]
    return {"type": "http", "method": "POST", "path": "/", "headers": headers}


@pytest.mark.parametrize("declared", [True, False])
def test_large_bodies_are_taken_in_as_far_as_there_is_room_and_the_room_is_given_back(
    declared: bool,
) -> None:
    size = 4 * QUICK_BYTES
    limits, refused = limited(Room(2 * size))
    gates = [asyncio.Event() for _ in range(4)]

    async def ask(gate: asyncio.Event) -> None:
        pieces = [size - 10, 10]

        async def receive() -> dict[str, object]:
            if not pieces:
                return {"type": "http.disconnect"}
            piece = pieces.pop(0)
            if not pieces:
                await gate.wait()
            return {"type": "http.request", "body": b"x" * piece, "more_body": bool(pieces)}

        async def send(_message: object) -> None:
            pass

        await limits(scope_of(size if declared else None), receive, send)  # type: ignore[arg-type]

    async def story() -> None:
        first, second = (asyncio.create_task(ask(gate)) for gate in gates[:2])
        await asyncio.sleep(0)
        await ask(gates[2])
        assert refused == [429]
        for gate in gates:
            gate.set()
        await asyncio.gather(first, second)
        await asyncio.gather(*(ask(gate) for gate in gates[:2]))
        assert refused == [429]

    asyncio.run(story())


def test_a_client_that_leaves_gives_its_room_back() -> None:
    room = Room(QUICK_BYTES * 5)
    limits, refused = limited(room)

    async def ask() -> None:
        messages = [
            {"type": "http.request", "body": b"x" * QUICK_BYTES * 4, "more_body": True},
            {"type": "http.disconnect"},
        ]

        async def receive() -> dict[str, object]:
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        async def send(_message: object) -> None:
            pass

        await limits(scope_of(QUICK_BYTES * 8), receive, send)  # type: ignore[arg-type]

    for _ in range(3):
        asyncio.run(ask())
    assert refused == []
    room.take(QUICK_BYTES * 5)


def test_small_bodies_need_no_room() -> None:
    limits, refused = limited(Room(0))

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"x" * QUICK_BYTES, "more_body": False}

    async def send(_message: object) -> None:
        pass

    asyncio.run(limits(scope_of(QUICK_BYTES), receive, send))  # type: ignore[arg-type]
    assert refused == []


def test_the_document_of_all_operations_is_made_once_however_often_it_is_asked_for(
    client: AppClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = client.get("/openapi.json")
    assert first.status_code == 200

    def made(**_parts: object) -> None:
        raise AssertionError("it was made again, for a quarter of a second")

    monkeypatch.setattr("serving.documentation.get_openapi", made)
    for _ in range(5):
        again = client.get("/openapi.json")
        assert (again.status_code, again.content) == (200, first.content)
