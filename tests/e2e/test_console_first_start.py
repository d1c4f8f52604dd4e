"""The console from an empty shop to the first order line, each state by a real server.

No stack: an application by itself, whose model is a stand-in; all that it is asked is real.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pytest
from console_browser import Console, chromium
from domain_stage import DomainStage, contract_of, serve_model
from playwright.sync_api import expect
from served_app import ServedApp

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]
MODELS = {"product_codes": {"source": {"url": "codes.csv"}}}


class Coder:
    """Answers one code to everything."""

    def predict(self, instances: Sequence[Mapping[str, object]]) -> list[list[dict[str, object]]]:
        row = {"code": "27110001", "confidence": 0.9}
        return [[{**row, "alternatives": [row]}] for _ in instances]

    def close(self) -> None:
        """Nothing is held."""


@pytest.fixture
def stage(make_settings) -> Iterator[DomainStage]:
    stage = DomainStage(make_settings(models=MODELS))
    stage.write_catalogue()
    yield stage
    stage.close()


@pytest.fixture
def shop(stage: DomainStage) -> Iterator[ServedApp]:
    with ServedApp(stage.app()) as served:
        yield served


@pytest.fixture
def console(shop: ServedApp) -> Iterator[Console]:
    with chromium() as browser:
        console = Console.opened(browser, f"http://{shop.address}")
        yield console
        console.context.close()
    assert console.went_elsewhere == []
    assert console.faults == []


def test_the_desk_says_what_it_waits_for_until_the_first_line_is_there(stage, shop, console):
    page = console.goes_to("/")
    expect(page.get_by_text("No line has come yet")).to_be_visible()
    expect(page.get_by_text("first champion")).to_be_visible()
    assert console.barriers() == []

    contract = contract_of("product_codes", "description", "code")
    serve_model(shop.app, contract, Coder(), "1")
    page.keyboard.press("r")
    expect(page.get_by_text("first champion")).to_have_count(0)
    expect(page.get_by_text("They come by themselves once the feed")).to_be_visible()

    stage.order("m1", "martillo")
    stage.predict()
    page.keyboard.press("r")
    line = page.get_by_role("option").filter(has_text="martillo")
    expect(line).to_be_visible()
    expect(page.get_by_text("No line has come yet")).to_have_count(0)


def test_the_other_pages_say_that_there_is_no_champion_yet(console):
    page = console.goes_to("/board")
    card = page.locator("article.model-card").first
    expect(card.get_by_text("no champion", exact=True)).to_be_visible()
    assert console.barriers() == []

    console.goes_to("/models/product_codes")
    expect(page.get_by_text("There is no champion yet")).to_be_visible()
    assert console.barriers() == []

    console.goes_to("/playground/product_codes")
    expect(page.locator(".state h2").first).to_be_visible()
    assert console.barriers() == []
