"""The console: the pages built into `console/dist`, handed out to browsers.

Only the console's own paths are its pages. Where nothing is, a browser is shown the console's own
page for that, unless the path is the API's: there it stays a problem, as for every client that
takes no HTML. Files under `assets/` carry their content's hash in their name, so a browser keeps
them for good.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.routing import Route

from serving.protocols.negotiation import takes

PAGES = ("/", "/review", "/board", "/monitoring", "/models/{name}", "/decisions/{decision_id}")
PLAYGROUNDS = ("/playground", "/playground/{model}")
DIST = Path(__file__).resolve().parents[2] / "console" / "dist"
POLICY = (
    "default-src 'self'; img-src 'self' data:; media-src 'self' blob:; style-src 'self' "
    "'unsafe-inline'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
SAFE = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
FOR_GOOD = "public, max-age=31536000, immutable"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".json": "application/json",
    ".woff2": "font/woff2",
}
DOCUMENTATION = frozenset({"docs", "openapi.json", "static-offline-docs"})
UNBUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Contender</title>
<h1>The console is not built</h1>
<p>Build it with <code>make console</code> (Node 20.19 or newer), then reload this page.</p>
<p>The API is here all the same: <a href="/docs">its documentation</a>.</p>
</html>
"""

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")

router = APIRouter(include_in_schema=False)


async def page(request: Request) -> Response:
    """Return the page that all of the console's paths are, to browsers; `/` to anybody else, too.

    A program that forgets the `/v1` of an address is told that nothing is there.
    """
    bare = request.url.path == "/" and takes(request.headers.get("accept", "*/*"), "*/*")
    if not (bare or _is_browser(request)):
        raise HTTPException(404)
    file = dist_of(request) / "index.html"
    if not await run_in_threadpool(file.is_file):
        return Response(UNBUILT, 503, SAFE, "text/html; charset=utf-8")
    return await run_in_threadpool(_file, file, request.headers, "no-cache")


for path in (*PAGES, *PLAYGROUNDS):
    router.add_api_route(path, page, methods=["GET"])


@router.get("/assets/{name}")
async def asset(name: str, request: Request) -> Response:
    """Return a file of the bundle; its name says what is in it, so it never changes."""
    return await _named(dist_of(request) / "assets", name, request, FOR_GOOD)


@router.get("/favicon.svg")
async def favicon(request: Request) -> Response:
    """Return the icon."""
    return await _named(dist_of(request), "favicon.svg", request, "no-cache")


@router.get("/theme.js")
async def theme(request: Request) -> Response:
    """Return the script that sets the theme before anything is painted."""
    return await _named(dist_of(request), "theme.js", request, "no-cache")


def install(app: FastAPI) -> None:
    """Show a browser the console's page, with status 404, where neither it nor the API has one."""
    refuse = cast(Callable[[Request, Exception], Response], app.exception_handlers[HTTPException])
    own = {route.path for route in router.routes if isinstance(route, Route)}
    theirs = {route.path.split("/")[1] for route in app.state.routes if route.path not in own}

    def answer(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        known = request.url.path.split("/")[1] in theirs | DOCUMENTATION
        if error.status_code == 404 and _is_browser(request) and not known:
            file = dist_of(request) / "index.html"
            if file.is_file():
                headers = {**SAFE, "Cache-Control": "no-cache", "Vary": "Accept"}
                return Response(file.read_bytes(), 404, headers, TYPES[".html"])
        return refuse(request, error)

    app.add_exception_handler(HTTPException, answer)


def _is_browser(request: Request) -> bool:
    return request.method == "GET" and takes(request.headers.get("accept", ""), "text/html")


def dist_of(request: Request) -> Path:
    """Return the folder of the bundle."""
    folder: Path = getattr(request.app.state, "console", DIST)
    return folder


async def _named(folder: Path, name: str, request: Request, keep: str) -> Response:
    known = _NAME.fullmatch(name) and Path(name).suffix in TYPES
    if not known or not await run_in_threadpool((folder / name).is_file):
        raise HTTPException(404)
    return await run_in_threadpool(_file, folder / name, request.headers, keep)


def _file(file: Path, asked: Mapping[str, str], keep: str) -> Response:
    """Return a file, compressed where it was at the build and the browser takes that."""
    status = file.stat()
    packed = file.with_name(f"{file.name}.gz")
    zipped = takes(asked.get("accept-encoding", ""), "gzip") and packed.is_file()
    etag = f'W/"{status.st_mtime_ns:x}-{status.st_size:x}"'
    headers = {**SAFE, "Cache-Control": keep, "ETag": etag, "Vary": "Accept-Encoding"}
    if etag in asked.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if zipped:
        headers["Content-Encoding"] = "gzip"
    content = (packed if zipped else file).read_bytes()
    return Response(content, headers=headers, media_type=TYPES[file.suffix])
