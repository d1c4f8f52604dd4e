"""The review desk in a real browser, by keyboard alone, with and without a connection."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Error, Page, expect
from waiting import wait_for

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(600),
]
CHOICES = "**/v1/review/choices"


@pytest.fixture
def ask(stack):
    """Ask the server what a page's reader can't see: what it has kept."""
    with httpx.Client(base_url=stack.api, timeout=30, trust_env=False) as client:
        yield lambda path: client.get(path).raise_for_status().json()


DECIDED_LINES = 5
"""As many ways as there are to decide a line, each on a line of its own."""


def current(page: Page) -> str:
    """Return the line in view."""
    shown = page.locator('[role="option"][data-line][aria-selected="true"]')
    return shown.get_attribute("data-line") or ""


def opened_desk(console) -> Page:
    page = console.goes_to("/")
    page.get_by_role("listbox", name="Order lines").wait_for()
    return page


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def decide(page: Page, key: str) -> str:
    """Decide the line in view by a key, and return which it was once the next is in view."""
    line = current(page)
    press(page, key)
    expect(page.locator(f'[data-line="{line}"]')).to_have_attribute("aria-selected", "false")
    return line


def introduce(page: Page, name: str) -> None:
    """Say who reviews, where the desk asks for it."""
    page.get_by_role("textbox", name="Name").wait_for()
    page.keyboard.type(name)
    press(page, "Enter")
    expect(page.get_by_role("button", name=f"Reviewer: {name}")).to_be_visible()


def introduced_desk(console, ask, name: str) -> Page:
    """Open the desk as somebody whose first choice, to skip a line, is with the server already."""
    page = opened_desk(console)
    line = current(page)
    press(page, "s")
    introduce(page, name)
    wait_for(lambda: chosen(ask, [line]))
    expect(page.get_by_text("to send")).to_have_count(0)
    return page


def message_of(ask, line: str) -> dict:
    [found] = [
        message
        for message in ask("/v1/review/lines")["messages"]
        if any(one["line_id"] == line for one in message["lines"])
    ]
    return found


def chosen(ask, lines: list[str]) -> list[dict]:
    """Return what the server has kept of these lines."""
    everything = ask("/v1/review/lines")["messages"]
    kept = {line["line_id"]: line["chosen"] for message in everything for line in message["lines"]}
    return [kept[line] for line in lines if kept[line]]


def another_code(page: Page, letters: str) -> str:
    """Look for a product by some letters, take the second that is found, return its code."""
    press(page, "/")
    page.keyboard.type(letters)
    products = page.locator("[role=listbox][aria-busy=false] > .found")
    expect(products.nth(1)).to_be_visible()
    code = products.nth(1).locator(".option-code").inner_text()
    press(page, "ArrowDown", "Enter")
    return code


def test_a_message_becomes_an_order_without_a_mouse(visit, ask):
    page = opened_desk(visit())
    while len(message_of(ask, current(page))["lines"]) < DECIDED_LINES:
        press(page, "J")
    first = current(page)
    message = message_of(ask, first)
    ids = [line["line_id"] for line in message["lines"]]
    press(page, "a")
    introduce(page, "Ana")
    expect(page.locator(f'[data-line="{first}"]')).to_have_attribute("aria-selected", "false")

    changed = decide(page, "2")
    searched, code = current(page), another_code(page, "martilo")
    press(page, "q")
    page.keyboard.type("7")
    press(page, "Enter")
    counted = decide(page, "a")
    skipped = decide(page, "s")
    press(page, "u")
    expect(page.locator(f'[data-line="{skipped}"]')).to_have_attribute("aria-selected", "true")
    decide(page, "s")
    while current(page) in ids:
        decide(page, "a")

    press(page, "K", "o")
    expect(page.get_by_role("dialog").get_by_role("button", name="Confirm order")).to_be_focused()
    press(page, "Enter")
    made = page.get_by_role("heading", name="confirmed")
    made.wait_for()
    order = ask(f"/v1/review/orders/{made.inner_text().split()[1]}.json")
    ordered = {line["line_id"]: line for line in order["lines"]}
    written = {line["line_id"]: line for line in message["lines"]}
    assert ordered.keys() == set(ids) - {skipped}
    assert order["reviewer"] == "Ana"
    assert ordered[first]["code"] == written[first]["code"]["value"]
    assert ordered[changed]["code"] == written[changed]["alternatives"][1]["code"]
    assert ordered[searched]["code"] == code
    assert ordered[counted]["quantity"] == 7
    press(page, "Escape")
    expect(page.get_by_text(message["message_id"], exact=True)).to_have_count(0)


def test_keys_lead_everywhere_and_say_what_they_are(visit):
    page = opened_desk(visit())
    press(page, "Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    assert skip.evaluate("one => getComputedStyle(one).outlineStyle") != "none"

    press(page, "?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    press(page, "Escape")
    for keys, title in (("gb", "Champions"), ("gm", "Monitoring"), ("gr", "Review desk")):
        press(page, *keys)
        expect(page.get_by_role("heading", name=title, level=1)).to_be_attached()


def test_what_is_chosen_without_a_connection_outlives_a_reload_and_is_sent(visit, ask):
    console = visit()
    page = introduced_desk(console, ask, "Berta")
    console.context.set_offline(True)
    lines = [decide(page, "a"), decide(page, "2")]
    expect(page.get_by_text("2 choices to send")).to_be_visible()
    expect(page.get_by_text("Offline", exact=True)).to_be_visible()
    assert chosen(ask, lines) == []
    with pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED"):
        page.reload()

    page.route(CHOICES, lambda route: route.abort())
    console.context.set_offline(False)
    page = opened_desk(console)
    expect(page.get_by_text("2 choices to send")).to_be_visible()
    page.unroute(CHOICES)

    expect(page.get_by_text("2 choices to send")).to_have_count(0)
    assert [one["action"] for one in chosen(ask, lines)] == ["accept", "change"]
    assert {one["by"] for one in chosen(ask, lines)} == {"Berta"}


def test_an_answer_that_is_lost_makes_no_choice_count_twice(visit, ask):
    console = visit()
    page = introduced_desk(console, ask, "Clara")
    before = ask("/v1/review/lines")["progress"]["done"]
    lost: list[int] = []

    def loses_the_first_answer(route) -> None:
        answer = route.fetch()
        lost.append(answer.status)
        if len(lost) == 1:
            route.abort()
        else:
            route.fulfill(response=answer)

    page.route(CHOICES, loses_the_first_answer)
    line = decide(page, "a")
    expect(page.get_by_text("1 choice to send")).to_be_visible()

    expect(page.get_by_text("1 choice to send")).to_have_count(0)
    assert lost == [200, 200]
    assert [one["action"] for one in chosen(ask, [line])] == ["accept"]
    assert ask("/v1/review/lines")["progress"]["done"] == before + 1
