"""The documentation's site in a real browser, opened as files: `make test-browser`, which builds it first.

SCREENSHOTS=FOLDER keeps what was seen.
"""

from pathlib import Path

import pytest
from chromium import tab

SITE = Path(__file__).parents[3] / "work/site"
PAGES = ("index", "quickstart", "tutorials/video", "reference/api", "reference/params", "architecture", "baselines")
WORD = "strain"  # of many pages
OPENED = """document.querySelector("[data-md-toggle=search]").click();
  document.querySelector("[data-md-component=search-query]").focus()"""
LINKS = "[...document.querySelectorAll('.md-search-result__link')].map((one) => one.href)"


def outside(urls: list[str]) -> list[str]:
    return [url for url in urls if not url.startswith(("file:", "data:", "blob:", "about:"))]


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_load_nothing_from_elsewhere_and_stay_within_the_edge(width: int, scheme: str) -> None:
    with tab(width, color_scheme=scheme) as opened:
        for name in PAGES:
            opened.open(SITE / f"{name}.html")
            assert opened.run("document.documentElement.scrollWidth") <= width, name
            assert opened.run("[...document.images].every((one) => one.complete && one.naturalWidth)"), name
            opened.screenshot(f"{name.replace('/', '-')}-{width}-{scheme}")
        assert len(opened.requests) > len(PAGES) and outside(opened.requests) == []


def test_the_search_finds_pages_without_a_server() -> None:
    with tab(1280) as opened:
        opened.open(SITE / "index.html")
        opened.run(OPENED)
        opened.page.keyboard.insert_text(WORD)
        links = opened.wait(f"{LINKS}.length && {LINKS}")
        assert any("signals.html" in link for link in links), links
        assert outside(opened.requests) == []
