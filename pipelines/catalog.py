"""The catalogue: families found by name among the installed entry points, never imported."""

from __future__ import annotations

from importlib.metadata import entry_points

from pipelines.contract import ModelFamily

GROUP = "contender.families"


class UnknownFamily(LookupError):
    """No installed family has that name; the message lists those that there are."""


def names() -> tuple[str, ...]:
    """Return the names of the installed families, sorted."""
    return tuple(sorted(entry_points(group=GROUP).names))


def family(name: str) -> ModelFamily:
    """Return the family called `name`. Raises `UnknownFamily`."""
    matches = entry_points(group=GROUP, name=name)
    if not matches:
        raise UnknownFamily(f"no model is called {name!r}; there are: {', '.join(names())}")
    found = next(iter(matches)).load()
    if not isinstance(found, ModelFamily):
        raise UnknownFamily(f"entry point {name!r} of group {GROUP} is not a ModelFamily")
    return found
