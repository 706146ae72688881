"""The system's Chromium, headless, driven by playwright (`pip install -e .[browser]`); no browser is downloaded."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--force-color-profile=srgb")


class Tab:
    """A tab: what it logged, what it asked the network for; `run` returns an expression's value, a promise awaited."""

    def __init__(self, page: Page):
        self.page, self.run = page, page.evaluate
        self.logged: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda line: line.type in ("error", "warning", "assert") and self.logged.append(line.text))
        page.on("pageerror", lambda error: self.logged.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

    def open(self, path: Path) -> None:
        self.page.goto(path.resolve().as_uri())

    def wait(self, script: str) -> Any:
        """Return what an expression is once that is true or not empty; pages forbid the eval of `wait_for_function`."""
        for _ in range(600):
            if value := self.run(script):
                return value
            self.page.wait_for_timeout(100)
        raise TimeoutError(f"{script} must be true within a minute")

    def screenshot(self, name: str) -> None:
        """Keep a picture of the tab in the folder SCREENSHOTS, if that is set."""
        if folder := os.environ.get("SCREENSHOTS"):
            self.page.screenshot(path=Path(folder) / f"{name}.png")

    def download(self, link: str) -> bytes:
        """Click on a link, an expression, and return the file that comes."""
        with self.page.expect_download() as download:
            self.run(f"{link}.click()")
        return download.value.path().read_bytes()


@contextmanager
def tab(width: int, height: int = 900, **preferences: Any) -> Iterator[Tab]:
    """Yield a tab of a browser of its own, which may log nothing. As wide as a phone means a phone, that is touched.

    `preferences` are such as `color_scheme` and `reduced_motion`."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    assert program, f"none of {', '.join(NAMES)} is here"
    phone = {"is_mobile": width < 600, "has_touch": width < 600}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        opened = Tab(browser.new_page(viewport={"width": width, "height": height}, **phone, **preferences))
        yield opened
        assert opened.logged == []
        browser.close()


def seen(*widths: int, **preferences: Any) -> Callable[[Callable[[Tab, int], None]], Any]:
    """Make a test of check(tab, width): each of the fixture `paths` is looked at in these widths, and loads nothing."""

    def test_of(check: Callable[[Tab, int], None]) -> Any:
        @pytest.mark.parametrize("width", widths or (1280,))
        def test(paths: list[Path], width: int) -> None:
            for path in paths:
                with tab(width, **preferences) as opened:
                    opened.open(path)
                    check(opened, width)
                    loaded = [url for url in opened.requests if not url.startswith(("data:", "blob:"))]
                    assert loaded == [path.resolve().as_uri()]

        return test

    return test_of
