"""Frames that stand for a clip, TIM against its paper, magnified movements against a closed form, and their picture."""

import numpy as np
import pytest
from composites import clip
from figure_contents import texts
from matplotlib.figure import Figure

from microexpr.core.seeds import generator
from microexpr.reporting.plots import signals
from microexpr.signals import motion
from microexpr.signals.motion import around_apex

FRAMES, SIDE, WAVE = 24, 128, 32.0


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ((10, 15, 20), [13, 14, 15, 16, 17]),
        ((10, 11, 20), [10, 11, 12, 13, 14]),
        ((10, 20, 20), [16, 17, 18, 19, 20]),
        ((10, 12, 14), [10, 11, 12, 13, 14]),
        ((10, 11, 12), [10, 10, 11, 12, 12]),
        ((10, 10, 10), [10] * 5),
    ],
)
def test_the_window_around_an_apex_shifts_inside_of_the_clip(events: tuple[int, int, int], expected: list[int]) -> None:
    assert around_apex(*events).tolist() == expected


def test_the_picture_shows_five_frames_twice_and_four_lines_each_said_to_be_generated() -> None:
    crop = np.clip(generator(0, "plot").normal(128, 30, (9, 288, 288, 1)), 0, 255).astype(np.uint8)
    landmarks = generator(0, "points").uniform(60, 220, (9, 68, 2))
    faces = {"frame": np.arange(7, 16), "crop": crop, "landmarks_crop": landmarks}
    events = {event: np.array(number) for event, number in (("onset", 8), ("apex", 11), ("offset", 14))}
    signals.draw_motion(figure := Figure((10, 4.3)), clip(), faces, events)
    words = texts(figure)
    assert words.count("generated") == 10 and words.count("magnified") == 6
    assert [f"frame {number}" for number in range(9, 14)] == [text for text in words if text.startswith("frame")]


@pytest.mark.parametrize(("frames", "count"), [(7, 10), (20, 16), (5, 5), (2, 9)])
def test_tim_is_the_papers_construction_and_gives_frames_back_at_their_own_times(frames, count) -> None:
    """As Zhou et al. write it: SVD of the centred frames, a graph embedding solved numerically, and its inverse."""
    clip = generator(0, "tim").normal(size=(frames, 60))
    mean = clip.mean(axis=0)
    left, values, right = np.linalg.svd((clip - mean).T, full_matrices=False)
    left, projected = left[:, : frames - 1], (values[:, None] * right)[: frames - 1]
    path = np.diag(np.ones(frames - 1), 1) + np.diag(np.ones(frames - 1), -1)
    eigenvalues, vectors = np.linalg.eigh(np.diag(path.sum(axis=1)) - path)
    assert np.all(np.diff(eigenvalues) > 1e-9)
    embedded = vectors[:, 1:].T  # [n - 1, n], each the curve below but for its length and sign
    k, vertices = np.arange(1, frames)[:, None], np.arange(1, frames + 1) / frames
    asked = np.linspace(1 / frames, 1, count)
    curve, target = (np.sin(np.pi * k * t + np.pi * (frames - k) / (2 * frames)) for t in (vertices, asked))
    scale = (embedded * curve).sum(axis=1) / (curve**2).sum(axis=1)
    assert embedded == pytest.approx(scale[:, None] * curve, abs=1e-9)
    back = projected @ np.linalg.pinv(embedded)  # the linear map from the embedding to the frames
    expected = mean + (left @ back @ (scale[:, None] * target)).T
    assert motion.interpolate(clip, count) == pytest.approx(expected, abs=1e-4)
    clip = generator(0, "tim").normal(size=(9, 4, 3)).astype(np.float32)
    assert motion.interpolate(clip, 9) == pytest.approx(clip, abs=1e-5)
    assert motion.interpolate(clip, 17)[::2] == pytest.approx(clip, abs=1e-5)
    assert motion.interpolate(clip[:1], 4) == pytest.approx(np.repeat(clip[:1], 4, axis=0))
    assert motion.weights(9, 16).sum(axis=1) == pytest.approx(1)


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
    film = motion.magnify(grating(shift), fps, low, high, alpha, wavelength=4)
    measured = shifts(film) @ shift / (shift @ shift)
    f = half_periods * fps / (2 * FRAMES)
    gain = 1 / np.sqrt(1 + (low / f) ** 8) / np.sqrt(1 + (f / high) ** 8)
    assert measured == pytest.approx(1 + alpha * gain, rel=0.02)


def test_fine_structures_are_magnified_less_and_brightness_not_at_all() -> None:
    shift = 0.1 * np.cos(np.pi * 4 * (np.arange(FRAMES) + 0.5) / FRAMES)
    gains = [
        float(shifts(motion.magnify(grating(shift), FRAMES, 1, 6, 8, wave)) @ shift / (shift @ shift))
        for wave in (8, 64, 512)
    ]
    assert gains[0] > gains[1] + 1 > gains[2] + 2
    flicker = np.full((FRAMES, SIDE, SIDE), 128.0) * (1 + shift)[:, None, None]
    assert motion.magnify(flicker, FRAMES) == pytest.approx(flicker, abs=1e-2)
