"""Calls to the tracking server, and what can go wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import orjson

Document = dict[str, Any]
"""One JSON answer of the registry, before it becomes a class of `registry_client`."""
Login = tuple[str, str]
"""Name and password."""


class RegistryUnavailable(ConnectionError):
    """The registry does not answer; nothing is known about what it holds."""


class RegistryRefused(RuntimeError):
    """The registry answered, and its answer was no; the message is the registry's."""


class NoSuchVersion(LookupError):
    """The registry holds no such model, version, run or file."""


class RegistryHttp:
    """One connection pool to one server, with its errors told apart."""

    def __init__(self, base_url: str, timeout_seconds: float, login: Login | None = None) -> None:
        self.base_url = base_url.rstrip("/")
        # The registry is a neighbour; a proxy meant for the internet must not stand in between.
        self._http = httpx.Client(
            base_url=self.base_url,
            timeout=timeout_seconds,
            auth=login,
            trust_env=False,
            follow_redirects=False,
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, path: str, query: Mapping[str, str]) -> Document:
        """Return the JSON answer to a question."""
        return _document(self.request("GET", path, params=query))

    def call(self, method: str, path: str, body: object) -> Document:
        """Return the JSON answer to a JSON body."""
        return _document(self.request(method, path, content=orjson.dumps(body)))

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        """Return a successful response, or raise one of the three errors of this module."""
        headers = {"Content-Type": "application/json"} if content is not None else None
        ask = partial(
            self._http.request, method, path, params=params, content=content, headers=headers
        )
        try:
            try:
                response = ask()
            except httpx.RemoteProtocolError:
                # A kept connection that the server had just closed; a question may be asked twice.
                if method != "GET":
                    raise
                response = ask()
        except httpx.TransportError as error:
            raise self._away(error) from error
        if response.status_code >= 400:
            _raise_for(response)
        return response

    def save(self, path: str, target: Path) -> None:
        """Write the body of an answer to a file, however large it is."""
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self._http.stream("GET", path) as response:
                if response.status_code >= 400:
                    response.read()
                    _raise_for(response)
                with target.open("wb") as stream:
                    for chunk in response.iter_bytes():
                        stream.write(chunk)
        except httpx.TransportError as error:
            raise self._away(error) from error

    def _away(self, error: httpx.TransportError) -> RegistryUnavailable:
        return RegistryUnavailable(f"{self.base_url} does not answer: {error}")


def _raise_for(response: httpx.Response) -> None:
    try:
        answer = orjson.loads(response.content)
        code, message = str(answer["error_code"]), str(answer["message"])
    except (ValueError, KeyError, TypeError):
        code, message = "", response.text[:300]
    if response.status_code == httpx.codes.UNAUTHORIZED:
        raise RegistryUnavailable(
            f"{response.request.url.copy_with(path='/', query=None)} wants another name or "
            "password; set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
        )
    if code == "RESOURCE_DOES_NOT_EXIST" or response.status_code == 404:
        raise NoSuchVersion(message)
    if response.status_code >= 500:
        raise RegistryUnavailable(f"the registry answered {response.status_code}: {message}")
    raise RegistryRefused(message)


def _document(response: httpx.Response) -> Document:
    try:
        document: Document = orjson.loads(response.content)
    except ValueError as error:
        message = f"{response.url} answered something other than JSON; is that an MLflow server?"
        raise RegistryUnavailable(message) from error
    return document
