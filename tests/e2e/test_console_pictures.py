"""The pictures of docs/console.md, taken of the running console when they are asked for:
`CONTENDER_SCREENSHOTS=1 pytest tests/e2e/test_console_loop.py tests/e2e/test_console_pictures.py`
"""

from __future__ import annotations

from dataclasses import dataclass

import httpx
import pytest
from console_browser import PICTURES
from playwright.sync_api import Page, expect

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(600),
]
LARGEST_BYTES = 150_000


@dataclass(frozen=True)
class Picture:
    """What is pictured, and what must be in view for it."""

    path: str
    seen: str
    dark: bool = False


TAKEN = {
    "review": Picture("/", ".line-panel img"),
    "board": Picture("/board", "article.model-card .figure"),
    "model": Picture("/models/product_codes", "svg .point"),
    "decision": Picture("/decisions/{decision}", ".decision-parts table", dark=True),
    "recommendations": Picture("/playground/product_recommendations", ".play-picked img"),
    "forecast": Picture("/playground/demand_forecast", ".play-forecast canvas", dark=True),
}


@pytest.fixture
def decision(stack) -> str:
    """Return the newest verdict about product codes."""
    address = f"{stack.api}/v1/decisions?model=product_codes&limit=500"
    found = httpx.get(address, timeout=30, trust_env=False).json()["decisions"]
    return next(one["decision_id"] for one in found if one["kind"] == "verdict")


def comes_to_rest(page: Page) -> None:
    """Wait until all that a page asks for is there and drawn."""
    page.wait_for_load_state("networkidle")
    expect(page.locator(".skeleton, [aria-busy=true]")).to_have_count(0)
    for picture in page.locator("img").all():
        expect(picture).to_have_js_property("complete", True)


@pytest.mark.parametrize("name", TAKEN)
def test_the_manual_shows_the_console_as_it_is(visit, decision, name):
    picture = TAKEN[name]
    console = visit(dark=picture.dark)
    page = console.goes_to(picture.path.format(decision=decision))
    expect(page.locator(picture.seen).first).to_be_visible()
    comes_to_rest(page)

    console.pictured(name)

    assert 10_000 < (PICTURES / f"{name}.png").stat().st_size <= LARGEST_BYTES
