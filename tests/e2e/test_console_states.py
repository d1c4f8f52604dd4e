"""Pages of the console while an answer is on its way, when there is none, and when it is old.

The pages and their server are real; the browser holds back, breaks or empties some answers.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, Route, expect

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(600),
]
PROBLEM = {"type": "about:blank", "title": "Busy", "status": 503, "detail": "The store is away."}
LATER_MS = 3_600_000


@dataclass(frozen=True)
class Place:
    """A page, the answer it lives on, and what is seen once it has that answer."""

    path: str
    asked: str
    seen: str


PLACES = {
    "review": Place("/", "**/v1/review/lines?*", '[role="option"][data-line]'),
    "board": Place("/board", "**/v1/board", "article.model-card"),
    "model": Place("/models/product_codes", "**/v1/models/product_codes/story", "svg .point"),
    "decision": Place("/decisions/{first}", "**/explanation", ".decision-parts table"),
    "monitoring": Place("/monitoring", "**/v1/board", ".monitored a"),
    "playground": Place("/playground", "**/v1/models", ".play-models a"),
}
EMPTY = {
    "review": "All reviewed",
    "board": "No model is configured",
    "model": "There is no champion yet",
    "monitoring": "There are no models",
    "playground": "No model is served yet",
}
everywhere = pytest.mark.parametrize("name", PLACES)
brought_up_to_date = pytest.mark.parametrize("name", ["board", "model", "monitoring", "review"])


@pytest.fixture(scope="module")
def first(stack) -> str:
    """Return the decision that made the first champion of product codes."""
    decisions = stack.json("decisions", "--model", "product_codes")
    return next(one["decision_id"] for one in decisions if one["verdict"] == "first_champion")


class Barred:
    """Stands between a page and its server: holds answers back, breaks them, or lets them pass."""

    def __init__(self) -> None:
        self.way = "held"
        self._held: list[Route] = []

    def __call__(self, route: Route) -> None:
        if self.way == "held":
            self._held.append(route)
        elif self.way == "broken":
            problem = json.dumps(PROBLEM)
            route.fulfill(status=503, content_type="application/problem+json", body=problem)
        else:
            route.continue_()

    def becomes(self, way: str) -> None:
        self.way = way
        held, self._held = self._held, []
        for route in held:
            self(route)


def emptied(route: Route) -> None:
    """Answer as a server of a shop that has nothing yet."""
    received = route.fetch()
    nothing = {key: [] for key, value in received.json().items() if isinstance(value, list)}
    route.fulfill(response=received, json={**received.json(), **nothing})


def seen(page: Page, place: Place):
    return page.locator(place.seen).first


@everywhere
def test_a_page_says_that_it_waits_then_what_went_wrong_and_tries_again(visit, first, name):
    place = PLACES[name]
    console, barred = visit(), Barred()
    page = console.page
    page.route(place.asked, barred)
    console.goes_to(place.path.format(first=first))
    expect(page.locator(".skeleton, [aria-busy=true]").first).to_be_attached()
    expect(seen(page, place)).to_have_count(0)

    barred.becomes("broken")
    told = page.get_by_role("alert").filter(has_text="The store is away.")
    expect(told).to_be_visible()
    assert console.barriers() == []
    barred.becomes("open")
    page.get_by_role("button", name="Try again").click()

    expect(seen(page, place)).to_be_attached()
    expect(told).to_have_count(0)


@pytest.mark.parametrize("name", EMPTY)
def test_a_page_with_nothing_to_show_says_why(visit, name):
    console = visit()
    console.page.route(PLACES[name].asked, emptied)

    console.goes_to(PLACES[name].path)

    expect(console.page.get_by_text(EMPTY[name])).to_be_visible()
    assert console.barriers() == []


@brought_up_to_date
def test_a_page_that_cannot_be_brought_up_to_date_keeps_what_it_shows_and_says_so(visit, name):
    place = PLACES[name]
    console = visit()
    page = console.page
    page.clock.install()
    console.goes_to(place.path)
    expect(seen(page, place)).to_be_attached()
    page.route("**/v1/**", lambda route: route.abort())

    page.clock.fast_forward(LATER_MS)

    expect(
        page.get_by_text("What you see is from").or_(page.get_by_text("what you see is from"))
    ).to_be_visible()
    expect(page.get_by_text("Offline", exact=True)).to_be_visible()
    expect(seen(page, place)).to_be_attached()
    page.unroute("**/v1/**")
