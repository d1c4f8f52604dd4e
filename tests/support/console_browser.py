"""A browser before the console: what it asks for, complains of, and would keep from somebody."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Request

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-quic", "--force-color-profile=srgb"),
)
PATIENCE_MS = 60_000
SIZE = {"width": 1360, "height": 860}
CONSOLE = Path(__file__).parents[2] / "console"
AXE = CONSOLE / "node_modules" / "axe-core" / "axe.min.js"
PICTURES = Path(__file__).parents[2] / "docs" / "console"
COLOURS = 256
SEVERE = ("serious", "critical")
HARMLESS = re.compile(r"Failed to load resource|net::ERR_")
"""Said by the browser itself of requests that a test has cut off; pages' own faults are others."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Debian's Chromium."""
    from playwright.sync_api import expect, sync_playwright

    program = shutil.which("chromium")
    if program is None:
        pytest.fail("chromium is not installed; `make setup` says how to get it")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


def sees_pictures(page: Page) -> None:
    """Wait until all pictures of a page are there.

    Looked at from outside: the page's policy lets no script wait inside that came as text.
    """
    from playwright.sync_api import expect

    for picture in page.locator("img").all():
        expect(picture).not_to_have_js_property("naturalWidth", 0)


@dataclass(eq=False)
class Console:
    """One person's browser at the console of `api`."""

    api: str
    context: BrowserContext
    page: Page
    asked: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @classmethod
    def opened(cls, browser: Browser, api: str, *, english: bool = True, dark: bool = False):
        """Open a browser that has never been here, of somebody with these wishes."""
        context = browser.new_context(
            viewport=SIZE,
            locale="en-GB" if english else "es-MX",
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE_MS)
        console = cls(api, context, context.new_page())
        context.on("request", console._asks)
        context.on("weberror", lambda error: console.faults.append(str(error.error)))
        context.on("console", lambda said: console._hears(said.type, said.text))
        return console

    def _asks(self, request: Request) -> None:
        self.asked.append(request.url)

    def _hears(self, kind: str, text: str) -> None:
        if kind == "error" and not HARMLESS.search(text):
            self.faults.append(text)

    def goes_to(self, path: str) -> Page:
        """Open one of the console's addresses and return the page."""
        self.page.goto(f"{self.api}{path}")
        return self.page

    @property
    def went_elsewhere(self) -> list[str]:
        """Return what was asked of anything but the server that the page came from."""
        own = (f"{self.api}/", "data:", "blob:")
        return [url for url in self.asked if not url.startswith(own)]

    def barriers(self) -> list[str]:
        """Return what axe finds that would shut somebody out, in a sentence each."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{one['id']} ({one['impact']}): {node['html'][:160]} {node['failureSummary']}"
            for one in found["violations"]
            if one["impact"] in SEVERE
            for node in one["nodes"]
        ]

    def pictured(self, name: str) -> None:
        """Keep what is seen as a small picture of the manual."""
        from PIL import Image

        PICTURES.mkdir(exist_ok=True)
        seen = Image.open(io.BytesIO(self.page.screenshot()))
        # Rare colours are what a picture of a page is about: marks, flags, points.
        few = seen.convert("RGB").quantize(
            COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
        )
        few.save(PICTURES / f"{name}.png", optimize=True)
