"""The page of a prediction in a real browser, as wide as a phone and a desk: `make test-browser`.

PREDICTION=FILE looks at that page too, and SCREENSHOTS=FOLDER keeps what was seen.
"""

import os
from pathlib import Path

import pytest
from chromium import Tab, seen
from simulated_prediction import TRUTH, write_page

WIDTHS = (390, 1280)
OPENED = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
EDGES = """[...document.querySelectorAll('.chart')].map((one) => {
  const box = one.getBoundingClientRect(); return [box.left, box.right]; })"""
BANDS = """Object.values([...document.querySelectorAll('.chart rect[data-onset]')].reduce((all, one) => {
  (all[`${one.classList} ${one.dataset.onset}`] ??= []).push(one.getBoundingClientRect().left); return all; }, {}))"""
LINES = """[...document.querySelectorAll('%s')].map((one) => { const box = one.getBoundingClientRect();
  return (box.left + box.right) / 2; })"""
LABELS = """[...document.querySelectorAll('.axis')].map((axis) => [...axis.children]
  .filter((one) => one.checkVisibility()).map((one) => { const box = one.getBoundingClientRect();
  return [Number(one.textContent), (box.left + box.right) / 2]; }))"""
FRAME = "Number(document.getElementById('time').value.split(' ').at(-1))"
PLAYING = "document.getElementById('play').textContent === 'Pause'"
PRESSED = "[...document.querySelectorAll('.expression .repeat')].map((one) => one.getAttribute('aria-pressed'))"
EXPRESSIONS = "JSON.parse(document.getElementById('player').textContent).expressions"


@pytest.fixture(scope="module")
def paths(tmp_path_factory) -> list[Path]:
    page_of_video = write_page(tmp_path_factory.mktemp("page") / "prediction.html", TRUTH)
    return [page_of_video, *map(Path, filter(None, [os.environ.get("PREDICTION")]))]


def spread(values: list[float]) -> float:
    return max(values) - min(values)


@seen(*WIDTHS)
def test_one_moment_has_one_x_in_all_charts_and_nothing_is_beyond_the_edge(tab: Tab, width: int) -> None:
    tab.run(OPENED)
    edges = tab.run(EDGES)
    assert len(edges) >= 20 and all(spread([*side]) <= 1 for side in zip(*edges, strict=True))
    bands = tab.run(BANDS)
    assert len(bands) > 3 and max(map(len, bands)) >= 19 and all(spread(lefts) <= 1 for lefts in bands)
    assert spread(tab.run(LINES % ".head")) <= 1
    ticks, (axis, *others) = tab.run(LINES % ".lane:first-of-type .tick"), tab.run(LABELS)
    assert len(axis) >= 3 and len(others) == 2 and all(other == axis for other in others)
    assert all(min(abs(x - tick) for tick in ticks) <= 1 for _, x in axis)
    (first, left), (last, right) = axis[0], axis[-1]  # a moment's place in a chart, from its box alone
    fps, frames = tab.run("(({fps, frames}) => [fps, frames])(JSON.parse(player.textContent))")
    assert abs((right - left) - (last - first) * fps / frames * (edges[0][1] - edges[0][0])) <= 1
    assert tab.run("document.documentElement.scrollWidth") <= width
    for name in ("stage", "charts"):
        tab.run(f"document.querySelector('#{name}, .{name}').scrollIntoView()")
        tab.screenshot(f"{width}-prediction-{name}")


@seen(*WIDTHS)
def test_a_click_repeats_a_micro_expression_slowly_next_to_its_magnified_face(tab: Tab, width: int) -> None:
    for i, expression in enumerate(tab.run(EXPRESSIONS)):
        tab.run(f"document.querySelectorAll('.expression .repeat')[{i}].click()")
        frames, faces = [], set()
        for _ in range(12):
            tab.page.wait_for_timeout(100)
            frames.append(tab.run(FRAME))
            faces.add(tab.run("document.getElementById('magnified').src"))
        assert all(expression["onset"] <= frame <= expression["offset"] for frame in frames)
        assert len({*frames}) > 3 and len(faces) > 3
        assert tab.run("document.getElementById('speed').value") == "0.1"
        assert (tab.run(PRESSED))[i] == "true" and tab.run(PLAYING)
    tab.run("scrollTo(0, 0)")
    boxes = "['picture', 'magnified'].map((id) => document.getElementById(id).getBoundingClientRect())"
    assert tab.run(f"{boxes}.every((box) => box.width > 100 && box.right <= innerWidth)")
    tab.run(f"document.querySelectorAll('.expression')[{i}].click()")  # all of it is clicked
    assert not tab.run(PLAYING) and "true" not in tab.run(PRESSED)


@seen()
def test_keys_play_step_and_repeat_wherever_the_focus_is(tab: Tab, width: int) -> None:
    expressions = tab.run(EXPRESSIONS)
    for focus in ("document.activeElement.blur()", "document.querySelector('a.button').focus()"):
        tab.run(focus)
        before = tab.run(FRAME)
        tab.page.keyboard.press("ArrowRight")
        assert tab.run(FRAME) == before + 1
        tab.page.keyboard.press("ArrowLeft")
        assert tab.run(FRAME) == before and not tab.run(PLAYING)
    tab.run("document.activeElement.blur()")
    tab.page.keyboard.press("Shift+ArrowRight")
    assert expressions[1]["onset"] <= tab.run(FRAME) <= expressions[1]["offset"]
    assert (tab.run(PRESSED))[1] == "true" and tab.run(PLAYING)
    tab.page.keyboard.press("Escape")
    assert "true" not in tab.run(PRESSED) and not tab.run(PLAYING)
    tab.page.keyboard.press("Space")
    assert tab.run(PLAYING) and tab.run("scrollY") == 0
    tab.run("document.querySelector('.expression .repeat').focus()")
    tab.page.keyboard.press("Enter")
    assert (tab.run(PRESSED))[0] == "true"


@seen(reduced_motion="reduce")
def test_with_less_motion_a_click_shows_the_apex_and_nothing_moves(tab: Tab, width: int) -> None:
    for i, expression in enumerate(tab.run(EXPRESSIONS)):
        tab.run(f"document.querySelectorAll('.expression .repeat')[{i}].click()")
        tab.page.wait_for_timeout(300)
        assert tab.run(FRAME) == expression["apex"] and not tab.run(PLAYING)


@seen()
def test_tables_and_subtitles_are_downloaded_from_within_the_page(tab: Tab, width: int) -> None:
    for i, start in enumerate((b"kind,onset,apex,offset,", b"1\n00:00:0")):
        content = tab.download(f"document.querySelectorAll('a.button')[{i}]")
        assert content.startswith(start)
