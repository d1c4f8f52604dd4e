"""The console as browsers get it from the API, with a bundle made for the test."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from asgi_client import AppClient
from domain_stage import DomainStage

from pipelines.settings import Settings
from serving.protocols.negotiation import takes

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Encoding": "gzip, br"}
INDEX = b"<!doctype html><title>Contender</title>"
SCRIPT = b"export const answer = 42;\n" * 40
PATHS = (
    "/",
    "/review",
    "/board",
    "/monitoring",
    "/models/product_codes",
    "/decisions/d000001-abcdef",
    "/playground/product_codes",
)


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_bytes(INDEX)
    (folder / "favicon.svg").write_bytes(b"<svg/>")
    (folder / "assets" / "index-Ab12.js").write_bytes(SCRIPT)
    (folder / "assets" / "index-Ab12.js.gz").write_bytes(gzip.compress(SCRIPT))
    (folder / "secret.js").write_bytes(b"outside of assets")
    return folder


@pytest.fixture
def client(make_settings: Callable[..., Settings], dist: Path) -> Iterator[AppClient]:
    stage = DomainStage(make_settings(models={"product_codes": {"source": {"url": "codes.csv"}}}))
    app = stage.app()
    app.state.console = dist
    with AppClient(app) as client:
        yield client
    stage.close()


@pytest.mark.parametrize("path", PATHS)
def test_every_page_of_the_console_is_its_index(client, path):
    response = client.get(path, headers=BROWSER)
    assert (response.status_code, response.content) == (200, INDEX)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-security-policy"].startswith("default-src 'self'")


def test_an_index_that_the_browser_has_is_not_sent_again(client, dist):
    tag = {"If-None-Match": client.get("/", headers=BROWSER).headers["etag"]}
    assert client.get("/board", headers={**BROWSER, **tag}).status_code == 304
    (dist / "index.html").write_bytes(INDEX + b"<p>new</p>")
    assert client.get("/board", headers={**BROWSER, **tag}).status_code == 200


@pytest.mark.parametrize("headers", [{"Accept": "*/*"}, {}], ids=["anything", "unsaid"])
def test_whoever_takes_anything_is_given_the_first_page_and_no_other(client, headers):
    assert client.get("/", headers=headers).content == INDEX
    assert client.get("/models/product_codes", headers=headers).status_code == 404


@pytest.mark.parametrize("path", ["/board", "/models/product_codes"])
def test_whoever_takes_no_page_is_told_that_nothing_is_there(client, path):
    response = client.get(path, headers={"Accept": "application/json"})
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/nowhere", "/models", "/board/x", "/favicon.ico"])
def test_where_nothing_is_a_browser_is_shown_the_console_and_a_program_a_problem(client, path):
    shown = client.get(path, headers=BROWSER)
    assert (shown.status_code, shown.content) == (404, INDEX)
    assert shown.headers["content-security-policy"].startswith("default-src 'self'")
    told = client.get(path, headers={"Accept": "application/json"})
    assert (told.status_code, told.json()["status"]) == (404, 404)
    assert told.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/v1/nowhere", "/v1/models/x", "/api/nowhere", "/docs/x"])
def test_paths_of_the_api_stay_problems_in_a_browser_too(client, path):
    response = client.get(path, headers=BROWSER)
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


def test_the_bundle_is_sent_as_it_was_compressed_and_kept_for_good(client):
    path = "/assets/index-Ab12.js"
    packed = client.get(path, headers=BROWSER)
    plain = client.get(path, headers={"Accept-Encoding": "gzip;q=0, identity"})

    assert packed.content == plain.content == SCRIPT
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(SCRIPT)
    assert "content-encoding" not in plain.headers
    for response in (packed, plain):
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert response.headers["content-type"] == "text/javascript; charset=utf-8"
        assert response.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "name", ["..%2Fsecret.js", "../secret.js", "%2e%2e%2fsecret.js", ".hidden", "none.js", "x.exe"]
)
def test_nothing_but_the_bundle_is_handed_out(client, dist, name):
    (dist / "assets" / ".hidden").write_bytes(b"secret")
    (dist / "assets" / "x.exe").write_bytes(b"secret")
    assert client.get(f"/assets/{name}").status_code == 404


def test_without_a_bundle_a_plain_page_says_how_to_build_it(client, dist):
    (dist / "index.html").unlink()
    response = client.get("/", headers=BROWSER)
    assert response.status_code == 503
    assert "make console" in response.text
    assert client.get("/nowhere", headers=BROWSER).json()["status"] == 404
    assert response.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        ("text/html", True),
        ("application/json, TEXT/HTML;q=0.9", True),
        ("text/html;q=0", False),
        ("text/html; q=0.0", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_a_page_is_for_who_names_it(header, taken):
    assert takes(header, "text/html") is taken
