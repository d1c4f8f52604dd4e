"""Every page of the console in a real browser: alive, open to everybody, quick, and by itself."""

from __future__ import annotations

import time
from dataclasses import dataclass

import httpx
import pytest
from console_browser import CONSOLE, Console
from playwright.sync_api import Page, expect

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(600),
]


@dataclass(frozen=True)
class Place:
    """An address of the console, and what is there once it is alive."""

    path: str
    seen: str
    """A selector of what only a page with content has."""
    at_least: int = 1


PLACES = {
    "review": Place("/", '[role="option"][data-line]', 20),
    "board": Place("/board", "article.model-card .figure", 5),
    "model": Place("/models/product_codes", "svg .point"),
    "errors": Place("/models/product_codes?show=quality", "[role=tabpanel] svg"),
    "decisions": Place("/models/product_codes?show=decisions", "[role=tabpanel] a[href^='/dec']"),
    "rollouts": Place("/models/product_codes?show=rollouts", "[role=tabpanel] .state"),
    "decision": Place("/decisions/{first}", ".decision-parts table"),
    "monitoring": Place("/monitoring", ".monitored a", 5),
    "codes": Place("/playground", ".play-text mark"),
    "customers": Place("/playground/product_recommendations", ".play-picked img", 6),
    "forecast": Place("/playground/demand_forecast", ".play-forecast canvas"),
}
SERVICES = ("MLflow", "Prefect")
FIRST_VIEW_SECONDS = 1.5
BUNDLE_BYTES = 200_000
NARROW = 390
"""Pixels: a telephone held upright."""


@pytest.fixture(scope="module")
def first(stack) -> str:
    """Return the decision that made the first champion of product codes."""
    address = f"{stack.api}/v1/decisions?model=product_codes&limit=500"
    found = httpx.get(address, timeout=30, trust_env=False).json()["decisions"]
    return next(one["decision_id"] for one in found if one["verdict"] == "first_champion")


def shows(console: Console, place: Place, first: str) -> Page:
    """Open a page and wait for what it is there for."""
    page = console.goes_to(place.path.format(first=first))
    expect(page.locator(place.seen).nth(place.at_least - 1)).to_be_attached()
    expect(page.locator(".skeleton, [aria-busy=true]")).to_have_count(0)
    return page


@pytest.mark.parametrize("name", PLACES)
def test_a_page_is_alive_and_shuts_nobody_out(visit, first, name):
    console = visit(english=False)
    page = shows(console, PLACES[name], first)
    expect(page.locator("html")).to_have_attribute("lang", "es")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    assert console.barriers() == []

    page.get_by_role("button", name="English").click()
    page.get_by_role("button", name="Switch to the dark theme").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert console.barriers() == []


def test_a_change_of_theme_reaches_the_deepest_text_at_once(visit, first):
    page = shows(visit(), PLACES["forecast"], first)

    inks = page.evaluate(
        """() => {
            const deep = document.querySelector(".u-legend .u-label");
            const ink = (one) => getComputedStyle(one).color;
            const before = ink(deep);
            document.documentElement.dataset.theme = "dark";
            return [before, ink(deep), ink(document.documentElement)];
        }"""
    )

    assert inks[0] != inks[1] == inks[2]


def test_a_barrier_would_be_found(visit, first):
    console = visit()
    page = shows(console, PLACES["board"], first)

    page.evaluate("document.querySelector('main').append(document.createElement('button'))")

    assert [barrier.split()[0] for barrier in console.barriers()] == ["button-name"]


def test_language_and_theme_are_those_of_the_browser_until_somebody_chooses(visit, first):
    console = visit(english=True, dark=True)
    page = shows(console, PLACES["board"], first)
    expect(page.locator("html[lang=en][data-theme=dark]")).to_be_attached()

    page.get_by_role("button", name="Español").click()
    page.get_by_role("button", name="Cambiar al tema claro").click()
    page.reload()

    expect(page.locator("html[lang=es][data-theme=light]")).to_be_attached()


def test_links_into_mlflow_and_prefect_lead_to_what_they_name(stack, visit, first):
    page = shows(visit(), PLACES["board"], first)
    links = [page.get_by_role("link", name=name).get_attribute("href") for name in SERVICES]
    assert [str(link).rstrip("/") for link in links] == [stack.mlflow, stack.prefect]

    page = shows(visit(), PLACES["model"], first)
    link = page.locator(f"a[href^='{stack.mlflow}']").first.get_attribute("href")
    assert link == f"{stack.mlflow}/#/models/product_codes"


def test_the_first_view_comes_within_its_time_and_the_bundle_is_small(visit, first):
    seconds = []
    deadline = time.monotonic() + 240
    # The best of several: a busy machine says nothing about the page.
    while min(seconds, default=9.0) >= FIRST_VIEW_SECONDS and time.monotonic() < deadline:
        console = visit()
        began = time.monotonic()
        console.goes_to("/")
        console.page.locator(PLACES["review"].seen).first.wait_for()
        seconds.append(time.monotonic() - began)
        console.page.close()
    assert min(seconds) < FIRST_VIEW_SECONDS

    files = list((CONSOLE / "dist").rglob("*.gz"))
    assert len(files) > 5
    assert sum(file.stat().st_size for file in files) < BUNDLE_BYTES


@pytest.mark.parametrize("name", ["board", "monitoring"])
def test_a_narrow_screen_shows_every_section_and_nothing_beside_the_page(visit, first, name):
    console = visit()
    console.page.set_viewport_size({"width": NARROW, "height": 844})
    page = shows(console, PLACES[name], first)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW
    boxes = [section.bounding_box() for section in page.locator(".section").all()]
    assert len(boxes) == 4
    assert all(box and box["x"] >= 0 and box["x"] + box["width"] <= NARROW for box in boxes)
