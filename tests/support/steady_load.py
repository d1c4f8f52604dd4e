"""Requests at a steady pace from a thread, remembering what failed and who answered."""

from __future__ import annotations

import threading

import httpx

PAUSE_SECONDS = 0.02


class SteadyLoad:
    """Asks one question again and again inside a `with` block."""

    def __init__(self, url: str, instance: dict) -> None:
        self._url = url
        self._body = {"instances": [instance] * 3}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._ask, name="steady-load")
        self.failures: list[str] = []
        self.versions: list[str] = []
        self.answers = 0

    @property
    def latest(self) -> str | None:
        return self.versions[-1] if self.versions else None

    def __enter__(self) -> SteadyLoad:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _ask(self) -> None:
        with httpx.Client(timeout=30, trust_env=False) as client:
            while not self._stopped.wait(PAUSE_SECONDS):
                try:
                    response = client.post(self._url, json=self._body)
                except httpx.HTTPError as error:
                    self.failures.append(repr(error))
                    continue
                if response.status_code != 200:
                    self.failures.append(f"{response.status_code} {response.text[:200]}")
                    continue
                self.answers += 1
                version = response.json()["model"]["version"]
                if version != self.latest:
                    self.versions.append(version)
