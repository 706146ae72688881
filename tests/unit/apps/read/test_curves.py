"""Curves of frames at uneven times, on an even clock; and intervals back in frames."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from microexpr.apps import read as reading
from microexpr.signals.aus.recording import Curves
from microexpr.videos import Video
from microexpr.videos.sources import Array
from microexpr.videos.timeline import Timeline, keep_time

FALLING = np.concatenate([np.arange(60) / 30, 2 + np.arange(40) / 20])  # 30 frames a second, then 20


def video(seconds: np.ndarray) -> Video:
    fps, positions, _ = keep_time(seconds, 30)
    every = np.ones(len(seconds), bool)
    source = Array(np.zeros((0, 1, 1), np.uint8), fps, Path("take.mkv"))
    return Video(source, fps, replace(Timeline.even(every), positions=positions), (1, 1), False, False)


def read(seconds: np.ndarray, numbers: np.ndarray, fps: float) -> Curves:
    """Curves whose values are lines in time."""
    times = seconds[numbers]
    intensity = np.broadcast_to(times[:, None, None], (len(times), 17, 2)).astype(np.float32)
    every = np.ones(len(times), bool)
    moved = np.broadcast_to(-times[:, None, None], (len(times), 22, 2)).astype(np.float32)
    return Curves(numbers, fps, intensity, moved, 2 * times, every, every, np.outer(times, [1, -1, 5]))


@pytest.mark.parametrize("step", [1, 3])
def test_a_line_at_uneven_times_is_the_same_line_at_even_ones(step):
    filmed, numbers = video(FALLING), np.arange(0, 100, step)
    even = reading.evened(read(FALLING, numbers, 30 / step), filmed)
    times = np.arange(len(even.gaze)) * step / 30
    assert len(times) == pytest.approx(3.95 * 30 / step, abs=1) and even.fps == 30 / step
    assert even.gaze == pytest.approx(2 * times) and even.turn == pytest.approx(np.outer(times, [1, -1, 5]))
    assert even.movement[:, 3, 0] == pytest.approx(-times, abs=1e-5)
    assert even.intensity[:, 16, 1] == pytest.approx(times, abs=1e-5) and even.intensity.dtype == np.float32
    assert np.abs(FALLING[even.numbers] - times).max() <= 0.025 * step + 1e-6  # the nearest frame that was read
    if step == 1:
        assert even.detected.all() and even.resting.all()
        assert even.numbers[[75, 78, 84]].tolist() == [70, 72, 76]  # at 2.5, 2.6 and 2.8 s
        assert filmed.seconds[[70, 72, 76]] == pytest.approx([2.5, 2.6, 2.8])


def test_nothing_is_seen_in_a_gap_that_is_too_long_to_be_bridged():
    seconds = np.arange(60) / 30
    seconds[20:] += 0.06  # 0.09 s without a frame
    seconds[40:] += 0.2
    even = reading.evened(read(seconds, np.arange(60), 30), video(seconds))
    times = np.arange(len(even.gaze)) / 30
    before, after = seconds[39], seconds[40]
    inside = (times > before + 1e-6) & (times < after - 1e-6)
    assert inside.sum() == 7 and np.array_equal(even.detected, ~inside) and np.array_equal(even.resting, ~inside)


def test_a_face_that_is_not_found_is_not_found_up_to_the_frames_next_to_it():
    curves = read(FALLING, np.arange(100), 30)
    curves.detected[70] = False
    even = reading.evened(curves, video(FALLING))
    times = np.arange(len(even.gaze)) / 30
    lost = (times > FALLING[69] + 1e-6) & (times < FALLING[71] - 1e-6)
    assert not even.detected[lost].any() and even.detected[~lost].all()
