"""Noise of known deviation, and curves that follow a head's turn, with and without an expression in them."""

import numpy as np
import pytest

from microexpr.core.seeds import generator
from microexpr.signals import spotting
from microexpr.signals.spotting import MIN_NOISE, camera_noise, heavy_noise_level, noise_level, without_turn

from .test_spotting import SECONDS, at_rest, curves_of, show

FRAMES, DEVIATION = 4000, 0.1
FPS = 50


def noise():
    return DEVIATION * generator(0, "noise").standard_normal((FRAMES, 3))


@pytest.mark.parametrize("level", [noise_level, heavy_noise_level])
def test_normal_noise_has_its_deviation_whatever_is_shown_in_a_tenth_of_the_frames(level):
    curves = noise()
    assert level(curves) == pytest.approx(DEVIATION, rel=0.05)
    curves[: FRAMES // 10] += 5
    assert level(curves) == pytest.approx(DEVIATION, rel=0.25)
    assert level(curves[:0]) == pytest.approx(MIN_NOISE) and level(0 * curves) == pytest.approx(MIN_NOISE)


def test_what_moves_for_a_third_of_the_time_is_in_the_heavy_level_alone_and_slow_movements_are_none_of_the_cameras():
    curves = noise()
    curves[::3] *= 10
    assert noise_level(curves).max() < 2 * DEVIATION < 3 * DEVIATION < heavy_noise_level(curves).min()
    curves = noise() + np.sin(np.arange(FRAMES) / 50)[:, None]
    assert camera_noise(curves, np.ones(FRAMES, bool), 0) == pytest.approx(DEVIATION, rel=0.05)


def turning_head(degrees):
    """Yaw, pitch and roll of a head that turns to either side and back, [T, 3]."""
    turn = np.zeros((SECONDS * FPS, 3))
    for start, ways in ((2.5, (1, 0.5, 0.3)), (6, (-1, 0.3, 0)), (8.5, (0.5, -1, 0.2)), (14, (1, -0.3, -0.5))):
        turn[round(start * FPS) :][: FPS + 1] += degrees * np.hanning(FPS + 1)[:, None] * ways
    return turn


def follow(curves, turn):
    """Curves that change with the turn of the head, each in its own way."""
    ways = generator(0, "ways").uniform(-1, 1, (2, 3, *curves.shape[1:]))
    effect = np.tensordot(turn, 0.04 * ways[0], 1) + np.tensordot(turn**2, 0.004 * ways[1], 1)
    return curves + effect


def signal_of(curves, gaze, turn):
    return spotting.compute_signal(curves_of(curves, gaze, FPS, turn=turn))


def test_what_follows_the_head_is_removed_and_the_expression_stays():
    still, gaze = at_rest(FPS)
    true = show(still, FPS, "AU12", 9, 0.4, 1.0)
    turn = turning_head(8.0)
    curves = follow(still, turn)
    left = without_turn(curves, turn, np.ones(len(gaze), bool), FPS)
    assert (left - still).std() < 0.1 * (curves - still).std()
    signal = signal_of(curves, gaze, turn)
    assert true[0] < signal.transient.max((1, 2)).argmax() < true[1]
    only_turning = follow(at_rest(FPS)[0], turn)
    with_turn, without = (signal_of(only_turning, gaze, angles).transient.max() for angles in (turn, 0 * turn))
    assert with_turn < 8 < 10 < without


def test_a_head_that_keeps_still_and_frames_without_a_face_count_for_nothing():
    curves, gaze = at_rest(FPS)
    show(curves, FPS, "AU4", 9, 1.6, 2.0)
    noise = 0.05 * generator(1, "still").standard_normal((len(gaze), 3))
    left = without_turn(curves, noise, np.ones(len(gaze), bool), FPS)
    assert np.abs(left - curves).max() < 0.02
    curves, gaze = at_rest(FPS)
    turn, seen = turning_head(8.0), np.arange(len(gaze)) >= 300
    curves, elsewhere = follow(curves, turn), turn.copy()
    curves[~seen], elsewhere[~seen] = 5, -40
    left = without_turn(curves, elsewhere, seen, FPS)
    assert left[seen] == pytest.approx(without_turn(curves[seen], turn[seen], seen[seen], FPS), abs=1e-9)


def test_in_a_short_recording_the_turn_counts_for_nothing():
    """It has too few frames to tell a slow smile from a head that turns along with it."""
    curves, gaze = (array[: 9 * FPS] for array in at_rest(FPS))
    turn = turning_head(8.0)[: len(gaze)]
    curve, other = (signal_of(curves, gaze, angles) for angles in (turn, 0 * turn))
    assert np.array_equal(curve.transient, other.transient) and np.array_equal(curve.sustained, other.sustained)
