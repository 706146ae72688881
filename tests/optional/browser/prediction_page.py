"""The page of a prediction in a real browser, as wide as a phone and a desk: `make test-browser`.

PREDICTION=FILE looks at that page too, and SCREENSHOTS=FOLDER keeps what was seen.
"""

import asyncio
import os
from pathlib import Path

import pytest
from chromium import Page, seen
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
async def test_one_moment_has_one_x_in_all_charts_and_nothing_is_beyond_the_edge(tab: Page, width: int) -> None:
    await tab.run(OPENED)
    edges = await tab.run(EDGES)
    assert len(edges) >= 20 and all(spread([*side]) <= 1 for side in zip(*edges, strict=True))
    bands = await tab.run(BANDS)
    assert len(bands) > 3 and max(map(len, bands)) >= 19 and all(spread(lefts) <= 1 for lefts in bands)
    assert spread(await tab.run(LINES % ".head")) <= 1
    ticks, (axis, *others) = await tab.run(LINES % ".lane:first-of-type .tick"), await tab.run(LABELS)
    assert len(axis) >= 3 and len(others) == 2 and all(other == axis for other in others)
    assert all(min(abs(x - tick) for tick in ticks) <= 1 for _, x in axis)
    (first, left), (last, right) = axis[0], axis[-1]  # a moment's place in a chart, from its box alone
    fps, frames = await tab.run("(({fps, frames}) => [fps, frames])(JSON.parse(player.textContent))")
    assert abs((right - left) - (last - first) * fps / frames * (edges[0][1] - edges[0][0])) <= 1
    assert await tab.run("document.documentElement.scrollWidth") <= width
    for name in ("stage", "charts"):
        await tab.run(f"document.querySelector('#{name}, .{name}').scrollIntoView()")
        await tab.screenshot(f"{width}-prediction-{name}")


@seen(*WIDTHS)
async def test_a_click_repeats_a_micro_expression_slowly_next_to_its_magnified_face(tab: Page, width: int) -> None:
    for i, expression in enumerate(await tab.run(EXPRESSIONS)):
        await tab.run(f"document.querySelectorAll('.expression .repeat')[{i}].click()")
        frames, faces = [], set()
        for _ in range(12):
            await asyncio.sleep(0.1)
            frames.append(await tab.run(FRAME))
            faces.add(await tab.run("document.getElementById('magnified').src"))
        assert all(expression["onset"] <= frame <= expression["offset"] for frame in frames)
        assert len({*frames}) > 3 and len(faces) > 3
        assert await tab.run("document.getElementById('speed').value") == "0.1"
        assert (await tab.run(PRESSED))[i] == "true" and await tab.run(PLAYING)
    await tab.run("scrollTo(0, 0)")
    boxes = "['picture', 'magnified'].map((id) => document.getElementById(id).getBoundingClientRect())"
    assert await tab.run(f"{boxes}.every((box) => box.width > 100 && box.right <= innerWidth)")
    await tab.run(f"document.querySelectorAll('.expression')[{i}].click()")  # all of it is clicked
    assert not await tab.run(PLAYING) and "true" not in await tab.run(PRESSED)


@seen()
async def test_keys_play_step_and_repeat_wherever_the_focus_is(tab: Page, width: int) -> None:
    expressions = await tab.run(EXPRESSIONS)
    for focus in ("document.activeElement.blur()", "document.querySelector('a.button').focus()"):
        await tab.run(focus)
        before = await tab.run(FRAME)
        await tab.press("ArrowRight", 39)
        assert await tab.run(FRAME) == before + 1
        await tab.press("ArrowLeft", 37)
        assert await tab.run(FRAME) == before and not await tab.run(PLAYING)
    await tab.run("document.activeElement.blur()")
    await tab.press("ArrowRight", 39, shift=True)
    assert expressions[1]["onset"] <= await tab.run(FRAME) <= expressions[1]["offset"]
    assert (await tab.run(PRESSED))[1] == "true" and await tab.run(PLAYING)
    await tab.press("Escape", 27)
    assert "true" not in await tab.run(PRESSED) and not await tab.run(PLAYING)
    await tab.press(" ", 32, " ")
    assert await tab.run(PLAYING) and await tab.run("scrollY") == 0
    await tab.run("document.querySelector('.expression .repeat').focus()")
    await tab.press("Enter", 13, "\r")
    assert (await tab.run(PRESSED))[0] == "true"


@seen(motion="reduce")
async def test_with_less_motion_a_click_shows_the_apex_and_nothing_moves(tab: Page, width: int) -> None:
    for i, expression in enumerate(await tab.run(EXPRESSIONS)):
        await tab.run(f"document.querySelectorAll('.expression .repeat')[{i}].click()")
        await asyncio.sleep(0.3)
        assert await tab.run(FRAME) == expression["apex"] and not await tab.run(PLAYING)


@seen()
async def test_tables_and_subtitles_are_downloaded_from_within_the_page(tab: Page, width: int) -> None:
    for i, start in enumerate((b"kind,onset,apex,offset,", b"1\n00:00:0")):
        content = await tab.download(f"document.querySelectorAll('a.button')[{i}]")
        assert content.startswith(start)
