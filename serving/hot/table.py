"""Which operation a plain request asks, by its path; looked up by the middleware and the wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from starlette.datastructures import State

from pipelines.access.roles import Role
from serving.access.door import Door
from serving.access.rules import rule_of
from serving.hot.calls import JSON, AtOnce, HotRoute, Operation
from serving.hot.rounds import Rounds
from serving.metrics.tallies import Tallies
from serving.observability.access_log import AccessLog
from serving.tracing.sampling import Sampling


class Place(NamedTuple):
    """An operation at one path; `model` is the one that the path names, if any."""

    method: str
    template: str
    operation: Operation
    model: str
    at_once: AtOnce | None
    asks: str
    """The model whose requests are counted here."""
    needed: Role


class HotTable:
    """The hot routes of one application, and what they need to be asked."""

    def __init__(
        self,
        routes: Iterable[HotRoute],
        models: Iterable[str],
        *,
        state: State,
        door: Door,
        limit_bytes: int,
        tallies: Tallies,
        access: AccessLog,
    ) -> None:
        known = tuple(models)
        self.state = state
        self.door = door
        self.limit_bytes = limit_bytes
        self.tallies = tallies
        self.access = access
        self.sampling: Sampling | None = None
        """What decides which requests are traced, where any are."""
        self.rounds = Rounds()
        self.places = {
            path: Place(
                route.method,
                route.path,
                route.operation,
                model,
                route.at_once,
                model or route.model,
                rule.role,
            )
            for route in routes
            # What changes something passes the gate, which looks for pages from elsewhere and tells
            # the audit log.
            if (rule := rule_of(route.method, route.path)) and not rule.changes
            for path, model in route.paths(known).items()
        }
        self.at_once = {
            path.encode(): place for path, place in self.places.items() if place.at_once
        }
        """Those that may be answered without waiting, by the path as it is on the wire."""

    def is_plain(self, place: Place, headers: Mapping[bytes, bytes], limit_bytes: int) -> bool:
        """Return whether nothing but the operation needs to look at a request."""
        if b"transfer-encoding" in headers or b"content-encoding" in headers:
            return False
        declared = headers.get(b"content-length", b"0")
        if place.method == "GET":
            return declared == b"0"
        said = headers.get(b"content-type", b"")
        return (
            (said == JSON or said.partition(b";")[0].strip().lower() == JSON)
            and declared.isdigit()
            and 0 < int(declared) <= limit_bytes
        )
