"""Signing in at the console of a server that other machines can reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from console_browser import Console
from playwright.sync_api import Browser, expect
from served_app import ServedApp
from serving_stage import MODEL, Stage

from pipelines.access.keys import Keys
from pipelines.settings import Settings
from serving.hot.wire import HotProtocol

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.slow]
WRONG = "ck_0123456789_" + "0" * 64


@pytest.fixture
def stage(make_settings: Callable[..., Settings]) -> Iterator[Stage]:
    stage = Stage(
        make_settings(
            models={MODEL: {"source": {"url": "rows.csv"}}}, addresses={"host": "0.0.0.0"}
        )
    )
    stage.promote("1", "pintura")
    yield stage
    stage.close()


@pytest.fixture
def served(stage: Stage) -> Iterator[str]:
    with ServedApp(stage.app(), http=HotProtocol) as served:
        yield f"http://{served.address}"


@pytest.mark.parametrize("dark", [False, True])
def test_somebody_signs_in_does_what_his_role_may_and_leaves(
    browser: Browser, served: str, stage: Stage, dark: bool
):
    key = Keys(stage.store).create("Ana", "viewer", by="root")
    console = Console.opened(browser, served, dark=dark)
    with closing(console.context):
        page = console.goes_to(f"/models/{MODEL}")
        field = page.get_by_label("Access key")
        expect(field).to_be_focused()
        assert console.barriers() == []

        field.fill(WRONG)
        page.keyboard.press("Enter")
        expect(page.get_by_text("That key is not good")).to_be_visible()
        assert console.barriers() == []

        field.fill(key.text)
        page.keyboard.press("Enter")
        expect(page.get_by_role("group", name="Account")).to_contain_text("Ana viewer")
        expect(
            page.get_by_text("Retraining, promoting and going back take an operator")
        ).to_be_visible()
        expect(page.get_by_role("button", name="Retrain")).to_have_count(0)
        assert console.barriers() == []
        (cookie,) = console.context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
        assert key.text not in page.evaluate("JSON.stringify([document.cookie, localStorage])")

        page.get_by_role("button", name="Sign out").click()
        expect(field).to_be_visible()
        assert console.context.cookies() == []
        assert console.faults == []
        assert console.went_elsewhere == []
