"""Problem details (RFC 9457): the one shape in which this server says no.

A domain interface whose clients expect another shape brings a renderer for its paths; what is
said stays the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

import orjson
from fastapi import Response

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Problem:
    """What went wrong: `slug` for programs, `title` for its kind, `detail` for this occurrence."""

    status: int
    slug: str
    detail: str
    title: str = ""
    errors: tuple[Mapping[str, object], ...] = ()
    """Each offending place, where there are several."""
    headers: Mapping[str, str] = field(default_factory=dict)

    def as_json(self, instance: str, request_id: str) -> dict[str, object]:
        """Return the members of the document for one request."""
        document: dict[str, object] = {
            "type": f"urn:contender:problem:{self.slug}",
            "title": self.title or HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "instance": instance,
            "request_id": request_id,
        }
        return document | ({"errors": list(self.errors)} if self.errors else {})


Renderer = Callable[[Problem], Response]


@dataclass(frozen=True)
class Dialect:
    """The paths, with all that lies below them, whose clients expect problems in another shape.

    A segment `*` of a path stands for any one segment, such as the name of a model.
    """

    paths: tuple[str, ...]
    render: Renderer

    def covers(self, path: str) -> bool:
        """Return whether `path` is one of these or lies below one."""
        segments = path.split("/")
        return any(_lies_at(own.split("/"), segments) for own in self.paths)


def _lies_at(own: Sequence[str], segments: Sequence[str]) -> bool:
    # A path that is shorter than ours lies above it.
    return len(own) <= len(segments) and all(
        mine in ("*", given) for mine, given in zip(own, segments, strict=False)
    )


def respond(
    problem: Problem, path: str, request_id: str, dialects: tuple[Dialect, ...] = ()
) -> Response:
    """Return a problem as the clients of `path` expect it."""
    for dialect in dialects:
        if dialect.covers(path):
            response = dialect.render(problem)
            response.headers.update(problem.headers)
            return response
    return Response(
        orjson.dumps(problem.as_json(path, request_id)),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=dict(problem.headers),
    )
