"""Magnified movements against the closed form of first order."""

import numpy as np
import pytest

from microexpr.signals.motion import magnification

FRAMES, SIDE, WAVE = 24, 128, 32.0


def grating(shift: np.ndarray) -> np.ndarray:
    """[T, SIDE, SIDE]: a sinusoid of wavelength WAVE that is `shift` [T] pixels to the right."""
    x = np.arange(SIDE)[None, :] - shift[:, None]
    return np.repeat((128 + 50 * np.sin(2 * np.pi * x / WAVE))[:, None], SIDE, axis=1)


def shifts(film: np.ndarray) -> np.ndarray:
    """[T]: how far each frame of a grating is to the right, from its phase."""
    rows = film[:, SIDE // 4 : -SIDE // 4].mean(axis=1)  # away from the edges, where the pyramid sees a corner
    wave = np.exp(-2j * np.pi * np.arange(SIDE) / WAVE) * np.hanning(SIDE)
    return -(np.angle((rows - 128) @ wave) + np.pi / 2) * WAVE / (2 * np.pi)


@pytest.mark.parametrize("half_periods", [1, 3, 6, 10, 16, 22])
def test_a_moving_sinusoid_moves_one_plus_alpha_times_the_filters_gain_as_far(half_periods: int) -> None:
    """Below, in and above the band; half periods in the clip are DCT frequencies, of which the gain is known."""
    time = (np.arange(FRAMES) + 0.5) / FRAMES
    shift = 0.03 * np.cos(np.pi * half_periods * time)
    alpha, fps, low, high = 8.0, 100.0, 8.0, 25.0
    film = magnification.magnify(grating(shift), fps, low, high, alpha, wavelength=4)
    measured = shifts(film) @ shift / (shift @ shift)
    f = half_periods * fps / (2 * FRAMES)
    gain = 1 / np.sqrt(1 + (low / f) ** 8) / np.sqrt(1 + (f / high) ** 8)
    assert measured == pytest.approx(1 + alpha * gain, rel=0.02)


def test_fine_structures_are_magnified_less_and_brightness_not_at_all() -> None:
    shift = 0.1 * np.cos(np.pi * 4 * (np.arange(FRAMES) + 0.5) / FRAMES)
    gains = [
        float(shifts(magnification.magnify(grating(shift), FRAMES, 1, 6, 8, wave)) @ shift / (shift @ shift))
        for wave in (8, 64, 512)
    ]
    assert gains[0] > gains[1] + 1 > gains[2] + 2
    flicker = np.full((FRAMES, SIDE, SIDE), 128.0) * (1 + shift)[:, None, None]
    assert magnification.magnify(flicker, FRAMES) == pytest.approx(flicker, abs=1e-2)
