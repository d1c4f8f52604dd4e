"""One whole stack for the session: real services in a home of its own, small models."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import httpx
import pytest
from console_browser import Console, chromium
from running_stack import SETTINGS, Stack, contender, free_ports, processes_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# The manual's pictures are taken when they are asked for; nothing is skipped when they are not.
collect_ignore = [] if os.environ.get("CONTENDER_SCREENSHOTS") else ["test_console_pictures.py"]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    home, ports = tmp_path_factory.mktemp("stack"), free_ports()
    (home / "contender.toml").write_text(SETTINGS)
    try:
        said = contender(home, ports, "up", "--detach").stdout
        yield Stack(home, ports, said)
    finally:
        contender(home, ports, "down")
    assert [process.cmdline() for process in processes_of(home)] == []


@pytest.fixture
def until() -> Callable[[Callable[[], bool], float], None]:
    """Wait for something to become true; a service that is away counts as not yet."""

    def wait(condition: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if condition():
                    return
            except (httpx.HTTPError, KeyError, ValueError):
                pass
            time.sleep(0.25)
        raise AssertionError(f"it did not happen within {seconds:.0f} s")

    return wait


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def visit(browser: Browser, stack: Stack) -> Iterator[Callable[..., Console]]:
    """Open the console in browsers that have never been there; none may have asked anybody else
    for anything, nor have found a fault in a page."""
    opened: list[Console] = []

    def visit(**wishes: bool) -> Console:
        opened.append(Console.opened(browser, stack.api, **wishes))
        return opened[-1]

    yield visit
    for console in opened:
        console.context.close()
    assert [url for console in opened for url in console.went_elsewhere] == []
    assert [fault for console in opened for fault in console.faults] == []
