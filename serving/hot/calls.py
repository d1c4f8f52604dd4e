"""What an operation of the fast path is asked, and what it says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import State

from pipelines.contract import Row
from serving.bodies import QUICK_BYTES
from serving.live import generations
from serving.live.answers import Answered, ServedModel
from serving.services import Services

JSON = b"application/json"
QUICK_ROWS = 32
"""Answers of more instances are written by a thread; for fewer, it would cost more than that."""
T = TypeVar("T")
Header = tuple[bytes, bytes]


class Call(NamedTuple):
    """One request, its body received and nothing of it read yet."""

    state: State
    """What the application and its interfaces keep at `app.state`."""
    request_id: str
    body: bytes
    query: bytes = b""
    model: str = ""
    """The model that the path names, where it names one."""

    @property
    def services(self) -> Services:
        """The collaborators of the application."""
        services: Services = self.state.services
        return services

    async def read(self, decode: Callable[[bytes], T]) -> T:
        """Return what `decode` makes of the body; a long one does not hold up the event loop."""
        if len(self.body) <= QUICK_BYTES:
            return decode(self.body)
        return await run_in_threadpool(decode, self.body)

    def tell(self, served: ServedModel, instances: int) -> None:
        """Have instances counted that a version has answered."""
        self.services.telemetry.tallies.answered(served.name, served.version, instances)

    async def write(self, answered: Answered, encode: Callable[[Answered], T]) -> T:
        """Count the answer and return it encoded; a long one does not hold up the event loop."""
        instances = len(answered.rows)
        self.tell(answered.model, instances)
        if instances <= QUICK_ROWS:
            return encode(answered)
        return await run_in_threadpool(encode, answered)


class Reply(NamedTuple):
    """An answer as it leaves, JSON where `headers` name no other type."""

    body: bytes
    status: int = 200
    headers: tuple[Header, ...] = ()
    media_type: bytes = JSON
    served: ServedModel | None = None
    """What answered, where nothing else will tell whoever writes a line about it."""


Operation = Callable[[Call], Awaitable[Reply]]


class Question(NamedTuple):
    """What a request asks of a model, and how its answer becomes a reply."""

    model: str
    instances: Sequence[Row]
    finish: Callable[[Call, Answered], Reply]
    logged: Sequence[Row] | None = None


AtOnce = Callable[[Call], Question | None]
"""Reads a request that may need no waiting; None (or any error) where it is not one."""


class HotRoute(NamedTuple):
    """An operation and where it is asked; `path` may hold `{name}`, which is a model's."""

    method: str
    path: str
    operation: Operation
    at_once: AtOnce | None = None
    """Reads the same request where it can be answered without waiting; its answer is a 200."""
    model: str = ""
    """The model that it asks, where its path names none."""

    def paths(self, models: Iterable[str]) -> dict[str, str]:
        """Return each path that is meant, and the model that it names."""
        if "{name}" not in self.path:
            return {self.path: ""}
        return {self.path.replace("{name}", model): model for model in models}


async def documented(request: Request, operation: Operation, model: str = "") -> Response:
    """Ask an operation on behalf of its FastAPI route; `model` is what its path names."""
    reply = await operation(
        Call(
            request.app.state,
            request.scope["state"]["request_id"],
            await request.body(),
            request.scope["query_string"],
            model,
        )
    )
    response = Response(reply.body, reply.status, media_type=reply.media_type.decode())
    response.raw_headers.extend(reply.headers)
    return response


def question(
    model: str,
    instances: Sequence[Row],
    encode: Callable[[Answered], bytes],
    logged: Sequence[Row] | None = None,
) -> Question:
    """Return a question whose answer is encoded, counted, and named by its generation."""

    def finish(call: Call, answered: Answered) -> Reply:
        call.tell(answered.model, len(instances))
        served = answered.model
        told = (generations.header(served.generation),)
        return Reply(encode(answered), headers=told, served=served)

    return Question(model, instances, finish, logged)


def reply_of(response: Response) -> Reply:
    """Return a plain response as a reply."""
    told = dict(response.raw_headers)
    media_type = told.pop(b"content-type", JSON)
    told.pop(b"content-length", None)
    return Reply(bytes(response.body), response.status_code, tuple(told.items()), media_type)
