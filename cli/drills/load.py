"""Clients that ask without end, and remember what they were answered and by which version."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType

import httpx

from cli.drills.goods import MODEL, question

CLIENTS = 3
SIZES = (1, 3, 10)
"""Questions in a request, by client: single ones, and small batches."""
PAUSE_SECONDS = 0.02
TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class Answer:
    """One answer that arrived; times are `time.monotonic`."""

    client: int
    asked_at: float
    at: float
    version: str
    decision_id: str
    prediction_ids: tuple[str, ...]


@dataclass(frozen=True)
class Refusal:
    """One request without an answer: a status, or none where the connection broke.

    A status of 200 is one that says nothing which an answer has to.
    """

    asked_at: float
    at: float
    status: int | None
    said: str
    retry_after: bool = False
    """Whether it says when to ask again."""


class Load:
    """Asks `address` for predictions from several clients at once, inside a `with` block."""

    def __init__(self, address: str, model: str = MODEL, clients: int = CLIENTS) -> None:
        self._url = f"{address}/v1/models/{model}/predict"
        self._model = model
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(number,), name=f"client-{number}")
            for number in range(clients)
        ]
        self.answers: list[Answer] = []
        self.refusals: list[Refusal] = []

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    @property
    def ids(self) -> list[str]:
        """The id of every prediction that somebody was told."""
        return [name for answer in list(self.answers) for name in answer.prediction_ids]

    def decisions(self, since: float = 0.0) -> set[str]:
        """Return the decisions that answers named which were asked for since a moment."""
        return {answer.decision_id for answer in list(self.answers) if answer.asked_at >= since}

    @property
    def named(self) -> set[tuple[str, str]]:
        """The decisions that answers named, each with the model that was asked."""
        return {(self._model, decision) for decision in self.decisions()}

    def answered_since(self, moment: float) -> int:
        """Return how many requests were asked and answered since a moment."""
        return sum(answer.asked_at >= moment for answer in list(self.answers))

    def clients_answered(self, moment: float) -> int:
        """Return how many of the clients were answered what they asked since a moment."""
        return len({answer.client for answer in list(self.answers) if answer.asked_at >= moment})

    def recovery(self, moment: float) -> float:
        """Return the seconds from a fault until nothing is refused any more; 0 where nothing was.

        Counted up to the answer that follows the last refusal, whoever asked for it.
        """
        refused = [refusal.at for refusal in list(self.refusals) if refusal.at >= moment]
        if not refused:
            return 0.0
        after = [answer.at for answer in list(self.answers) if answer.asked_at >= max(refused)]
        return (min(after) if after else time.monotonic()) - moment

    def refused(self) -> str:
        """Say how many requests were refused and why, in one line."""
        reasons = Counter(str(refusal.status or "cut") for refusal in list(self.refusals))
        return ", ".join(f"{count} x {reason}" for reason, count in sorted(reasons.items()))

    def _ask(self, number: int) -> None:
        body = {
            "instances": [question(number + each) for each in range(SIZES[number % len(SIZES)])]
        }
        with httpx.Client(trust_env=False, timeout=TIMEOUT_SECONDS) as client:
            while not self._over.wait(PAUSE_SECONDS):
                self._ask_once(number, client, body)

    def _ask_once(self, number: int, client: httpx.Client, body: Mapping[str, object]) -> None:
        asked_at = time.monotonic()
        try:
            response = client.post(self._url, json=body)
        except httpx.RequestError as error:
            self.refusals.append(Refusal(asked_at, time.monotonic(), None, repr(error)))
            return
        at = time.monotonic()
        if response.status_code != httpx.codes.OK:
            said, again = response.text[:200], "Retry-After" in response.headers
            self.refusals.append(Refusal(asked_at, at, response.status_code, said, again))
            return
        try:
            found = response.json()
            served, names = found["model"], tuple(found["prediction_ids"])
            told = Answer(number, asked_at, at, served["version"], served["decision_id"], names)
        except (ValueError, KeyError, TypeError) as error:
            # It is no answer, whatever it calls itself; and this client has to ask on.
            self.refusals.append(Refusal(asked_at, at, response.status_code, repr(error)))
            return
        self.answers.append(told)
