"""The report in a real browser, as wide as a phone and a desk: `make test-browser`. Needs chromium: not in `make test`.

REPORT=FILE looks at that page too, and SCREENSHOTS=FOLDER keeps what was seen.
"""

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import chromium
import pytest
from made_run import run

from microexpr.reporting.html import page

WIDTHS = (390, 1280)
SECTIONS = ("results", "learning", "subjects", "methods", "clips", "truth", "times")
TABS = 60  # presses until a chart's controls are reached from the top
DRAWN = """new Promise((done, fail) => { let tries = 0; const look = () => {
  const open = [...document.querySelectorAll("[data-chart]")].filter((one) => one.checkVisibility());
  if (open.every((one) => one.querySelector(".main-svg"))) done(open.length);
  else if (++tries > 300) fail(new Error("charts are not drawn"));
  else { open.find((one) => !one.querySelector(".main-svg")).scrollIntoView(); setTimeout(look, 100); } };
  look(); })"""
BEYOND = """[...document.querySelectorAll("body *")].filter((one) => !one.closest(".wide, pre, .hidden, .skip")
  && one.getBoundingClientRect().right > %d + 1).map((one) => one.outerHTML.slice(0, 90))"""
FOCUS = "(() => { const at = document.activeElement; return `${at.tagName} ${at.className} ${at.id}`; })()"


@pytest.fixture(scope="module")
def paths(tmp_path_factory) -> list[Path]:
    root = tmp_path_factory.mktemp("run")
    report = root / "index.html"
    report.write_text(page.html(run(root), root / "results", root / "work/times"), encoding="utf-8")
    return [report, *map(Path, filter(None, [os.environ.get("REPORT")]))]


@pytest.fixture
def look(paths) -> Iterator[Callable[..., None]]:
    """look(check, width, dark): opens each page in a browser of its own and awaits check(tab, width)."""

    async def opened(path: Path, check: Callable[..., Awaitable[None]], width: int, dark: bool) -> None:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:  # the browser may still write
            async with chromium.tab(Path(profile)) as tab:
                await tab.open(path, width, dark=dark)
                await check(tab, width)
                assert tab.logged == []
                assert [url for url in tab.requests if not url.startswith(("data:", "blob:"))] == [
                    path.resolve().as_uri()
                ]

    def looked(check: Callable[..., Awaitable[None]], width: int, dark: bool = False) -> None:
        for path in paths:
            asyncio.run(opened(path, check, width, dark))

    yield looked


@pytest.mark.parametrize("width", WIDTHS)
def test_all_opened_it_draws_every_chart_and_nothing_is_beyond_the_edge(look, width):
    async def check(tab: chromium.Page, width: int) -> None:
        await tab.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        assert await tab.run(DRAWN) == await tab.run("document.querySelectorAll('[data-chart]').length") > 5
        assert await tab.run(BEYOND % width) == []
        assert await tab.run("document.documentElement.scrollWidth") <= width
        if folder := os.environ.get("SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            for name in SECTIONS:
                await tab.run(f"document.getElementById('{name}').scrollIntoView()")
                await tab.picture(Path(folder) / f"{width}-{name}.png")

    look(check, width)


def test_keys_reach_the_charts_controls_and_the_films(look):
    async def check(tab: chromium.Page, width: int) -> None:
        await tab.run(DRAWN)
        await tab.run("scrollTo(0, 0)")
        reached: list[str] = []
        while len(reached) < TABS and not any("modebar-btn" in element for element in reached):
            await tab.press("Tab", 9)
            reached.append(await tab.run(FOCUS))
        assert reached[0].startswith("A skip") and "modebar-btn" in reached[-1], reached
        names = await tab.run("[...document.querySelectorAll('.modebar-btn')].map((one) => one.ariaLabel)")
        assert all(names) and not [name for name in names if "cloud" in name.lower() or "link" in name.lower()]
        await tab.run("document.querySelector('input[data-film]').focus()")
        before = await tab.run("document.querySelector('.film img').src")
        await tab.press("ArrowRight", 39)
        assert await tab.run("document.querySelector('.film img').src") != before
        frame = await tab.run("Number(document.querySelector('output').value)")
        line = "document.querySelector('[data-chart=score-1]').layout.shapes.at(-1).x0"
        assert await tab.run(line) == frame

    look(check, 1280)


def test_charts_take_the_colours_of_the_dark(look):
    async def check(tab: chromium.Page, width: int) -> None:
        await tab.run(DRAWN)
        ink = "document.querySelector('[data-chart=table]').layout.font.color"
        paper = "getComputedStyle(document.body).backgroundColor"
        dark: list[Any] = [await tab.run(ink), await tab.run(paper)]
        await tab.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "light"}])
        await asyncio.sleep(0.5)
        light = [await tab.run(ink), await tab.run(paper)]
        assert dark != light and light[1] == "rgb(255, 255, 255)" and dark[0] != light[0]

    look(check, 1280, dark=True)


def test_nothing_can_be_loaded_or_run_that_is_not_its_own(look):
    """By the page's policy, which a browser keeps: an image from elsewhere, a script put in."""

    async def check(tab: chromium.Page, width: int) -> None:
        await tab.run("document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.1:9/x.png'}))")
        script = "Object.assign(document.createElement('script'), {textContent: 'window.ran = true'})"
        await tab.run(f"document.body.append({script})")
        await asyncio.sleep(0.5)
        assert await tab.run("window.ran === undefined")
        refused = [line for line in tab.logged if "Content Security Policy" in line]
        assert len(refused) == len(tab.logged) == 2
        tab.logged.clear()
        tab.requests[:] = [url for url in tab.requests if "127.0.0.1:9" not in url]

    look(check, 1280)
