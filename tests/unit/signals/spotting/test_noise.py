"""Noise of known deviation, with expressions and with a head that sometimes moves."""

import numpy as np
import pytest

from microexpr.core.seeds import generator
from microexpr.signals.spotting.noise import MIN_NOISE, camera_noise, heavy_noise_level, noise_level

FRAMES, DEVIATION = 4000, 0.1


def noise():
    return DEVIATION * generator(0, "noise").standard_normal((FRAMES, 3))


@pytest.mark.parametrize("level", [noise_level, heavy_noise_level])
def test_normal_noise_has_its_deviation_whatever_is_shown_in_a_tenth_of_the_frames(level):
    curves = noise()
    assert level(curves) == pytest.approx(DEVIATION, rel=0.05)
    curves[: FRAMES // 10] += 5
    assert level(curves) == pytest.approx(DEVIATION, rel=0.25)
    assert level(curves[:0]) == pytest.approx(MIN_NOISE) and level(0 * curves) == pytest.approx(MIN_NOISE)


def test_what_moves_for_a_third_of_the_time_is_in_the_heavy_level_alone():
    curves = noise()
    curves[::3] *= 10
    assert noise_level(curves).max() < 2 * DEVIATION < 3 * DEVIATION < heavy_noise_level(curves).min()


def test_slow_movements_are_none_of_the_cameras():
    curves = noise() + np.sin(np.arange(FRAMES) / 50)[:, None]
    assert camera_noise(curves, np.ones(FRAMES, bool), 0) == pytest.approx(DEVIATION, rel=0.05)
