"""The report in a real browser, as wide as a phone and a desk: `make test-browser`. Needs chromium: not in `make test`.

REPORT=FILE looks at that page too, and SCREENSHOTS=FOLDER keeps what was seen.
"""

import os
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from chromium import Tab, seen
from made_run import run

from microexpr.reporting.html import page

WIDTHS = (390, 1280)
TABS = 30  # presses until the leaderboard's first head is reached from the top
DRAWN = """(() => { const open = [...document.querySelectorAll("[data-chart]")].filter((one) => one.checkVisibility());
  const next = open.find((one) => !one.querySelector(".main-svg")); next?.scrollIntoView();
  return next ? 0 : open.length; })()"""
BEYOND = """[...document.querySelectorAll("body *")].filter((one) => !one.closest("nav, .wide, pre, .hidden, .skip")
  && one.getBoundingClientRect().right > %d + 1).map((one) => one.outerHTML.slice(0, 90))"""
CLIPPED = """[...document.querySelectorAll("[data-chart]")].filter((one) => one.checkVisibility()).flatMap((one) => {
  const all = one.getBoundingClientRect();
  return [...one.querySelectorAll("svg text")].filter((text) => {
    const box = text.getBoundingClientRect();
    return box.width && (box.left < all.left - 1 || box.right > all.right + 1 || box.bottom > all.bottom + 1); })
    .map((text) => `${one.dataset.chart}: ${text.textContent}`); })"""  # words that leave their chart
ROWS = "[...document.querySelectorAll('#leaderboard tbody tr')].filter((one) => one.checkVisibility())"
NAMES = ROWS + ".map((one) => one.querySelector('th').textContent.trim())"
COLUMN = ROWS + ".map((one) => one.cells[%d].textContent.trim())"
HEAD = "document.querySelector('#leaderboard th[data-column=\"%d\"]')"
UF1 = 2  # its column
SHOWN = """[...document.querySelector(".clip .blink").querySelectorAll("img")]
  .find((one) => getComputedStyle(one).visibility === "visible").alt.split(" ")[0]"""
FOCUS = "(() => { const at = document.activeElement; return `${at.tagName} ${at.className} ${at.id}`; })()"


@pytest.fixture(scope="module")
def paths(tmp_path_factory) -> list[Path]:
    root = tmp_path_factory.mktemp("run")
    report = root / "index.html"
    report.write_text(page.html(run(root), root / "results"), encoding="utf-8")
    return [report, *map(Path, filter(None, [os.environ.get("REPORT")]))]


@seen(*WIDTHS)
def test_all_opened_it_draws_every_chart_and_nothing_is_beyond_the_edge(tab: Tab, width: int) -> None:
    tab.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert tab.wait(DRAWN) == tab.run("document.querySelectorAll('[data-chart]').length") > 5
    assert tab.run(BEYOND % width) == []
    assert tab.run("document.documentElement.scrollWidth") <= width
    assert tab.run(CLIPPED) == []
    for name in ("first", *page.sections([])):
        tab.run(f"document.getElementById('{name}')?.scrollIntoView() ?? scrollTo(0, 0)")
        tab.screenshot(f"{width}-{name}")


@seen(*WIDTHS)
def test_a_click_on_a_head_sorts_and_methods_without_a_figure_stay_last(tab: Tab, width: int) -> None:
    ranked = tab.run(NAMES)
    assert tab.run(HEAD % UF1 + ".ariaSort") == "descending"
    figures = list(map(float, tab.run(COLUMN % UF1)))
    assert figures == sorted(figures, reverse=True)
    tab.run(HEAD % UF1 + ".querySelector('button').click()")
    assert tab.run(HEAD % UF1 + ".ariaSort") == "ascending"
    assert list(map(float, tab.run(COLUMN % UF1))) == sorted(figures)
    tab.run(HEAD % 1 + ".querySelector('button').click()")
    assert [name.lower() for name in tab.run(NAMES)] == sorted(name.lower() for name in ranked)
    assert tab.run(HEAD % UF1 + ".ariaSort") is None
    last = tab.run("Number([...document.querySelectorAll('#leaderboard th[data-column]')].at(-1).dataset.column)")
    for order in ("descending", "ascending"):
        tab.run(HEAD % last + ".querySelector('button').click()")
        cells = tab.run(COLUMN % last)
        published = [float(cell.rstrip("*")) for cell in cells if cell != "–"]
        assert tab.run(HEAD % last + ".ariaSort") == order and published
        assert published == sorted(published, reverse=order == "descending")
        assert cells[len(published) :] == ["–"] * (len(cells) - len(published))


@seen(*WIDTHS)
def test_search_and_choice_filter_and_say_how_many_are_left(tab: Tab, width: int) -> None:
    names = tab.run(NAMES)
    tab.run("document.querySelector('[data-search]').focus()")
    tab.page.keyboard.insert_text("IceGAN")
    expected = [name for name in names if "icegan" in name]
    count = "document.querySelector('[data-count]').value"
    assert tab.run(NAMES) == expected
    assert tab.run(count) == f"{len(expected)} of {len(names)} methods"
    tab.page.keyboard.press("Enter")  # which sends no form
    assert tab.run(NAMES) == expected
    choose = "((one, kind) => { one.value = kind; one.dispatchEvent(new Event('change')); })"
    tab.run(f"{choose}(document.querySelector('[data-kind]'), 'classical')")
    assert tab.run(NAMES) == []
    tab.page.keyboard.press("Escape")  # empties the search
    classical = tab.run(NAMES)
    assert "majority" in classical and not [name for name in classical if name.startswith("icegan")]
    assert tab.run(count) == f"{len(classical)} of {len(names)} methods"


@seen(*WIDTHS)
def test_links_open_the_methods_part_and_lead_to_clips_below_the_navigation(tab: Tab, width: int) -> None:
    below = "document.querySelector('nav').getBoundingClientRect().bottom"
    marked = "document.querySelector('nav [aria-current]').textContent"
    link = ROWS + "[1].querySelector('a')"
    target = f"document.getElementById({link}.hash.slice(1))"
    for _ in range(2):  # the second click changes no address
        tab.run(f"{target}.open = false")
        tab.run(f"{link}.click()")
        tab.page.wait_for_timeout(500)
        assert tab.run(f"{target}.open")
        top = tab.run(f"{target}.getBoundingClientRect().top")
        assert tab.run(below) <= top + 1 < 200
    assert tab.run(marked) == "Methods"
    assert tab.run("document.querySelector('nav').getBoundingClientRect().top") == 0
    tab.run("document.querySelector('.jump a').click()")
    tab.page.wait_for_timeout(500)
    clip = "document.getElementById(document.querySelector('.jump a').hash.slice(1)).getBoundingClientRect().top"
    assert tab.run(below) <= tab.run(clip) + 1
    assert tab.run(marked) == "Clips"


@seen(*WIDTHS)
def test_tables_are_downloaded_from_within_the_page(tab: Tab, width: int) -> None:
    for name in ("megc2019_table.csv", "megc2019_paired.csv"):
        link = f"document.querySelector('a[download=\"{name}\"]')"
        content = b64decode((tab.run(f"{link}.href")).partition(",")[2])
        assert tab.download(link) == content


@seen()
def test_keys_sort_and_reach_the_charts_controls_and_the_films(tab: Tab, width: int) -> None:
    reached: list[str] = []
    while len(reached) < TABS and not tab.run("!!document.activeElement.closest('#leaderboard th')"):
        tab.page.keyboard.press("Tab")
        reached.append(tab.run(FOCUS))
    assert reached[0].startswith("A skip") and reached[-1].startswith("BUTTON"), reached
    assert [name.split()[0] for name in reached if name.split()[0] in ("INPUT", "SELECT")] == ["INPUT", "SELECT"]
    ranks = tab.run(COLUMN % 0)
    for expected in (ranks, ranks[::-1]):  # Enter and Space press a button
        tab.page.keyboard.press("Enter" if expected is ranks else "Space")
        assert tab.run(COLUMN % 0) == expected
    assert tab.run("document.activeElement.closest('th').ariaSort") == "descending"
    tab.wait(DRAWN)
    tab.run("document.querySelector('[data-chart=pairs]').closest('section').lastElementChild"
                  ".querySelector('summary').focus()")  # fmt: skip
    tab.page.keyboard.press("Shift+Tab")
    assert "modebar-btn" in tab.run(FOCUS)
    names = tab.run("[...document.querySelectorAll('.modebar-btn')].map((one) => one.ariaLabel)")
    assert all(names) and not [name for name in names if "cloud" in name.lower() or "link" in name.lower()]
    tab.run("document.querySelector('input[data-film]').focus()")
    before = tab.run("document.querySelector('.film img').src")
    tab.page.keyboard.press("ArrowRight")
    assert tab.run("document.querySelector('.film img').src") != before
    frame, time = (tab.run("document.querySelector('.film output').value")).removesuffix(" ms").split(", ")
    line = "document.querySelector('[data-chart=score-1]').layout.shapes.at(-1).x0"
    assert frame.isdigit() and round(tab.run(line)) == int(time)


@seen()
def test_a_place_shows_its_other_picture_by_click_by_space_and_in_turn_unless_motion_is_reduced(
    tab: Tab, width: int
) -> None:
    assert tab.run(SHOWN) == "apex"
    tab.run("document.querySelector('.clip .blink img').click()")
    assert tab.run(SHOWN) == "onset"
    tab.run("document.querySelector('.clip .blink input').focus()")
    tab.page.keyboard.press("Space")
    assert tab.run(SHOWN) == "apex"
    tab.run("document.querySelector('#clips .alternate input').click()")
    seen = [tab.run(f"new Promise((done) => setTimeout(() => done({SHOWN}), 250))") for _ in range(12)]
    assert {*seen} == {"apex", "onset"} and len(tab.run("document.getAnimations()")) > 0
    tab.page.emulate_media(reduced_motion="reduce")
    assert tab.run("document.getAnimations().length") == 0
    assert not tab.run("document.querySelector('#clips .alternate').checkVisibility()")


@seen(color_scheme="dark")
def test_charts_take_the_colours_of_the_dark(tab: Tab, width: int) -> None:
    tab.wait(DRAWN)
    ink = "document.querySelector('[data-chart=pairs]').layout.font.color"
    paper = "getComputedStyle(document.body).backgroundColor"
    dark: list[Any] = [tab.run(ink), tab.run(paper)]
    tab.page.emulate_media(color_scheme="light")
    tab.page.wait_for_timeout(500)
    light = [tab.run(ink), tab.run(paper)]
    assert dark != light and light[1] == "rgb(255, 255, 255)" and dark[0] != light[0]


@seen()
def test_nothing_can_be_loaded_or_run_that_is_not_its_own(tab: Tab, width: int) -> None:
    """By the page's policy, which a browser keeps: an image from elsewhere, a script put in."""
    tab.run("document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.1:9/x.png'}))")
    script = "Object.assign(document.createElement('script'), {textContent: 'window.ran = true'})"
    tab.run(f"document.body.append({script})")
    tab.page.wait_for_timeout(500)
    assert tab.run("window.ran === undefined")
    refused = [line for line in tab.logged if "Content Security Policy" in line]
    assert len(refused) == len(tab.logged) == 2
    tab.logged.clear()
    tab.requests[:] = [url for url in tab.requests if "127.0.0.1:9" not in url]
