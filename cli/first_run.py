"""What `contender up` does once the services are healthy: demo data, and a champion each."""

from __future__ import annotations

from pipelines.settings import Settings


def bring_up_champions(settings: Settings) -> None:
    """Generate missing demo data, and train and promote each model without a champion."""


def champions(settings: Settings) -> list[dict[str, object]]:
    """Return the head of the decision log for each model."""
    return []


def print_welcome(settings: Settings, *, detached: bool) -> None:
    """Print the addresses, the champions and one request to try."""
