"""Finds the route that a request will reach, before it reaches it, and with it the rule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.types import Scope

from serving.access.rules import Rule, rule_of

REMEMBERED = 2_000
LONGEST_REMEMBERED = 200
"""Of longer paths, and of those that lead nowhere, somebody could make as many as he likes."""


class Asked(NamedTuple):
    """The route that a request asks. Without a rule nobody may."""

    action: str
    """Method and path, as the route is written."""
    rule: Rule | None
    route: BaseRoute


class Routes:
    """The routes of an application, in the order in which it tries them."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._routes = tuple(routes)
        self._known: dict[tuple[str, str], Asked] = {}

    def asked(self, scope: Scope) -> Asked | None:
        """Return the route of a request; None where the application has none of that method."""
        method, path = scope["method"], scope["path"]
        if known := self._known.get((method, path)):
            return known
        found = self._find(scope)
        if found is not None and len(path) <= LONGEST_REMEMBERED:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[method, path] = found
        return found

    def declared(self) -> Sequence[tuple[str, Rule | None]]:
        """Return every route with its rule, or None where it has none."""
        return [
            (f"{method} {path}", rule_of(method, path))
            for route in self._routes
            for method, path in _written(route)
        ]

    def _find(self, scope: Scope) -> Asked | None:
        for route in self._routes:
            if route.matches(scope)[0] is Match.FULL:
                method = "*" if isinstance(route, Mount) else scope["method"]
                path = str(getattr(route, "path", ""))
                return Asked(f"{method} {path}", rule_of(method, path), route)
        return None


def _written(route: BaseRoute) -> list[tuple[str, str]]:
    if isinstance(route, Route):
        return [(method, route.path) for method in sorted(route.methods or ("*",))]
    return [("*", str(getattr(route, "path", "")))]
