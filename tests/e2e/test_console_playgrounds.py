"""Every family's playground in a real browser: asked as a person asks, answered by the champion."""

from __future__ import annotations

import httpx
import pytest
from console_browser import sees_pictures
from playwright.sync_api import Page, Route, expect

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(600),
]


def is_traced(page: Page, stack, model: str) -> None:
    """See which version answered, and by which decision."""
    address = f"{stack.api}/v1/models/{model}"
    champion = httpx.get(address, timeout=30, trust_env=False).json()["champion"]
    decision = page.get_by_role("link", name=champion["decision_id"])
    expect(decision).to_have_attribute("href", f"/decisions/{champion['decision_id']}")
    expect(page.get_by_text(f"Version {champion['version']}", exact=True)).to_be_visible()


@pytest.mark.parametrize("model", ["product_codes", "product_categories"])
def test_a_typed_product_is_answered_with_the_words_that_weighed(stack, visit, model):
    page = visit().goes_to(f"/playground/{model}")

    page.get_by_role("textbox", name="Type a product").fill("martillo de uña 16 oz mango fibra")

    weighed = page.get_by_role("region", name="Words that weighed most").or_(
        page.locator(".card").filter(has_text="Words that weighed most")
    )
    expect(weighed.get_by_text("martillo").first).to_be_visible()
    is_traced(page, stack, model)


def test_a_customer_is_shown_what_is_recommended_and_why(stack, visit):
    page = visit().goes_to("/playground/product_recommendations")
    held: list[Route] = []
    late: list[bool] = []
    page.route(
        "**/entities?q=u70*", lambda route: route.continue_() if late else held.append(route)
    )
    page.get_by_role("combobox", name="Customer").fill("u70")
    page.keyboard.press("Enter")  # too early: nobody has seen yet who is found
    expect(page.get_by_role("heading", name="u1", exact=True)).to_be_visible()
    late.append(True)
    for route in held:
        route.continue_()
    expect(page.get_by_role("option").first).to_have_text("u70")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="u70", exact=True)).to_be_visible()

    expect(page.get_by_text("From what the customer bought")).to_be_visible()
    shown = page.locator(".play-picked img")
    expect(shown.nth(11)).to_be_visible()
    sees_pictures(page)
    is_traced(page, stack, "product_recommendations")


def test_clothes_are_shown_with_their_reasons(stack, visit):
    page = visit().goes_to("/playground/fashion_recommendations")

    expect(page.locator(".play-picked img").nth(3)).to_be_visible()
    sees_pictures(page)
    is_traced(page, stack, "fashion_recommendations")


def test_a_promotion_is_tried_on_a_products_forecast(stack, visit):
    page = visit().goes_to("/playground/demand_forecast")
    expect(page.locator(".play-forecast canvas")).to_be_visible()
    expect(page.get_by_text("Without the plan", exact=True)).to_have_count(0)

    page.get_by_role("button", name="All", exact=True).click()

    expect(page.get_by_text("Without the plan", exact=True)).to_be_visible()
    assert page.get_by_role("button", name="Promotion on", pressed=True).count() == 14
    is_traced(page, stack, "demand_forecast")


def test_a_form_of_the_versions_own_schema_refuses_what_the_schema_does(stack, visit):
    page = visit().goes_to("/playground/demand_forecast")
    page.get_by_role("tab", name="Form").click()
    address = f"{stack.api}/v1/models/demand_forecast"
    contract = httpx.get(address, timeout=30, trust_env=False).json()["contract"]
    form = page.locator("form.play-form")
    expect(form.locator("input, select, textarea")).to_have_count(
        len(contract["request_schema"]["properties"])
    )

    page.get_by_role("button", name="Ask").click()
    is_traced(page, stack, "demand_forecast")
    field = form.get_by_label("Days", exact=True)
    field.fill("0")

    expect(page.get_by_role("button", name="Ask")).to_be_disabled()
    expect(field).to_have_attribute("aria-invalid", "true")
