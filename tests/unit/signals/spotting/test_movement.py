"""Movement in long videos: planted shifts of a textured picture, and differences of blocks by hand."""

import drawn
import numpy as np
import pytest

from microexpr.signals.spotting.movement import BLOCKS, GAPS, Params, block_differences, measure

SIZE, FRAMES, FPS = 64, 30, 30.0
PARAMS = Params(size=SIZE, regions=24)
LANDMARKS = drawn.face(SIZE).astype(float)
PICTURE = drawn.texture(np.random.default_rng(2), SIZE, blur=2)


def clip(shift: np.ndarray) -> np.ndarray:
    """The lower half moves down by a number of pixels in each frame."""
    weight = np.clip((np.arange(SIZE)[:, None] - 34) / 6, 0, 1)
    frames = [drawn.displaced(PICTURE, down=down * weight) for down in shift]
    return np.clip(frames, 0, 255).astype(np.uint8)


def test_regions_show_the_movement_a_gap_later_at_any_rate():
    shift = np.r_[np.zeros(12), np.full(18, 2.0)]
    spotted = measure(clip(shift), LANDMARKS, FPS, PARAMS, pixel=3.0)
    brief = list(GAPS).index("brief")
    mouth, brows = spotted["regions"][..., 18, 12], spotted["regions"][..., 4, 12]  # [T, G, 3]
    assert 3 < mouth[10, brief, 1] < 8  # two pixels, each three of the full crop
    assert abs(mouth[2, brief, 1]) < 0.6 and abs(mouth[20, brief, 1]) < 0.6
    assert np.abs(brows[10, brief, :2]).max() < 1.5
    assert not spotted["regions"][FRAMES - 1].any() and spotted["eyes"].any()
    assert spotted["regions"].shape == (FRAMES, 3, 3, 24, 24) and spotted["regions"].dtype == np.float16
    assert spotted["points"][12, 6:, 1].min() > 2 and np.abs(spotted["points"][12, :6]).max() < 1.5
    twice = measure(clip(shift.repeat(2)), LANDMARKS, 2 * FPS, PARAMS)  # at twice the rate
    moving = np.flatnonzero(np.abs(twice["regions"][:, brief, 1, 18, 12]) > 0.8)
    assert (moving.min(), moving.max()) == (18, 23)  # a gap of six frames


def test_blocks_mark_what_comes_and_goes_by_the_largest_third_in_their_main_direction():
    course = np.interp(np.arange(FRAMES), [0, 8, 14, 20, 29], [0, 0, 2.5, 0, 0])
    blocks = measure(clip(course), LANDMARKS, FPS, PARAMS)["blocks"][:, 0]
    value = np.sort(blocks, axis=1)[:, -12:].mean(1)
    assert 13 <= value.argmax() <= 17 and value.max() > 1
    assert not blocks[:12].any()  # no frame is that long before
    side = 12
    before = np.zeros((BLOCKS * side, BLOCKS * side, 2))
    before[..., 0] = 3.0  # all to the right
    before[:side, :side, 0] = np.where(np.arange(side) < 3, -9.0, 3.0)[None]  # but a quarter of the first block
    across = np.zeros_like(before)
    across[:side, :side, 0] = np.where(np.arange(side) < 6, 0.0, 2.0)[None]
    blocks = block_differences(before, across)
    assert blocks[1:].tolist() == [3.0] * 35
    assert blocks[0] == pytest.approx(3.0)  # a third of the 108 vectors to the right came back whole
    assert block_differences(across, before)[0] < 0
