"""Times of frames against those of cameras that were made up: even, rounded, falling, with gaps, beginning again."""

from dataclasses import replace

import numpy as np
import pytest

from microexpr.videos import timeline
from microexpr.videos.timeline import Timeline, keep_time, regular_rate

RATES = (24, 25, 29.97, 30000 / 1001, 50, 59.94, 100, 200)


def uneven(*parts: tuple[int, float]) -> np.ndarray:
    """Times of frames, of parts with a number of frames and a rate."""
    steps = np.concatenate([np.full(count, 1 / rate) for count, rate in parts])
    return np.concatenate([[0], np.cumsum(steps)[:-1]])


def shown(new=None, present=None, positions=None, count=40, damaged=(), **fields) -> Timeline:
    every = np.ones(count, bool)
    return Timeline(
        np.arange(count, dtype=float) if positions is None else positions,
        every if present is None else present,
        np.where(every if new is None else new, 1.0, 0.0),
        np.isin(np.arange(count), damaged),
        **fields,
    )


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("ticks", [90000, 1000])  # a second; mkv and webm have the latter
def test_an_even_rate_is_even_however_times_are_rounded(rate, ticks):
    seconds = np.round(np.arange(500) / rate * ticks) / ticks
    fps, positions, notes = keep_time(seconds, rate)
    assert (fps, notes) == (rate, []) and np.array_equal(positions, np.arange(500))
    guessed, positions, notes = keep_time(seconds, 1.3 * rate)  # a header that is wrong
    assert guessed == pytest.approx(rate, rel=1e-4) and notes == [] and np.array_equal(positions, np.arange(500))


def test_a_rate_that_falls_keeps_the_time_of_every_frame():
    seconds = uneven((60, 30), (40, 20))
    fps, positions, notes = keep_time(seconds, 30)
    assert fps == pytest.approx(30) and positions / fps == pytest.approx(seconds)
    assert positions[60] / fps == pytest.approx(2.0) and positions[80] / fps == pytest.approx(3.0)
    assert notes == [
        "frames are 33.3 to 50 ms apart; times are the frames' own, and curves are interpolated to 30 a second"
    ]
    rounded, _, _ = keep_time(np.round(seconds, 3), 25.9)  # the average, as a header says it
    assert rounded == pytest.approx(30, rel=1e-3)


def test_a_gap_and_a_late_first_frame_are_named_and_kept():
    seconds = np.arange(100) / 50
    seconds[40:] += 0.3
    fps, positions, notes = keep_time(seconds, 50)
    assert fps == pytest.approx(50) and positions / fps == pytest.approx(seconds)
    assert "no frame from 0.78 to 1.10 s; nothing is spotted there" in notes
    fps, positions, notes = keep_time(np.arange(50) / 25 + 0.4, 25)
    assert fps == 25 and positions == pytest.approx(np.arange(50) + 10)
    assert notes == ["the first frame is shown at 0.40 s, as the file says"]


@pytest.mark.parametrize("jump", [-5, -2, -0.1, 1000])
def test_times_that_begin_again_go_on(jump):
    seconds = np.arange(100) / 25 + 7
    seconds[60:] += jump
    fps, positions, notes = keep_time(seconds - 7, 25)
    if jump < 0:
        assert notes == ["times begin again at frame 60, as in joined files; they are taken to go on"]
        assert fps == 25 and np.array_equal(positions, np.arange(100))
    else:  # nobody knows how long it was
        assert positions[60] / fps > 1000


def test_a_regular_rate_is_the_first_candidate_that_fits_or_that_of_the_line():
    assert regular_rate(np.arange(100) / 25, [30, 25]) == 25
    assert regular_rate(np.arange(100) / 23.7, [25]) == pytest.approx(23.7)
    assert regular_rate(np.arange(1000) / 25, [25.02]) == pytest.approx(25)  # off by a third of a second at the end
    assert regular_rate(uneven((50, 30), (50, 20)), [25, 24]) is None
    assert regular_rate(np.zeros(1), [25]) == 25 and regular_rate(np.zeros(1), []) is None
    assert regular_rate(np.zeros(9), []) is None


def test_every_nth_frame_is_read_but_none_that_repeat_or_are_missing():
    assert Timeline.even(np.ones(40, bool)).select(range(3, 20), 4).tolist() == [3, 7, 11, 15, 19]
    new, present = np.ones(40, bool), np.ones(40, bool)
    new[1::2] = False  # 25 pictures a second in a video of 50
    assert shown(new).select(range(40), 1).tolist() == [*range(0, 40, 2)]
    assert shown(new).select(range(40), 2).tolist() == [*range(0, 40, 2)]
    present[10:15] = False
    assert shown(present=present).select(range(40), 1).tolist() == [*range(10), *range(15, 40)]
    still = np.arange(40) == 0
    assert shown(still).select(range(40), 4).tolist() == [*range(0, 40, 4)]  # nothing moves: all the same


def test_frames_that_an_encoder_refines_are_no_movement():
    """Each picture of a call is shown in four frames, of which the last three differ by a tenth of what moves."""
    called = replace(shown(), change=np.where(np.arange(40) % 4 == 0, 1.0, 0.1))
    assert called.new.all() and called.clearly_new(60).sum() == 10
    assert timeline.describe(called, 60) == [
        "30 of 40 frames hardly differ from the one before: 15.4 pictures a second, not 60"
    ]
    quiet = replace(shown(), change=np.where(np.arange(40) < 20, 0.1, 0.05))
    assert quiet.clearly_new(60).all() and timeline.describe(quiet, 60) == []


def test_of_uneven_times_frames_about_a_step_apart_are_read():
    seconds = uneven((60, 100), (60, 50))
    _, positions, _ = keep_time(seconds, 100)
    numbers = shown(positions=positions, count=120).select(range(120), 4)
    steps = np.diff(positions[numbers])
    assert len(numbers) == pytest.approx(positions[-1] / 4 + 1, abs=2) and 3.5 <= steps.min() <= steps.max() <= 5


def test_what_takes_away_belief_is_said():
    assert timeline.describe(shown(), 20) == []
    new = np.ones(40, bool)
    new[12:32] = False
    lines = timeline.describe(shown(new, cuts=(36,), damaged=[4, 5]), 20)
    assert lines == [
        "2 of 40 frames are damaged, at 0.20 s for one",
        "another view or person from 1.80 s on: each stretch is read by itself, with its own face at rest",
        "20 of 40 frames repeat the one before: 10.3 pictures a second, not 20",
        "the picture stands still for 1.05 s from 0.55 s on",
    ]


def test_a_data_sets_video_of_an_uneven_rate_is_said():
    assert timeline.unevenness([*(np.arange(50) / 25), None]) == [] == timeline.unevenness([None, None])
    assert timeline.unevenness(uneven((10, 100), (10, 50))) == [
        "frames are 10 to 20 ms apart; they are read as if evenly spaced"
    ]
