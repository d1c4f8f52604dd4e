"""The whole loop in a real browser: a person reviews lines, has the model retrained, sees the
version that won answer, and goes back to the one before."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(1500),
]
MODEL = "product_codes"
TITLE = "Product codes"
BETTER = {"alpha": "1e-6", "epochs": "5", "minimum_texts": "2", "word_run": "2"}
LINES = 5
REASON = "what the desk has taught"
RETRAINED_SECONDS = 600
REPLAYED_MS = 150_000


@pytest.fixture
def record(stack):
    """Return a decision's record, as the server has it."""
    with httpx.Client(base_url=stack.api, timeout=30, trust_env=False) as client:
        yield lambda decision: client.get(f"/v1/decisions/{decision}").json()["record"]


def review(page: Page) -> None:
    """Accept some lines as the desk offers them: doubtful ones first."""
    page.get_by_role("button", name="Who is reviewing?").click()
    page.get_by_role("textbox", name="Name").fill("Dora")
    page.keyboard.press("Enter")
    for done in range(LINES):
        line = page.locator('[role="option"][data-line][aria-selected="true"]')
        shown = line.get_attribute("data-line")
        page.keyboard.press("a" if done % 2 else "1")
        expect(page.locator(f'[data-line="{shown}"]')).to_have_attribute("aria-selected", "false")
    expect(page.get_by_text("to send")).to_have_count(0)


def act(page: Page, button: str, reason: str) -> None:
    """Say who wants it and why, and confirm."""
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Your name").fill("Dora")
    dialog.get_by_label("Reason", exact=True).fill(reason)
    dialog.get_by_role("button", name=button, exact=True).click()
    expect(dialog).to_have_count(0)


def titles(stack) -> dict[str, str]:
    """Return what the form calls each parameter."""
    address = f"{stack.api}/v1/models/{MODEL}/retrain-form"
    form = httpx.get(address, timeout=60, trust_env=False).json()["parameters"]
    return {name: form["properties"][name]["title"] for name in BETTER}


def champion_line(page: Page) -> Locator:
    """Return who is champion by the model's card of the board."""
    return page.locator("article.model-card").filter(has_text=TITLE).locator("dd").first


def retrain(page: Page, stack) -> None:
    """Ask for a retraining by the form that the flow's own parameters make."""
    page.get_by_role("button", name="Retrain").click()
    for name, title in titles(stack).items():
        page.get_by_role("dialog").get_by_label(title, exact=True).fill(BETTER[name])
    act(page, "Retrain", REASON)
    expect(page.get_by_text("Retraining under way")).to_be_visible()


def test_reviewed_lines_and_a_retraining_change_who_answers_and_a_rollback_changes_it_back(
    stack, visit, record, until
):
    before = stack.champion(MODEL)
    page = visit().goes_to("/review")
    review(page)
    page.keyboard.press("g")
    page.keyboard.press("b")
    expect(champion_line(page)).to_contain_text(f"v{before}")
    page.get_by_role("link", name=TITLE, exact=True).click()
    retrain(page, stack)
    running = page.locator(".now").get_by_role("link")
    expect(running).to_have_attribute("href", re.compile(f"{stack.prefect}/runs/flow-run/.+"))

    until(lambda: stack.champion(MODEL) != before, RETRAINED_SECONDS)
    now = stack.champion(MODEL)
    expect(page.locator(".champion-name")).to_contain_text(f"v{now}")
    page.locator(".champion-card").get_by_role("link", name=re.compile("^d0")).click()
    expect(page.get_by_role("heading", name=f"Version {now} is better")).to_be_visible()
    page.get_by_role("button", name="Compute again").click()
    expect(page.get_by_text("Exactly the same comes out")).to_be_visible(timeout=REPLAYED_MS)
    decided = record(page.url.rpartition("/")[2])
    assert decided["verdict"] == "promoted"
    assert (decided["trigger"]["actor"], decided["trigger"]["reason"]) == ("Dora", REASON)
    rows = [int(decided[one]["training_window"]["rows"]) for one in ("champion", "challenger")]
    assert rows[0] < rows[1]

    page.goto(f"{stack.api}/playground/{MODEL}")
    page.get_by_role("textbox", name="Type a product").fill("martillo de uña 16 oz")
    expect(page.get_by_text(f"Version {now}", exact=True)).to_be_visible()
    page.goto(f"{stack.api}/models/{MODEL}")
    page.get_by_role("button", name="Roll back").click()
    act(page, "Roll back", "a test")
    until(lambda: stack.champion(MODEL) == before, 120)
    page.goto(f"{stack.api}/board")
    expect(champion_line(page)).to_contain_text(f"v{before}")
