"""How soon each page of a running server's console is seen by a browser that was never there.

`python -m benchmarks.console_first_view --url http://127.0.0.1:8000`, with Debian's chromium.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import time
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")
PAGES = {
    "/": '[role="option"][data-line]',
    "/board": "article.model-card .figure",
    "/models/product_codes": "svg .point",
    "/monitoring": ".monitored a",
    "/playground": ".play-text mark",
}
"""Each page, and what is seen of it only once its content is there."""
TRANSFERRED = """() => [...performance.getEntriesByType('resource'),
  ...performance.getEntriesByType('navigation')].reduce((sum, one) => sum + one.transferSize, 0)"""


def main(arguments: list[str] | None = None) -> int:
    """Print the seconds from the request to the content in view; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--times", type=int, default=7)
    asked = parser.parse_args(arguments)
    program = shutil.which("chromium")
    if program is None:
        parser.error("chromium is not installed")
    sys.stdout.write("| page | seconds, median | best | worst | kB received |\n")
    sys.stdout.write("| --- | --- | --- | --- | --- |\n")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        first_view(browser, asked.url, "/")  # the browser's own start belongs to no page
        for path in PAGES:
            views = [first_view(browser, asked.url, path) for _ in range(asked.times)]
            seconds = [took for took, _ in views]
            figures = (statistics.median(seconds), min(seconds), max(seconds))
            shown = " | ".join(f"{one:.2f}" for one in figures)
            sys.stdout.write(f"| `{path}` | {shown} | {views[-1][1] / 1000:.0f} |\n")
        browser.close()
    return 0


def first_view(browser: Browser, url: str, path: str) -> tuple[float, int]:
    """Return the seconds until the content is seen, and the bytes received until then."""
    context = browser.new_context()
    page = context.new_page()
    began = time.perf_counter()
    page.goto(f"{url}{path}", wait_until="commit")
    page.locator(PAGES[path]).first.wait_for()
    took = time.perf_counter() - began
    received = int(page.evaluate(TRANSFERRED))
    context.close()
    return took, received


if __name__ == "__main__":
    sys.exit(main())
