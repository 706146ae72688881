"""The documentation's site in a real browser, opened as files: `make test-browser`, which builds it first.

SCREENSHOTS=FOLDER keeps what was seen.
"""

from pathlib import Path

import chromium
import pytest

SITE = Path(__file__).parents[3] / "work/site"
PAGES = ("index", "quickstart", "tutorials/video", "reference/api", "reference/params", "architecture", "baselines")
WORD = "strain"  # of many pages
OPENED = """document.querySelector("[data-md-toggle=search]").click();
  document.querySelector("[data-md-component=search-query]").focus()"""
LINKS = "[...document.querySelectorAll('.md-search-result__link')].map((one) => one.href)"


def outside(urls: list[str]) -> list[str]:
    return [url for url in urls if not url.startswith(("file:", "data:", "blob:", "about:"))]


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_pages_load_nothing_from_elsewhere_and_stay_within_the_edge(width: int, dark: bool) -> None:
    async def check(tab: chromium.Page) -> None:
        for name in PAGES:
            await tab.open(SITE / f"{name}.html", width, dark=dark)
            assert await tab.run("document.documentElement.scrollWidth") <= width, name
            assert await tab.run("[...document.images].every((one) => one.complete && one.naturalWidth)"), name
            await tab.screenshot(f"{name.replace('/', '-')}-{width}-{'dark' if dark else 'light'}")
        assert len(tab.requests) > len(PAGES) and outside(tab.requests) == []

    chromium.in_a_tab(check)


def test_the_search_finds_pages_without_a_server() -> None:
    async def check(tab: chromium.Page) -> None:
        await tab.open(SITE / "index.html", 1280)
        await tab.run(OPENED)
        await tab.send("Input.insertText", text=WORD)
        links = await tab.wait(LINKS)
        assert any("signals.html" in link for link in links), links
        assert outside(tab.requests) == []

    chromium.in_a_tab(check)
