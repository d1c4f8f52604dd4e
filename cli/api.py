"""Asking the API as any client would; what it refuses is one line for the operator."""

from __future__ import annotations

import httpx

from cli.screen import CommandFailed
from pipelines.settings import load_settings

TIMEOUT_SECONDS = 30


def get(url: str, **query: str | int | bool) -> dict[str, object]:
    """Return what the API answers. Raises `CommandFailed`."""
    return _answer("GET", url, params=query)


def post(url: str, body: object) -> dict[str, object]:
    """Return what the API answers to a body. Raises `CommandFailed`."""
    return _answer("POST", url, json=body)


def _answer(method: str, url: str, **content: object) -> dict[str, object]:
    try:
        with httpx.Client(
            timeout=TIMEOUT_SECONDS, headers=load_settings().logins.api_headers, trust_env=False
        ) as client:
            response = client.request(method, url, **content)  # type: ignore[arg-type]
    except httpx.HTTPError as error:
        raise CommandFailed(f"the API at {url} does not answer: {error}") from error
    try:
        answer: object = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise CommandFailed(f"the API answered {response.status_code} without an object")
    if response.is_error:
        raise CommandFailed(str(answer.get("detail") or answer.get("title") or answer))
    return answer
