"""What an operator does with a mouse: retrain from Prefect's pages, look at MLflow's."""

from __future__ import annotations

import shutil

import httpx
import pytest
from steady_load import SteadyLoad

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(1500),
]

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PATIENCE_MS = 60_000


@pytest.fixture
def page():
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("chromium is not installed; `make setup` says how to get it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        opened = browser.new_page(viewport={"width": 1300, "height": 1600}, locale="en-GB")
        opened.set_default_timeout(PATIENCE_MS)
        yield opened
        browser.close()


def form(stack, model: str) -> str:
    """Return the address of the form that retrains a model."""
    address = f"{stack.prefect}/api/deployments/name/train-and-promote/{model}"
    found = httpx.get(address, timeout=30, trust_env=False).json()
    return f"{stack.prefect}/deployments/deployment/{found['id']}/run"


def field(page, title: str):
    """Return the part of the form that holds one parameter."""
    shown = page.get_by_text(f"{title} (Optional)", exact=True)
    return page.locator(".p-label").filter(has=shown).last


def choose(page, title: str, option: str) -> None:
    control = field(page, title).locator(".p-select-button__control")
    wanted = page.get_by_role("option", name=option, exact=True)
    for _ in range(20):  # the list opens only once the page has come to rest
        control.focus()
        control.press("ArrowDown")
        page.wait_for_timeout(500)
        if wanted.is_visible():
            break
    wanted.click()


def submit(page) -> None:
    """Send the form, again where Prefect lost the click or was too busy to take it."""
    from playwright.sync_api import TimeoutError as NothingAsked

    told = "nothing was sent"
    for _ in range(6):
        try:
            with page.expect_request("**/create_flow_run", timeout=30_000) as asked:
                page.get_by_role("button", name="Submit").click()
        except NothingAsked:
            continue
        response = asked.value.response()
        if response.ok:
            return
        told = response.text()
    raise AssertionError(f"{told}\n{page.inner_text('body')}")


def test_a_retraining_from_prefects_form_is_judged_and_served_under_load(stack, page, until):
    page.goto(form(stack, "product_categories"))
    page.get_by_text("Algorithm (Optional)").wait_for()
    choose(page, "Words", "tokens")
    for title, value in {"Longest character n-gram": "5", "Rarest term": "2", "SVM C": "1"}.items():
        field(page, title).locator("input").fill(value)
    field(page, "Reason").locator("textarea").fill("asked for with a mouse")
    address = f"{stack.api}/v1/models/product_categories/predict"

    with SteadyLoad(address, {"name": "martillo uña 16 oz"}) as load:
        until(lambda: load.answers > 0, 120)
        submit(page)
        until(lambda: decision_of(stack, "asked for with a mouse") is not None, 600)
        decision = decision_of(stack, "asked for with a mouse")
        assert decision["verdict"] == "promoted", decision["record"]["ruling"]["reasons"]
        until(lambda: load.latest == decision["version"], 180)

    assert load.failures == []
    address = f"{stack.prefect}/api/artifacts/decision-product-categories/latest"
    told = httpx.get(address, timeout=30, trust_env=False).json()["data"]
    assert f"product_categories version {decision['version']}: promoted" in told


def decision_of(stack, reason: str) -> dict | None:
    for entry in stack.json("decisions", "--model", "product_categories"):
        trigger = entry["record"].get("trigger") or {}
        if trigger.get("reason") == reason:
            return entry
    return None


def test_the_form_explains_each_parameter(stack, page):
    page.goto(form(stack, "product_codes"))

    for text in ("SGD epochs (Optional)", "How often SGD sees every text.", "Reason (Optional)"):
        page.get_by_text(text, exact=True).first.wait_for()


def test_the_champion_is_visible_in_mlflows_registry(stack, page):
    page.goto(f"{stack.mlflow}/#/models/product_codes")

    champion = stack.champion("product_codes")
    row = page.get_by_role("row").filter(has_text=f"Version {champion}")
    row.get_by_text("champion").first.wait_for()
